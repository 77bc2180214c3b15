"""Inserts over HTTP, one exchange a request, beside the peers; their rounds take turns so that all meet the same machine."""

import statistics

from load_generator import wrk
from processes import Failure, PeakMemory


def measure(plan, verbatim, peers, report):
    for peer in peers:
        peer.start()
    services = [verbatim, *peers]
    for service in services:
        wrk("insert.lua", service.process.url, 16, 2)

    report.section("Inserts", "service", "connections", "requests/s", "p50 ms", "p99 ms", "errors", "memory MB",
                   "Verbatim's rate over it")
    for connections in plan.connections:
        runs = {service.name: [] for service in services}
        for _ in range(plan.rounds):
            for service in services:
                runs[service.name].append(one_run(service, connections, plan.seconds))
        rates = {name: median(summaries, "rate") for name, summaries in runs.items()}
        for service in services:
            summaries = runs[service.name]
            report.row(
                service.name, connections, f"{rates[service.name]:.0f}", f"{median(summaries, 'p50'):.1f}",
                f"{median(summaries, 'p99'):.1f}", sum(summary["errors"] for summary in summaries),
                f"{max(summary['memory'] for summary in summaries):.0f}",
                f"{rates[verbatim.name] / rates[service.name]:.1f}")
        report.note_memory(max(summary["memory"] for summary in runs[verbatim.name]))
        if errors := sum(summary["errors"] for summary in runs[verbatim.name]):
            raise Failure(f"{errors} errors of Verbatim at {connections} connections")
    for peer in peers:
        peer.stop()


def one_run(service, connections, seconds, **environment):
    """The rows must equal the answers, but for the requests that wrk gave up at its end."""
    before = service.count()
    with PeakMemory(service.process) as memory:
        summary = wrk("insert.lua", service.process.url, connections, seconds, **environment)
    rows = settled_count(service) - before
    answered = summary["requests"] - summary["status_errors"]
    if not answered <= rows <= answered + connections:
        raise Failure(f"{service.name}: {answered} inserts answered, {rows} rows stored")
    return summary | {"memory": memory.megabytes}


def settled_count(service):
    """A request that wrk gave up may still be under way: count until two counts agree."""
    count = service.count()
    while (again := service.count()) != count:
        count = again
    return count


def median(summaries, figure):
    return statistics.median(summary[figure] for summary in summaries)
