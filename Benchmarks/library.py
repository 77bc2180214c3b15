"""Group commit through the library, 256 callers, against the server's own bulk loading of the same rows.

What the library wrote is written out by the server, and loaded into an empty database with the same tables and
indexes in one transaction: rows by COPY or LOAD DATA, counters by an upsert from a temporary table. The loading has no
JSON, no ids to make, and one commit in all.
"""

import os
import statistics
import subprocess
import time

from databases import MariaDB, PostgreSQL

CALLERS = 256
COUNTERS = {
    "conversations": (["account_id", "id"], ["dialogue_count", "message_count"]),
    "verbatim_usage_by_day": (
        ["day", "account_id", "app_id", "user_id", "model_name", "status"], ["exchanges", "messages"]),
    "verbatim_usage_by_hour": (
        ["hour", "account_id", "app_id", "model_name", "channel_id", "status"], ["exchanges", "messages"]),
    "verbatim_partitions": (["day"], ["exchanges", "messages"]),
}
ROWS = ["verbatim_message_keys", "conversation_histories", "message_files", "verbatim_conversation_days"]


def measure(plan, load, work, report):
    report.section(f"Library, {CALLERS} callers", "database", "exchanges/s", "bulk loading, exchanges/s", "ratio")
    folder = os.path.join(work, "library")
    os.makedirs(folder)
    for server, loader in [(PostgreSQL(folder), copy), (MariaDB(folder), load_data)]:
        server.start()
        by_library, by_loading = [], []
        for number in range(plan.rounds):
            by_library.append(append(load, server, f"library{number}", plan.library_exchanges))
            seconds = loader(load, server, folder, number)
            by_loading.append(plan.library_exchanges / seconds)
            server.query(f"DROP DATABASE library{number}")
            server.query(f"DROP DATABASE loaded{number}")
        ours, theirs = statistics.median(by_library), statistics.median(by_loading)
        report.row(server.name, f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}")
        server.stop()


def append(load, server, database, count):
    server.create(database)
    run = subprocess.run(
        [load, server.dsn(database), str(CALLERS), str(count)], check=True, capture_output=True, text=True)
    return float(run.stdout)


def copy(load, server, folder, number):
    source, target = f"library{number}", f"loaded{number}"
    append(load, server, target, 0)
    for table in [*ROWS, *COUNTERS]:
        server.query(f"COPY {table} TO '{path(server, table)}'", source)
    statements = [f"COPY {table} FROM '{path(server, table)}'" for table in ROWS]
    for table, (key, counts) in COUNTERS.items():
        changes = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in counts)
        statements += [
            f"CREATE TEMPORARY TABLE t_{table} (LIKE {table}) ON COMMIT DROP",
            f"COPY t_{table} FROM '{path(server, table)}'",
            f"INSERT INTO {table} SELECT * FROM t_{table} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        ]
    return timed(server, target, ["BEGIN", *statements, "COMMIT"])


def load_data(load, server, folder, number):
    source, target = f"library{number}", f"loaded{number}"
    append(load, server, target, 0)
    for table in [*ROWS, *COUNTERS]:
        if os.path.exists(path(server, table)):
            os.remove(path(server, table))
        server.query(f"SELECT * FROM {table} INTO OUTFILE '{path(server, table)}' CHARACTER SET binary", source)
    statements = [f"LOAD DATA INFILE '{path(server, table)}' INTO TABLE {table} CHARACTER SET binary" for table in ROWS]
    for table, (_, counts) in COUNTERS.items():
        changes = ", ".join(f"{name} = {table}.{name} + VALUES({name})" for name in counts)
        statements += [
            f"CREATE TEMPORARY TABLE t_{table} LIKE {table}",
            f"LOAD DATA INFILE '{path(server, table)}' INTO TABLE t_{table} CHARACTER SET binary",
            f"INSERT INTO {table} SELECT * FROM t_{table} ON DUPLICATE KEY UPDATE {changes}",
        ]
    return timed(server, target, ["BEGIN", *statements, "COMMIT"])


def path(server, table):
    """Written and read by the server itself."""
    return os.path.join(server.folder, "data", table + ".rows")


def timed(server, database, statements):
    started = time.monotonic()
    server.query(";\n".join(statements), database)
    return time.monotonic() - started
