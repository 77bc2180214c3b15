"""Export of everything over HTTP: rate, and memory above what the server takes before it."""

import http.client
import json
import statistics
import time

from batch import BATCH, body, ingest
from peers import Verbatim
from processes import Failure, PeakMemory

PART = 1 << 20


def measure(plan, binary, work, report):
    verbatim = Verbatim(binary, work, "export.db")
    verbatim.start()
    ingest(verbatim, [body(start, plan.exported_exchanges) for start in range(0, plan.exported_exchanges, BATCH)])
    verbatim.stop()

    report.section("Export of everything", "format", "MB/s", "exchanges/s", "memory above idle MB")
    for name, target, coding in (
        ("NDJSON", "format=ndjson", None),
        ("NDJSON, zstd", "format=ndjson", "zstd"),
        ("JSON", "format=json", None),
        ("CSV", "format=csv", None),
    ):
        rates, sizes, memories = [], [], []
        for _ in range(plan.rounds):
            verbatim.start()
            idle = verbatim.process.memory()
            with PeakMemory(verbatim.process) as memory:
                size, seconds = fetch(verbatim, target, coding, plan.exported_exchanges)
            verbatim.stop()
            rates.append(size / seconds / 1e6)
            sizes.append(plan.exported_exchanges / seconds)
            memories.append(memory.megabytes - idle)
        report.row(
            name, f"{statistics.median(rates):.0f}", f"{statistics.median(sizes):.0f}", f"{max(memories):.0f}")
    verbatim.verify()


def fetch(verbatim, target, coding, exchanges):
    """Bytes that came and seconds that took; the end of NDJSON says how many exchanges there were."""
    connection = http.client.HTTPConnection("127.0.0.1", verbatim.process.port, timeout=600)
    started = time.monotonic()
    connection.request(
        "GET", "/api/conversations/export-all?" + target, headers={"Accept-Encoding": coding} if coding else {})
    response = connection.getresponse()
    if response.status != 200:
        raise Failure(f"an export was answered {response.status}: {response.read()[:500]}")
    size, end = 0, b""
    while part := response.read(PART):
        size += len(part)
        end = (end + part)[-200:]
    seconds = time.monotonic() - started
    connection.close()
    if "ndjson" in target and coding is None:
        counted = json.loads(end.splitlines()[-1])["end_of_export"]["exchanges"]
        if counted != exchanges:
            raise Failure(f"{exchanges} exchanges are stored, {counted} were exported")
    return size, seconds
