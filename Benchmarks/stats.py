"""Statistics over HTTP from the counters of a year: of one user, and of everything by day, on each database."""

import datetime
import http.client
import os
import random
import sqlite3
import statistics
import time

from databases import MariaDB, PostgreSQL
from peers import Verbatim, VerbatimOnServer
from processes import Failure

MODELS, APPS, SUMS = 5, 7, ["exchanges", "messages", "prompt_tokens", "completion_tokens", "total_price"]
BUCKETS = [10, 20, 35, 50, 75, 100, 150, 200, 350, 500, 750, 1000, 1500, 2000, 3500, 5000, 7500, 10000, 15000, 20000,
           35000, 60000, 120000, "over"]
COLUMNS = SUMS + [f"latency_{bucket}" for bucket in BUCKETS]
KEY = ["day", "account_id", "user_id", "app_id", "model_name", "status"]
DAYS = [datetime.date(2025, 1, 1) + datetime.timedelta(day) for day in range(365)]
RANGE = "from=2025-01-01&to=2025-12-31"


def measure(plan, binary, work, report):
    report.section(
        f"Statistics of a year, {plan.stats_users * MODELS * len(DAYS):,} counters of users", "database", "question",
        "p50 ms", "p99 ms")
    folder = os.path.join(work, "stats")
    os.makedirs(folder)
    rows = os.path.join(folder, "rows.tsv")
    write(rows, plan.stats_users)
    postgresql, mariadb = PostgreSQL(folder), MariaDB(folder)
    in_file = Verbatim(binary, folder)
    in_file.start()
    in_file.stop()
    with sqlite3.connect(in_file.database) as connection:
        with open(rows) as lines:
            connection.executemany(
                f"INSERT INTO verbatim_usage_by_day ({', '.join(KEY + COLUMNS)}) "
                f"VALUES ({', '.join('?' * len(KEY + COLUMNS))})", (line.rstrip().split("\t") for line in lines))
        for statement in derived():
            connection.execute(statement)
    connection.close()
    in_file.start()
    ask(plan, in_file, "sqlite", report)
    for server, load in [
        (postgresql, f"COPY verbatim_usage_by_day ({', '.join(KEY + COLUMNS)}) FROM '{rows}'"),
        (mariadb, f"LOAD DATA INFILE '{rows}' INTO TABLE verbatim_usage_by_day ({', '.join(KEY + COLUMNS)})"),
    ]:
        server.start()
        verbatim = VerbatimOnServer(binary, folder, server)
        verbatim.start()
        server.query(";\n".join([load, *derived()]), "verbatim")
        analyze = "VACUUM ANALYZE" if server is postgresql else "ANALYZE TABLE verbatim_usage_by_day"
        server.query(analyze, "verbatim")
        ask(plan, verbatim, server.name, report)
        server.stop()


def write(path, users):
    generator = random.Random(1)
    with open(path, "w") as file:
        for day in DAYS:
            for user in range(users):
                for model in range(MODELS):
                    latencies = [0] * len(BUCKETS)
                    for _ in range(3):
                        latencies[generator.randrange(8, 20)] += 1
                    cells = [f"{day:%Y%m%d}", "default", f"user-{user}", f"app-{user % APPS}", f"model-{model}", "normal",
                             3, 6, 900, 300, 12_000, *latencies]
                    file.write("\t".join(map(str, cells)) + "\n")
    os.chmod(path, 0o644)


def derived():
    """What moves together with the counters of users."""
    sums, names = ", ".join(f"sum({name})" for name in COLUMNS), ", ".join(COLUMNS)
    yield "INSERT INTO verbatim_partitions (day) SELECT DISTINCT day FROM verbatim_usage_by_day"
    for grain, keys in enumerate([[], ["account_id"], ["account_id", "app_id", "model_name"]]):
        values = [key if key in keys else "''" for key in ["account_id", "app_id", "model_name"]]
        yield (f"INSERT INTO verbatim_usage_totals (grain, day, account_id, app_id, model_name, status, {names}) "
               f"SELECT {grain}, day, {', '.join(values)}, status, {sums} FROM verbatim_usage_by_day "
               f"GROUP BY {', '.join(['day', *keys, 'status'])}")


def ask(plan, verbatim, name, report):
    """One connection, one question after the other."""
    generator = random.Random(2)
    connection = http.client.HTTPConnection("127.0.0.1", verbatim.process.port, timeout=60)
    for question, query, count in [
        ("a user by day", lambda: f"group_by=day&user_id=user-{generator.randrange(plan.stats_users)}", 400),
        ("a user by model", lambda: f"group_by=model&user_id=user-{generator.randrange(plan.stats_users)}", 400),
        ("everything by day", lambda: "group_by=day", 200),
        ("everything by model", lambda: "group_by=model", 50),
        ("everything by day with active users", lambda: "group_by=day&active_users=true", 3),
    ]:
        times = []
        for _ in range(count // 10 if plan.rounds == 1 and count > 10 else count):
            started = time.monotonic()
            connection.request("GET", f"/api/v1/stats?{query()}&{RANGE}")
            response = connection.getresponse()
            body = response.read()
            times.append((time.monotonic() - started) * 1000)
            if response.status != 200:
                raise Failure(f"statistics were answered {response.status}: {body[:500]}")
        times.sort()
        report.row(name, question, f"{statistics.median(times):.1f}", f"{times[int(len(times) * 0.99)]:.1f}")
    connection.close()
    verbatim.stop()
