"""`verbatim copy` of a whole history between engines, with its comparison of both sides."""

import os
import re
import subprocess
import time

import batch
from databases import MariaDB, PostgreSQL
from processes import Failure, PeakMemory, Process


def measure(plan, binary, source, work, report):
    """`source` is a Verbatim that is stopped; it is filled first."""
    batch.remove_database(source.database)
    source.start()
    for start in range(0, plan.stored_exchanges, batch.BATCH):
        batch.ingest(source, [batch.body(start, plan.stored_exchanges)])
    source.stop()

    messages = 2 * plan.stored_exchanges
    report.section(f"Copy of {messages:,} messages", "way", "messages/s", "memory MB after a tenth", "at the most")
    folder = os.path.join(work, "moving")
    os.makedirs(folder)
    postgresql, mariadb = PostgreSQL(folder), MariaDB(folder)
    back = os.path.join(folder, "back.db")
    for server in (postgresql, mariadb):
        server.start()
        server.create("copied")
    ways = [
        ("SQLite to PostgreSQL", source.dsn, postgresql.dsn("copied")),
        ("PostgreSQL to MariaDB", postgresql.dsn("copied"), mariadb.dsn("copied")),
        ("MariaDB to SQLite", mariadb.dsn("copied"), f"sqlite:{back}"),
    ]
    for name, start, end in ways:
        seconds, early, peak = copy(binary, folder, start, end, messages)
        report.row(name, f"{messages / seconds:.0f}", f"{early:.0f}", f"{peak:.0f}")
        report.note_memory(peak)
    for server in (postgresql, mariadb):
        server.stop()


def copy(binary, folder, source, target, messages):
    """Seconds, and memory in MB when a tenth was done and at the most."""
    log = os.path.join(folder, "copy.log")
    process = Process("verbatim copy", [binary, "copy", "--from", source, "--to", target], log, folder=folder)
    early = None
    with PeakMemory(process) as memory:
        while process.child.poll() is None:
            time.sleep(0.2)
            if early is None and time.monotonic() - process.started > messages / 200_000:
                early = memory.megabytes
    seconds = time.monotonic() - process.started
    with open(log) as lines:
        text = lines.read()
    if process.stop() != 0:
        raise Failure(f"verbatim copy:\n{text}")
    counted = re.search(r"^conversation_histories: (\d+) rows", text, re.MULTILINE)
    if not counted or int(counted.group(1)) != messages:
        raise Failure(f"{messages} messages were to be copied:\n{text}")
    check = subprocess.run([binary, "verify", "--database", target], cwd=folder, capture_output=True, text=True)
    if check.returncode != 0:
        raise Failure(f"verbatim verify: {check.stdout}{check.stderr}")
    return seconds, early or memory.megabytes, memory.megabytes
