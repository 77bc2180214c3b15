"""What asking for keys costs: inserts with a key on a server that asks for one, and on one that asks nobody."""

import os
import subprocess

import pairs
from peers import Verbatim
from processes import Failure


class Asking(Verbatim):
    name = "asks for keys"

    def __init__(self, binary, folder):
        super().__init__(binary, folder, "asking.db")
        self.settings = {"AUTH": "on"}
        made = subprocess.run(
            [binary, "keys", "create", "--name", "bench"], cwd=folder, capture_output=True, text=True,
            env=os.environ | {"SQL_DSN": self.dsn})
        if made.returncode != 0:
            raise Failure(f"verbatim keys create: {made.stderr}")
        self.key = made.stdout.strip()


class Open(Verbatim):
    name = "asks nobody"

    def __init__(self, binary, folder):
        super().__init__(binary, folder, "open.db")
        self.settings = {"AUTH": "off"}
        self.key = ""


def measure(plan, binary, work, report):
    pairs.measure(plan, report, "Inserts with and without keys", Asking(binary, work), Open(binary, work))
