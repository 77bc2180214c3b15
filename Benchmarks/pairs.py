"""Inserts on two servers of one kind that differ in a setting, in turns."""

import statistics

from inserts import median, one_run
from load_generator import wrk
from processes import Failure

CONNECTIONS = 128


def measure(plan, report, title, changed, plain):
    """Prints the rate of `changed` over that of `plain`; both are services with a `key`, empty for none."""
    services = [changed, plain]
    for service in services:
        service.start()
        wrk("insert.lua", service.process.url, 16, 2, key=service.key)
    runs = {service.name: [] for service in services}
    for turn in range(2 * plan.rounds):
        # Who begins takes turns, too: what the one leaves to be written meets the other.
        for service in services if turn % 2 == 0 else services[::-1]:
            runs[service.name].append(one_run(service, CONNECTIONS, plan.seconds, key=service.key))
    report.section(f"{title}, {CONNECTIONS} connections", "server", "requests/s", "p50 ms", "p99 ms",
                   "errors", "over the other, median of the pairs")
    pairs = zip(runs[changed.name], runs[plain.name])
    ratio = statistics.median(one["rate"] / other["rate"] for one, other in pairs)
    for service in services:
        summaries = runs[service.name]
        if errors := sum(summary["errors"] for summary in summaries):
            raise Failure(f"{errors} errors of the server that {service.name}")
        report.row(
            service.name, f"{median(summaries, 'rate'):.0f}", f"{median(summaries, 'p50'):.1f}",
            f"{median(summaries, 'p99'):.1f}", 0, f"{ratio:.2f}" if service is changed else "")
        service.stop()
        service.verify()
