"""Searching messages, half of them Chinese: the index's size and rate, searches at 8 connections beside LIKE over the
same rows, and inserts with and without indexing; through the library."""

import json
import os
import subprocess

from databases import MariaDB, PostgreSQL


def measure(plan, load, corpus, work, report):
    report.section(
        f"Search, {plan.search_messages} messages, 8 connections", "database", "messages indexed a second",
        "index beside text", "two characters, p50 / p99 ms", "LIKE, p50 ms (times two characters')",
        "one character p99", "words p99", "mixes p99", "by rank p99", "exchanges/s without / with indexing",
        "catching up s")
    folder = os.path.join(work, "search")
    os.makedirs(folder)
    row(report, "sqlite", run(plan, load, corpus, os.path.join(folder, "search.db")))
    for server in [PostgreSQL(folder), MariaDB(folder)]:
        server.start()
        server.create("search")
        row(report, server.name, run(plan, load, corpus, server.dsn("search")))
        server.stop()


def run(plan, load, corpus, dsn):
    result = subprocess.run(
        [load, dsn, str(plan.search_messages), corpus, str(plan.rounds)], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def row(report, name, figures):
    report.row(
        name, f"{figures['indexed_per_s']:.0f}", f"{figures['index_mb'] / figures['text_mb']:.2f}",
        f"{figures['pair_p50_ms']:.1f} / {figures['pair_p99_ms']:.1f}",
        f"{figures['like_p50_ms']:.0f} ({figures['like_p50_ms'] / figures['pair_p50_ms']:.0f})",
        f"{figures['one_p99_ms']:.1f}", f"{figures['word_p99_ms']:.1f}", f"{figures['mix_p99_ms']:.1f}",
        f"{figures['rank_p99_ms']:.1f}",
        f"{figures['inserts_per_s']:.0f} / {figures['inserts_indexing_per_s']:.0f}", f"{figures['catch_up_s']:.1f}")
