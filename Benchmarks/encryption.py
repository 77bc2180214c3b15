"""What encryption at rest costs: inserts on a server with CONTENT_KEYS, and on one without."""

import base64
import os

import pairs
from peers import Verbatim


class Encrypting(Verbatim):
    name = "encrypts"

    def __init__(self, binary, folder):
        super().__init__(binary, folder, "encrypted.db")
        self.settings = {"CONTENT_KEYS": "bench:" + base64.b64encode(os.urandom(32)).decode()}
        self.key = ""


class Plain(Verbatim):
    name = "stores as it is"

    def __init__(self, binary, folder):
        super().__init__(binary, folder, "plain.db")
        self.key = ""


def measure(plan, binary, work, report):
    pairs.measure(plan, report, "Inserts with and without encryption", Encrypting(binary, work), Plain(binary, work))
