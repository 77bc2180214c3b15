"""Database servers of the benchmarks' own: durable as they are by default, in a folder of the work folder."""

import os
import pwd
import shutil
import subprocess
import time

from processes import Failure, Process, free_port


class MariaDB:
    """Every commit is flushed, doublewrite on, no binary log."""

    name = "mariadb"

    def __init__(self, folder):
        self.folder = os.path.join(folder, "mariadb")

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        # A socket's path is short by nature, a work folder's may not be.
        self.socket = os.path.join("/tmp", f"verbatim-bench-{os.getpid()}.sock")
        data = os.path.join(self.folder, "data")
        user = ["--user=root"] if os.getuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}", "--auth-root-authentication-method=normal"],
            check=True, capture_output=True)
        self.port = free_port()
        self.process = Process(
            "mariadbd",
            ["/usr/sbin/mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--socket={self.socket}",
             f"--port={self.port}", "--bind-address=127.0.0.1", "--character-set-server=utf8mb4",
             "--max-connections=300", "--innodb-buffer-pool-size=1G"],
            os.path.join(self.folder, "log"))
        wait_until(self.process, lambda: self.query("SELECT 1", check=False).returncode == 0)
        self.query("CREATE USER 'bench'@'127.0.0.1' IDENTIFIED BY 'bench'; GRANT ALL ON *.* TO 'bench'@'127.0.0.1'")

    def dsn(self, database):
        return f"bench:bench@tcp(127.0.0.1:{self.port})/{database}"

    def create(self, database):
        self.query(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")

    def query(self, sql, database="mysql", check=True):
        return subprocess.run(
            ["mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", "-e", sql, database],
            check=check, capture_output=True, text=True)

    def number(self, sql, database):
        return int(self.query(sql, database).stdout)

    def stop(self):
        self.process.stop()


class PostgreSQL:
    """`fsync` and `synchronous_commit` on. The server refuses to run as root: nobody runs it then."""

    name = "postgresql"

    def __init__(self, folder):
        self.folder = os.path.join(folder, "postgresql")

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        data = os.path.join(self.folder, "data")
        run_as = []
        if os.getuid() == 0:
            run_as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            account = pwd.getpwnam("nobody")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            make_passable(self.folder)
        subprocess.run(
            [*run_as, binary("initdb"), "--pgdata", data, "--username", "bench", "--encoding", "UTF8", "--locale", "C",
             "--auth", "trust"], check=True, capture_output=True, cwd="/")
        self.port = free_port()
        self.process = Process(
            "postgres",
            [*run_as, binary("postgres"), "-D", data, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB"],
            os.path.join(self.folder, "log"), folder="/")
        wait_until(self.process, lambda: self.query("SELECT 1", check=False).returncode == 0)

    def dsn(self, database):
        return f"postgres://bench@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        self.query(f"CREATE DATABASE {database}")

    def query(self, sql, database="postgres", check=True):
        return subprocess.run(
            [binary("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(database), "-c", sql],
            check=check, capture_output=True, text=True)

    def number(self, sql, database):
        return int(self.query(sql, database).stdout)

    def stop(self):
        self.process.stop()


def wait_until(process, is_up):
    for _ in range(1200):
        if process.child.poll() is not None:
            break
        if is_up():
            return
        time.sleep(0.05)
    raise Failure(f"{process.name} is not up:\n{process.log_tail()}")


def binary(name):
    """Debian keeps PostgreSQL's programs in folders by version."""
    if found := shutil.which(name):
        return found
    versions = "/usr/lib/postgresql"
    for version in sorted(os.listdir(versions), reverse=True) if os.path.isdir(versions) else []:
        path = os.path.join(versions, version, "bin", name)
        if os.path.exists(path):
            return path
    raise Failure(f"{name} is not installed")


def make_passable(folder):
    """Who is not root must be able to reach the folder: a temporary folder lets nobody else in."""
    while (folder := os.path.dirname(folder)) != "/":
        mode = os.stat(folder).st_mode & 0o777
        if not mode & 0o001:
            os.chmod(folder, mode | 0o011)
