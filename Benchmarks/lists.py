"""A user's newest 20 conversations among a million, over HTTP at 32 connections, on each database: half the requests for
users with a hundred, half for one with a tenth of all."""

import json
import os
import statistics

import batch
from databases import MariaDB, PostgreSQL
from load_generator import wrk
from peers import Verbatim, VerbatimOnServer
from processes import Failure

CONVERSATIONS_A_USER = 100


def measure(plan, binary, work, report):
    report.section(
        f"A user's newest 20 of {plan.conversations:,} conversations, 32 connections", "database", "requests/s",
        "p50 ms", "p99 ms")
    folder = os.path.join(work, "lists")
    os.makedirs(folder)
    one(plan, Verbatim(binary, folder), "sqlite", report)
    for server in [PostgreSQL(folder), MariaDB(folder)]:
        server.start()
        one(plan, VerbatimOnServer(binary, folder, server), server.name, report)
        server.stop()


def one(plan, verbatim, name, report):
    verbatim.start()
    for start in range(0, plan.conversations, batch.BATCH):
        batch.ingest(verbatim, [body(start, plan.conversations)])
    runs = [
        wrk("lists.lua", verbatim.process.url, 32, plan.seconds, conversations=users(plan.conversations))
        for _ in range(plan.rounds)]
    verbatim.stop()
    if errors := sum(run["errors"] for run in runs):
        raise Failure(f"{errors} errors while listing")
    report.row(name, *(f"{statistics.median(run[key] for run in runs):.{digits}f}"
                       for key, digits in [("rate", 0), ("p50", 1), ("p99", 1)]))


def users(conversations):
    """How many have a hundred."""
    return max(1, conversations * 9 // 10 // CONVERSATIONS_A_USER)


def body(start, conversations):
    return "\n".join(line(number, conversations) for number in range(start, min(start + batch.BATCH, conversations))).encode()


def line(number, conversations):
    user = "busy" if number % 10 == 0 else f"user-{number % users(conversations)}"
    return json.dumps({
        "app_id": "bench", "user_id": user, "conversation_id": f"list-{number}", "query": f"Question {number}?",
        "answer": "A short answer."})
