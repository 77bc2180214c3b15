"""`verbatim import` into a new SQLite database: exchanges, and ShareGPT's form."""

import json
import os
import re
import statistics
import subprocess
import time

import batch
from load_generator import exchange_line
from processes import Failure


def measure(plan, binary, work, report):
    folder = os.path.join(work, "imports")
    os.makedirs(folder)
    report.section("Import into SQLite", "form", "messages/s", "MB/s")
    for name, write in [("exchanges", write_exchanges), ("sharegpt", write_sharegpt)]:
        path = os.path.join(folder, name)
        messages = write(path, plan.batch_exchanges)
        rates = [messages / run(binary, path, os.path.join(folder, "import.db"), plan.batch_exchanges)
                 for _ in range(plan.rounds)]
        rate = statistics.median(rates)
        report.row(name, f"{rate:.0f}", f"{os.path.getsize(path) / messages * rate / 1e6:.1f}")


def write_exchanges(path, count):
    with open(path, "w") as file:
        for number in range(count):
            file.write(exchange_line(number, count // batch.EXCHANGES_A_CONVERSATION) + "\n")
    return 2 * count


def write_sharegpt(path, count):
    """The same texts in conversations of five turns."""
    with open(path, "w") as file:
        for start in range(0, count, 5):
            turns = []
            for number in range(start, start + 5):
                exchange = json.loads(exchange_line(number, count))
                turns += [{"from": "human", "value": exchange["query"]}, {"from": "gpt", "value": exchange["answer"]}]
            file.write(("[" if start == 0 else ",\n") + json.dumps({"id": f"c{start}", "conversations": turns}))
        file.write("]")
    return 2 * count


def run(binary, path, database, count):
    """Seconds."""
    batch.remove_database(database)
    started = time.monotonic()
    done = subprocess.run(
        [binary, "import", path, "--database", database], cwd=os.path.dirname(path), capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode != 0 or not re.search(rf": {count} stored, 0 already there, 0 failed", done.stdout):
        raise Failure(f"verbatim import: {done.stdout}{done.stderr}")
    return seconds
