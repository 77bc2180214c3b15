"""How fast sensitive values are looked for, on one core, through the library."""

import subprocess


def measure(plan, load, report):
    report.section("Redaction, one core", "text", "MB/s")
    run = subprocess.run([load, str(plan.seconds)], check=True, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        report.row(*line.split("\t"))
