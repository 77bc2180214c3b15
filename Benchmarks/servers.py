"""Inserts over HTTP with the history in PostgreSQL and in MariaDB, beside the seed's form on MariaDB."""

import os

from databases import MariaDB, PostgreSQL
from inserts import median, one_run
from load_generator import wrk
from peers import SeedOnMariaDB, VerbatimOnServer
from processes import Failure

CONNECTIONS = 128


def measure(plan, binary, python, work, report):
    # A folder of its own: the servers' data begin anew.
    folder = os.path.join(work, "servers")
    os.makedirs(folder)
    databases = [MariaDB(folder), PostgreSQL(folder)]
    for database in databases:
        database.start()
    verbatims = [VerbatimOnServer(binary, folder, database) for database in databases]
    seed = SeedOnMariaDB(python, folder, databases[0])
    services = [*verbatims, seed]
    for service in services:
        service.start()
        wrk("insert.lua", service.process.url, 16, 2)

    runs = {service.name: [] for service in services}
    for _ in range(plan.rounds):
        for service in services:
            runs[service.name].append(one_run(service, CONNECTIONS, plan.seconds))
    report.section("Inserts on database servers, 128 connections", "service", "requests/s", "p50 ms", "p99 ms", "errors",
                   "memory MB", "over the seed's form on MariaDB")
    seed_rate = median(runs[seed.name], "rate")
    for service in services:
        summaries = runs[service.name]
        rate = median(summaries, "rate")
        report.row(
            service.name, f"{rate:.0f}", f"{median(summaries, 'p50'):.1f}", f"{median(summaries, 'p99'):.1f}",
            sum(summary["errors"] for summary in summaries), f"{max(summary['memory'] for summary in summaries):.0f}",
            f"{rate / seed_rate:.1f}")
    for verbatim in verbatims:
        report.note_memory(max(summary["memory"] for summary in runs[verbatim.name]))
        if errors := sum(summary["errors"] for summary in runs[verbatim.name]):
            raise Failure(f"{errors} errors of {verbatim.name}")
        verbatim.stop()
        verbatim.verify()
    seed.stop()
    for database in databases:
        database.stop()
