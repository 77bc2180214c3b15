"""Measures Verbatim beside its peers in one run and prints figures and ratios; fails on errors, never on timing.

Settings come from the environment: QUICK=1, ONLY=inserts,auth,encryption,servers,library,batch,reads,lists,days,search,copy,
stats,import,redaction,export,gateway,idle, BENCH_WORK (a folder on the disk to measure), VERBATIM (a binary). README.md
says what each part measures.
"""

import os
import resource
import shutil
import sys
import tempfile

import auth
import batch
import days
import encryption
import export
import gateway
import idle
import imports
import inserts
import library
import lists
import moving
import reads
import redaction
import search
import servers
import stats
from databases import MariaDB
from peers import SeedOnMariaDB, SeedOnSQLite, Verbatim
from processes import Failure, stop_all
from report import Report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Plan:
    """How much is measured."""

    def __init__(self, is_quick):
        self.connections = [1, 32, 128]
        self.rounds = 1 if is_quick else 3
        self.seconds = 2 if is_quick else 10
        self.library_exchanges = 10_000 if is_quick else 60_000
        self.batch_exchanges = 10_000 if is_quick else 50_000
        self.exported_exchanges = 10_000 if is_quick else 200_000
        self.stored_exchanges = 20_000 if is_quick else 500_000
        self.conversations = 20_000 if is_quick else 1_000_000
        self.day_messages = 60_000 if is_quick else 1_000_000
        self.stats_users = 50 if is_quick else 1_000
        self.search_messages = 60_000 if is_quick else 1_000_000
        self.idle_connections = 1_000 if is_quick else 10_000


def main():
    plan = Plan(is_quick=os.environ.get("QUICK") == "1")
    parts = (
        "inserts,auth,encryption,servers,library,batch,reads,lists,days,search,copy,stats,import,redaction,export,gateway,idle")
    only = os.environ.get("ONLY", parts).split(",")
    binary = os.path.abspath(os.environ.get("VERBATIM", os.path.join(ROOT, ".build/release/verbatim")))
    work = tempfile.mkdtemp(prefix="verbatim-bench-", dir=os.environ.get("BENCH_WORK", os.path.join(ROOT, ".build")))
    raise_open_files()
    report = Report(plan)
    verbatim = Verbatim(binary, work)
    try:
        verbatim.start()
        idle.measure_memory_at_rest(verbatim, report)
        if "inserts" in only:
            mariadb = MariaDB(work)
            mariadb.start()
            peers = [SeedOnSQLite(sys.executable, work), SeedOnMariaDB(sys.executable, work, mariadb)]
            inserts.measure(plan, verbatim, peers, report)
            mariadb.stop()
        verbatim.stop()
        if "inserts" in only:
            verbatim.verify()

        if "auth" in only:
            auth.measure(plan, binary, work, report)

        if "encryption" in only:
            encryption.measure(plan, binary, work, report)

        if "servers" in only:
            servers.measure(plan, binary, sys.executable, work, report)

        if "library" in only:
            load = os.path.join(os.path.dirname(binary), "append-load")
            library.measure(plan, load, work, report)

        stored = Verbatim(binary, work, "stored.db")
        if "batch" in only or "reads" in only:
            batch.measure(plan, stored, work, report)
        if "reads" in only:
            reads.measure(plan, stored, work, report)
        if "lists" in only:
            lists.measure(plan, binary, work, report)
        if "days" in only:
            days.measure(plan, os.path.join(os.path.dirname(binary), "day-load"), work, report)
        if "search" in only:
            corpus = os.path.join(ROOT, "Tests/Fixtures/exchanges.ndjson")
            search.measure(plan, os.path.join(os.path.dirname(binary), "search-load"), corpus, work, report)
        if "copy" in only:
            moving.measure(plan, binary, stored, work, report)
        if "export" in only:
            export.measure(plan, binary, work, report)
        if "stats" in only:
            stats.measure(plan, binary, work, report)
        if "import" in only:
            imports.measure(plan, binary, work, report)
        if "redaction" in only:
            redaction.measure(plan, os.path.join(os.path.dirname(binary), "redaction-load"), report)
        if "gateway" in only:
            gateway.measure(plan, binary, work, report)
        if "idle" in only:
            idle.measure_connections(plan, stored, report)
        print(report.text())
    except Failure as failure:
        stop_all()
        sys.exit(f"FAILED: {failure}")
    finally:
        stop_all()
        shutil.rmtree(work, ignore_errors=True)


def raise_open_files():
    """For ten thousand connections at both of their ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


main()
