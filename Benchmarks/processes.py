"""Processes that the benchmarks start: each is waited for, sampled, and always stopped."""

import atexit
import http.client
import os
import signal
import socket
import subprocess
import threading
import time


class Failure(Exception):
    """Something that is wrong, never something that is slow."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One server with a port; its output goes to a file, since a full pipe would stall it."""

    running = []

    def __init__(self, name, arguments, log_path, port=None, environment=None, folder=None):
        self.name, self.port, self.log_path = name, port, log_path
        self.started = time.monotonic()
        with open(log_path, "wb") as log:
            self.child = subprocess.Popen(
                arguments, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **(environment or {})}
            )
        Process.running.append(self)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait_until_answering(self, path, limit=60):
        """Seconds from the start to the first 200."""
        while time.monotonic() - self.started < limit:
            if self.child.poll() is not None:
                raise Failure(f"{self.name} ended with {self.child.returncode}:\n{self.log_tail()}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                status = connection.getresponse().status
                connection.close()
                if status == 200:
                    return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.002)
        raise Failure(f"{self.name} does not answer {path}:\n{self.log_tail()}")

    def log_tail(self):
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-20:])

    def stop(self, limit=60):
        if self in Process.running:
            Process.running.remove(self)
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(limit)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise Failure(f"{self.name} did not stop within {limit} s")
        return self.child.returncode

    def memory(self):
        """PSS in MB: private pages and this process's share of shared ones."""
        with open(f"/proc/{self.child.pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) / 1024
        raise Failure(f"no Pss for {self.name}")


class PeakMemory:
    """The largest PSS seen while the block runs, sampled ten times a second."""

    def __init__(self, process):
        self.process, self.megabytes, self.ended = process, 0.0, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()
        return self

    def sample(self):
        while True:
            try:
                self.megabytes = max(self.megabytes, self.process.memory())
            except OSError:
                return
            if self.ended.wait(0.1):
                return

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join()


@atexit.register
def stop_all():
    for process in list(Process.running):
        try:
            process.stop(limit=10)
        except Failure as failure:
            print(failure)
