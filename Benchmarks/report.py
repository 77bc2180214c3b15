"""Collects figures as they are measured, tells them at once, and prints the tables at the end."""

import datetime
import os
import platform


class Report:
    def __init__(self, plan):
        self.plan, self.sections, self.peak_memory = plan, [], 0.0

    def section(self, title, *columns):
        self.sections.append((title, columns, []))
        print(f"\n{title}", flush=True)

    def row(self, *cells):
        self.sections[-1][2].append([str(cell) for cell in cells])
        print("  " + "  ".join(str(cell) for cell in cells), flush=True)

    def note_memory(self, megabytes):
        self.peak_memory = max(self.peak_memory, megabytes)

    def text(self):
        plan = self.plan
        lines = ["", f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}, load on the same cores; "
                 f"medians of {plan.rounds} runs of {plan.seconds} s"]
        for title, columns, rows in self.sections:
            lines += ["", f"**{title}**", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
            lines += ["| " + " | ".join(row) + " |" for row in rows]
        lines += ["", f"Largest memory of Verbatim in the runs above, idle connections aside: {self.peak_memory:.0f} MB"]
        return "\n".join(lines)
