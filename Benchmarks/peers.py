"""What is measured: Verbatim, and the FastAPI service of seed_form/, on SQLite and on database servers."""

import os
import sqlite3
import subprocess

from processes import Failure, Process, free_port

FOLDER = os.path.dirname(os.path.abspath(__file__))
SEED_FOLDER = os.path.join(FOLDER, "seed_form")


class Verbatim:
    name = server_name = "verbatim"
    health = "/health/ready"
    settings = {}

    def __init__(self, binary, folder, database="verbatim.db"):
        self.binary, self.folder = binary, folder
        self.database = os.path.join(folder, database)
        self.dsn = f"sqlite:{self.database}"

    def start(self):
        port = free_port()
        self.process = Process(
            self.name, [self.binary, "serve"], os.path.join(self.folder, f"{self.name.replace(' ', '-')}.log"), port, folder=self.folder,
            environment={"API_HOST": "127.0.0.1", "API_PORT": str(port), "SQL_DSN": self.dsn,
                         "JOURNAL_PATH": os.path.join(self.folder, f"{self.server_name}-journal.db"),
                         "LOG_LEVEL": "warning"} | self.settings)
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
            env=os.environ | {"SQL_DSN": self.dsn})
        if run.returncode != 0:
            raise Failure(f"verbatim verify: {run.stdout}{run.stderr}")


class VerbatimOnServer(Verbatim):
    """Its history is in a database server."""

    def __init__(self, binary, folder, server):
        self.binary, self.folder, self.server = binary, folder, server
        self.name = f"verbatim on {server.name}"
        self.server_name = server.name

    def start(self):
        self.server.create("verbatim")
        self.dsn = self.server.dsn("verbatim")
        super().start()

    def count(self):
        rows = self.server.number("SELECT COUNT(*) FROM conversation_histories WHERE id = exchange_id", "verbatim")
        counted = self.server.number("SELECT COALESCE(SUM(dialogue_count), 0) FROM conversations", "verbatim")
        # Not of one moment: what is still under way may stand in the second only.
        if not rows <= counted <= rows + 256:
            raise Failure(f"{rows} exchanges, but dialogue_count adds up to {counted}")
        return rows


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

    def __init__(self, python, folder, server):
        self.python, self.folder, self.server = python, folder, server

    def start(self):
        self.server.create("seed")
        self.start_service(
            self.python, self.folder,
            f"mysql+aiomysql://bench:bench@127.0.0.1:{self.server.port}/seed?charset=utf8mb4")

    def count(self):
        return self.server.number("SELECT COUNT(*) FROM messages", "seed")
