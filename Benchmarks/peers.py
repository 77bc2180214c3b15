"""What is measured: Verbatim, and the FastAPI service of seed_form/ on SQLite and on a MariaDB of its own."""

import os
import sqlite3
import subprocess
import time

from processes import Failure, Process, free_port

FOLDER = os.path.dirname(os.path.abspath(__file__))
SEED_FOLDER = os.path.join(FOLDER, "seed_form")


class Verbatim:
    name = "verbatim"
    health = "/health/ready"

    def __init__(self, binary, folder, database="verbatim.db"):
        self.binary, self.folder = binary, folder
        self.database = os.path.join(folder, database)

    def start(self):
        port = free_port()
        self.process = Process(
            self.name, [self.binary, "serve"], os.path.join(self.folder, "verbatim.log"), port, folder=self.folder,
            environment={"API_HOST": "127.0.0.1", "API_PORT": str(port), "SQL_DSN": f"sqlite:{self.database}",
                         "LOG_LEVEL": "warning"})
        self.seconds_to_ready = self.process.wait_until_answering(self.health)

    def count(self):
        """Stored exchanges; the rows and the counters of the conversations must say the same."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60) as connection:
            connection.execute("BEGIN")
            rows, = connection.execute("SELECT COUNT(*) FROM conversation_histories WHERE id = exchange_id").fetchone()
            counted, = connection.execute("SELECT COALESCE(SUM(dialogue_count), 0) FROM conversations").fetchone()
        connection.close()
        if rows != counted:
            raise Failure(f"{rows} exchanges, but dialogue_count adds up to {counted}")
        return rows

    def stop(self):
        code = self.process.stop()
        if code != 0:
            raise Failure(f"verbatim ended with {code}:\n{self.process.log_tail()}")

    def verify(self):
        run = subprocess.run(
            [self.binary, "verify"], cwd=self.folder, capture_output=True, text=True,
            env=os.environ | {"SQL_DSN": f"sqlite:{self.database}"})
        if run.returncode != 0:
            raise Failure(f"verbatim verify: {run.stdout}{run.stderr}")


class Seed:
    health = "/api/chat/health"

    def start_service(self, python, folder, database_url):
        environment = {"DATABASE_URL": database_url, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([python, "create_tables.py"], cwd=SEED_FOLDER, env=os.environ | environment, check=True)
        port = free_port()
        self.process = Process(
            self.name, [python, "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", str(port),
                        "--log-level", "warning", "--no-access-log"],
            os.path.join(folder, f"{self.name}.log"), port, environment, SEED_FOLDER)
        self.process.wait_until_answering(self.health)

    def stop(self):
        self.process.stop()


class SeedOnSQLite(Seed):
    name = "seed-sqlite:1"

    def __init__(self, python, folder):
        self.python, self.folder, self.database = python, folder, os.path.join(folder, "seed.db")

    def start(self):
        self.start_service(self.python, self.folder, f"sqlite+aiosqlite:///{self.database}")

    def count(self):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60) as connection:
            rows, = connection.execute("SELECT COUNT(*) FROM messages").fetchone()
        connection.close()
        return rows


class SeedOnMariaDB(Seed):
    name = "seed-mysql:1"

    def __init__(self, python, folder):
        self.python, self.folder = python, folder
        self.socket = os.path.join(folder, "mariadb.sock")

    def start(self):
        """MariaDB with its default durability: every commit is flushed, doublewrite on, no binary log."""
        data = os.path.join(self.folder, "mariadb")
        user = ["--user=root"] if os.getuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}", "--auth-root-authentication-method=normal"],
            check=True, capture_output=True)
        port = free_port()
        self.mariadb = Process(
            "mariadbd",
            ["/usr/sbin/mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--socket={self.socket}",
             f"--port={port}", "--bind-address=127.0.0.1", "--character-set-server=utf8mb4", "--max-connections=300",
             "--innodb-buffer-pool-size=1G"],
            os.path.join(self.folder, "mariadb.log"))
        self.wait_until_connected()
        self.query("CREATE DATABASE seed; CREATE USER 'seed'@'127.0.0.1' IDENTIFIED BY 'seed'; "
                   "GRANT ALL ON seed.* TO 'seed'@'127.0.0.1'")
        self.start_service(
            self.python, self.folder, f"mysql+aiomysql://seed:seed@127.0.0.1:{port}/seed?charset=utf8mb4")

    def wait_until_connected(self):
        for _ in range(600):
            if self.mariadb.child.poll() is not None:
                break
            if self.query("SELECT 1", check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise Failure(f"mariadbd is not up:\n{self.mariadb.log_tail()}")

    def query(self, sql, check=True):
        return subprocess.run(
            ["mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", "-e", sql],
            check=check, capture_output=True, text=True)

    def count(self):
        return int(self.query("SELECT COUNT(*) FROM seed.messages").stdout)

    def stop(self):
        super().stop()
        self.mariadb.stop()
