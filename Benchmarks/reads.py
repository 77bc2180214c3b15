"""With a million messages stored: time from start to ready, and the newest 50 messages of a conversation."""

import json
import statistics
import time
import urllib.request

import batch
from load_generator import wrk
from processes import Failure, PeakMemory


def measure(plan, verbatim, work, report):
    batch.remove_database(verbatim.database)
    verbatim.start()
    with PeakMemory(verbatim.process) as memory:
        for start in range(0, plan.stored_exchanges, batch.BATCH):
            batch.ingest(verbatim, [batch.body(start, plan.stored_exchanges)])
    report.note_memory(memory.megabytes)
    if verbatim.count() != plan.stored_exchanges:
        raise Failure(f"{plan.stored_exchanges} exchanges sent, {verbatim.count()} stored")
    verbatim.stop()

    messages = 2 * plan.stored_exchanges
    report.section(f"With {messages:,} messages stored", "what", "figure")
    starts = []
    for _ in range(plan.rounds):
        verbatim.start()
        starts.append(verbatim.seconds_to_ready)
        verbatim.stop()
    report.row("start to ready, ms", f"{statistics.median(starts) * 1000:.0f}")

    verbatim.start()
    wait_for_index(verbatim, messages)
    runs = []
    with PeakMemory(verbatim.process) as memory:
        for _ in range(plan.rounds):
            runs.append(wrk(
                "messages.lua", verbatim.process.url, 32, plan.seconds,
                conversations=plan.stored_exchanges // batch.EXCHANGES_A_CONVERSATION))
    verbatim.stop()
    if errors := sum(run["errors"] for run in runs):
        raise Failure(f"{errors} errors while reading")
    report.note_memory(memory.megabytes)
    report.row("last 50 messages, 32 connections, requests/s", f"{statistics.median(run['rate'] for run in runs):.0f}")
    report.row("p50 ms", f"{statistics.median(run['p50'] for run in runs):.1f}")
    report.row("p99 ms", f"{statistics.median(run['p99'] for run in runs):.1f}")
    report.row("MB/s", f"{statistics.median(run['bytes'] / run['seconds'] for run in runs) / 1e6:.0f}")
    report.row("memory MB", f"{memory.megabytes:.0f}")


def wait_for_index(verbatim, messages):
    """Ingest is over, and what it left to do is not what is measured."""
    while True:
        with urllib.request.urlopen(verbatim.process.url + "/api/admin/search") as answer:
            status = json.load(answer)
        if status["messages"] >= messages and status["remaining_days"] == 0:
            return
        time.sleep(1)
