"""What asking for keys costs: inserts with a key on a server that asks for one, and on one that asks nobody."""

import os
import statistics
import subprocess

from inserts import median, one_run
from load_generator import wrk
from peers import Verbatim
from processes import Failure

CONNECTIONS = 128


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
    asking, open_to_all = services = [Asking(binary, work), Open(binary, work)]
    for service in services:
        service.start()
        wrk("insert.lua", service.process.url, 16, 2, key=service.key)
    runs = {service.name: [] for service in services}
    for turn in range(2 * plan.rounds):
        # Who begins takes turns, too: what the one leaves to be written meets the other.
        for service in services if turn % 2 == 0 else services[::-1]:
            runs[service.name].append(one_run(service, CONNECTIONS, plan.seconds, key=service.key))
    report.section(f"Inserts with and without keys, {CONNECTIONS} connections", "server", "requests/s", "p50 ms", "p99 ms",
                   "errors", "over the other, median of the pairs")
    pairs = zip(runs[asking.name], runs[open_to_all.name])
    ratio = statistics.median(one["rate"] / other["rate"] for one, other in pairs)
    for service in services:
        summaries = runs[service.name]
        if errors := sum(summary["errors"] for summary in summaries):
            raise Failure(f"{errors} errors of the server that {service.name}")
        report.row(
            service.name, f"{median(summaries, 'rate'):.0f}", f"{median(summaries, 'p50'):.1f}",
            f"{median(summaries, 'p99'):.1f}", 0, f"{ratio:.2f}" if service is asking else "")
        service.stop()
        service.verify()
