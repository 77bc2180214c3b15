"""Calls to models through Verbatim, beside the same calls made straight to the upstream, in turns.

The upstream (load/fake_upstream.c) answers at once; load/sse_load.c reads its streams and times their first event.
"""

import http.client
import os
import re
import statistics
import subprocess

from load_generator import LOAD_FOLDER, wrk
from peers import Verbatim
from processes import Failure, PeakMemory, Process, free_port

CHUNKS = 50


class Upstream:
    """chunk_pause: microseconds between two events of a stream."""

    def __init__(self, work, chunk_pause):
        self.port = free_port()
        self.process = Process(
            "upstream", [os.path.join(work, "fake_upstream"), str(self.port), "1", str(CHUNKS), str(chunk_pause), "0"],
            os.path.join(work, "upstream.log"), self.port)
        self.process.wait_until_answering("/v1/models")

    def count(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/count")
        count = int(connection.getresponse().read().split()[0])
        connection.close()
        return count


class Gateway(Verbatim):
    name = server_name = "gateway"

    def __init__(self, binary, folder, upstream):
        super().__init__(binary, folder, f"gateway-{upstream.port}.db")
        self.settings = {"OPENAI_API_KEY": "sk-upstream", "OPENAI_BASE_URL": f"{upstream.process.url}/v1"}


def compile_load(work, name):
    source = os.path.join(LOAD_FOLDER, f"{name}.c")
    subprocess.run(["gcc", "-O2", "-pthread", "-w", "-o", os.path.join(work, name), source], check=True)


def measure(plan, binary, work, report):
    for name in ["fake_upstream", "sse_load"]:
        compile_load(work, name)
    measure_json(plan, binary, work, report)
    measure_streams(plan, binary, work, report)
    measure_many_streams(plan, binary, work, report)


def measure_json(plan, binary, work, report):
    upstream = Upstream(work, 0)
    gateway = Gateway(binary, work, upstream)
    gateway.start()
    ways = [("straight", upstream.process.url, {}), ("unrecorded", gateway.process.url, {"record": "none"}),
            ("recorded", gateway.process.url, {})]
    for _, url, environment in ways:
        wrk("chat.lua", url, 8, 2, **environment)
    report.section("Chat completions, JSON", "way", "connections", "requests/s", "p50 ms", "p99 ms", "added p50 ms",
                   "memory MB")
    for connections in plan.connections:
        runs = {name: [] for name, _, _ in ways}
        for _ in range(plan.rounds):
            for name, url, environment in ways:
                before, stored = upstream.count(), gateway.count()
                with PeakMemory(gateway.process) as memory:
                    summary = wrk("chat.lua", url, connections, plan.seconds, **environment)
                if summary["errors"]:
                    raise Failure(f"{summary['errors']} errors of {name} at {connections} connections")
                if name == "recorded":
                    check_stored(gateway, summary["requests"], stored, connections, upstream.count() - before)
                runs[name].append(summary | {"memory": memory.megabytes})
        straight = median(runs["straight"], "p50")
        for name, _, _ in ways:
            p50 = median(runs[name], "p50")
            report.row(
                name, connections, f"{median(runs[name], 'rate'):.0f}", f"{p50:.2f}", f"{median(runs[name], 'p99'):.2f}",
                f"{p50 - straight:.2f}", f"{max(run['memory'] for run in runs[name]):.0f}")
    gateway.stop()
    gateway.verify()
    upstream.process.stop()


def check_stored(gateway, answered, before, connections, calls):
    stored = gateway.count() - before
    while (again := gateway.count() - before) != stored:
        stored = again
    if not answered <= stored <= answered + connections:
        raise Failure(f"{answered} calls answered, {calls} made, {stored} recorded")


def measure_streams(plan, binary, work, report):
    upstream = Upstream(work, 0)
    gateway = Gateway(binary, work, upstream)
    gateway.start()
    report.section("Chat completions, streams of 50 events", "way", "connections", "streams/s", "first byte p50 ms",
                   "first byte p99 ms", "whole p50 ms", "whole p99 ms")
    for connections in plan.connections[:2]:
        runs = {"straight": [], "recorded": []}
        for _ in range(plan.rounds):
            runs["straight"].append(stream(work, upstream.port, connections, plan.seconds))
            runs["recorded"].append(stream(work, gateway.process.port, connections, plan.seconds))
        for name, summaries in runs.items():
            report.row(name, connections, *(f"{median(summaries, figure):.2f}" for figure in
                                            ["rps", "ttft_p50", "ttft_p99", "p50ms", "p99ms"]))
    gateway.stop()
    gateway.verify()
    upstream.process.stop()


def measure_many_streams(plan, binary, work, report):
    """20 events a second in each."""
    upstream = Upstream(work, 50_000)
    gateway = Gateway(binary, work, upstream)
    gateway.start()
    report.section("1,000 streams of 20 events a second", "way", "whole p50 ms", "whole p99 ms", "memory MB")
    straight = stream(work, upstream.port, 1000, plan.seconds)
    with PeakMemory(gateway.process) as memory:
        recorded = stream(work, gateway.process.port, 1000, plan.seconds)
    report.row("straight", f"{straight['p50ms']:.0f}", f"{straight['p99ms']:.0f}", "")
    report.row("recorded", f"{recorded['p50ms']:.0f}", f"{recorded['p99ms']:.0f}", f"{memory.megabytes:.0f}")
    gateway.stop()
    gateway.verify()
    upstream.process.stop()


def stream(work, port, connections, seconds):
    run = subprocess.run(
        [os.path.join(work, "sse_load"), "127.0.0.1", str(port), "/v1/chat/completions", str(connections), str(seconds)],
        capture_output=True, text=True)
    if run.returncode != 0:
        raise Failure(f"sse_load: {run.stdout}{run.stderr}")
    return {name: float(value) for name, value in re.findall(r"(\w+)=(\d+(?:\.\d+)?)(?=\s)", run.stdout)}


def median(summaries, figure):
    return statistics.median(summary[figure] for summary in summaries)
