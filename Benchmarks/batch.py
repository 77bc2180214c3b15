"""Batch ingest over HTTP against a C loop that writes the same rows into the same tables in one transaction."""

import http.client
import json
import os
import statistics
import subprocess
import time

from load_generator import exchange_line
from processes import Failure, PeakMemory

LOOP_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load", "sqlite_loop.c")
EXCHANGES_A_CONVERSATION = 25
BATCH = 10_000


def measure(plan, verbatim, work, report):
    loop = os.path.join(work, "sqlite_loop")
    subprocess.run(["gcc", "-O2", "-o", loop, LOOP_SOURCE, "-lsqlite3"], check=True)
    bodies = [body(start, plan.batch_exchanges) for start in range(0, plan.batch_exchanges, BATCH)]

    report.section("Batch ingest", "writer", "exchanges/s", "of the C loop", "memory MB")
    over_http, in_c, memories = [], [], []
    for _ in range(plan.rounds):
        remove_database(verbatim.database)
        verbatim.start()
        with PeakMemory(verbatim.process) as memory:
            over_http.append(plan.batch_exchanges / ingest(verbatim, bodies))
        if verbatim.count() != plan.batch_exchanges:
            raise Failure(f"{plan.batch_exchanges} exchanges sent in batches, {verbatim.count()} stored")
        verbatim.stop()
        memories.append(memory.megabytes)
        in_c.append(rate_of_loop(loop, verbatim.database, os.path.join(work, "loop.db"), plan.batch_exchanges))
    verbatim.verify()

    rates = {"verbatim, over HTTP": statistics.median(over_http), "C loop, one transaction": statistics.median(in_c)}
    for name, rate in rates.items():
        memory = f"{max(memories):.0f}" if "HTTP" in name else ""
        report.row(name, f"{rate:.0f}", f"{rate / statistics.median(in_c):.2f}", memory)
    report.note_memory(max(memories))


def body(start, total):
    """The conversations are as many as in the whole load, so that a batch touches many of them."""
    lines = (exchange_line(number, total // EXCHANGES_A_CONVERSATION) for number in range(start, start + BATCH))
    return "\n".join(lines).encode()


def ingest(verbatim, bodies):
    """Posts the bodies one after another over one connection; gives the seconds that took."""
    connection = http.client.HTTPConnection("127.0.0.1", verbatim.process.port, timeout=600)
    started = time.monotonic()
    for content in bodies:
        connection.request(
            "POST", "/api/chat/insert/batch", content, {"Content-Type": "application/x-ndjson"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise Failure(f"a batch was answered {response.status}: {answer[:500]}")
        counts = json.loads(answer)
        if counts["failed"] or counts["duplicates"] or counts["inserted"] != content.count(b"\n") + 1:
            raise Failure(f"a batch: {counts['inserted']} inserted, {counts['duplicates']} duplicates, "
                          f"{counts['failed']} failed")
    seconds = time.monotonic() - started
    connection.close()
    return seconds


def rate_of_loop(loop, source, target, exchanges):
    remove_database(target)
    run = subprocess.run([loop, source, target], capture_output=True, text=True)
    if run.returncode != 0:
        raise Failure(f"sqlite_loop: {run.stderr}")
    result = json.loads(run.stdout)
    remove_database(target)
    if result["exchanges"] != exchanges:
        raise Failure(f"the C loop wrote {result['exchanges']} exchanges instead of {exchanges}")
    return result["exchanges"] / result["seconds"]


def remove_database(path):
    for suffix in ("", "-wal", "-shm", ".lock"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
