"""What tables of days cost beside a single table: the last 50 messages of conversations that were active on three days,
opening, memory, and a new day's tables under load; through the library."""

import json
import os
import subprocess

from databases import MariaDB, PostgreSQL

FEW = [30, 365, 1_000]
MANY = [30, 365, 3_650]


def measure(plan, load, work, report):
    report.section(
        f"Tables of days, {plan.day_messages} messages", "database", "days", "last 50, p50 / p99 ms",
        "p99 beside a single table", "open ms", "memory MB, read", "new tables ms", "longest append ms, before / then")
    folder = os.path.join(work, "days")
    os.makedirs(folder)
    compare(plan, load, "sqlite", lambda name: os.path.join(folder, name + ".db"), FEW, report)
    for server in [PostgreSQL(folder), MariaDB(folder)]:
        server.start()

        def make(name):
            server.create(name)
            return server.dsn(name)

        compare(plan, load, server.name, make, MANY, report)
        server.stop()


def compare(plan, load, name, make, counts, report):
    single = run(plan, load, make, counts[0], "single")
    row(report, name, "single", single, single)
    for days in counts:
        row(report, name, days, run(plan, load, make, days, "daily"), single)


def run(plan, load, make, days, mode):
    """One history, read as many times as the plan has rounds."""
    result = subprocess.run(
        [load, make(f"{mode}_{days}"), str(plan.day_messages), str(days), mode, str(plan.rounds)],
        check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def row(report, name, days, figures, single):
    report.row(
        name, days, f"{figures['read_p50_ms']:.2f} / {figures['read_p99_ms']:.2f}",
        f"{figures['read_p99_ms'] / single['read_p99_ms']:.2f}", f"{figures['open_ms']:.0f}",
        f"{figures['read_mb']:.0f}", f"{figures['make_ms']:.1f}",
        f"{figures['append_max_before_ms']:.0f} / {figures['append_max_ms']:.0f}")
