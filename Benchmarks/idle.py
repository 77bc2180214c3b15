"""Memory at rest, and what idle keep-alive connections cost."""

import socket
import time

from processes import Failure

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure_memory_at_rest(verbatim, report):
    report.section("Memory at rest", "what", "MB")
    time.sleep(1)
    report.row("idle after start", f"{verbatim.process.memory():.1f}")


def measure_connections(plan, verbatim, report):
    """Each connection sends a request and reads its answer, so that it is one that waits for its next request."""
    verbatim.start()
    time.sleep(1)
    before = verbatim.process.memory()
    connections = []
    try:
        for _ in range(plan.idle_connections):
            connection = socket.create_connection(("127.0.0.1", verbatim.process.port), timeout=30)
            connections.append(connection)
            exchange(connection)
        time.sleep(1)
        after = verbatim.process.memory()
        for connection in connections:
            exchange(connection)
    finally:
        for connection in connections:
            connection.close()
    verbatim.stop()
    report.section(f"{plan.idle_connections:,} idle connections", "what", "MB")
    report.row("before", f"{before:.1f}")
    report.row("more with the connections", f"{after - before:.1f}")


def exchange(connection):
    connection.sendall(REQUEST)
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise Failure(f"an idle connection was answered {answer[:100]!r}")
