"""check-examples.py [--update] VERBATIM FILE...: runs the examples of Markdown files against a server of their own.

A block fenced as ```console holds commands after `$ ` and, below each, what it prints. Each file has a fresh server
in a fresh folder, on a free port in place of 10000, and a provider of models that answers all alike, on one in place of
11434; `verbatim` is the given binary. What differs from run to run (ids, times, versions) is compared by its shape. --update writes what was printed into the files instead.
"""

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

SHAPES = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"[0-9a-f]{32}"), "<id>"),
    (re.compile(r'"created_at":\d+'), '"created_at":<time>'),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "<time>"),
    (re.compile(r"vb-[0-9A-Za-z]{8}(-[0-9A-Za-z]{43})?"), "<key>"),
    (re.compile(r'"request_id": ?"[^"]*"'), '"request_id":"<id>"'),
    (re.compile(r"(?i)(x-request-id|date): .*"), r"\1: <value>"),
]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shape(text):
    for pattern, replacement in SHAPES:
        text = pattern.sub(replacement, text)
    return text.strip()


def commands(block):
    """Pairs of a command, with its continued lines, and the output shown below it."""
    command, output, is_continued = None, [], False
    for line in block.splitlines():
        if is_continued:
            command += "\n" + line
        elif line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(output)
            command, output = line[2:], []
        else:
            output.append(line)
            continue
        is_continued = command.endswith("\\") or command.count("'") % 2 == 1
    if command is not None:
        yield command, "\n".join(output)


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers chat completions, as a stream where that is asked for."""

    protocol_version = "HTTP/1.1"
    words = ["A book ", "of accounts."]
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        head = {"id": "chatcmpl-1", "created": 1760000000, "model": request["model"]}
        message = {"role": "assistant", "content": "".join(self.words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = head | {"object": "chat.completion", "choices": [choice], "usage": self.usage}
        if not request.get("stream"):
            return self.answer("application/json", json.dumps(whole))
        deltas = [{"index": 0, "delta": {"content": word}} for word in self.words]
        deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        chunks = [head | {"choices": [delta]} for delta in deltas] + [head | {"choices": [], "usage": self.usage}]
        events = [json.dumps(chunk) for chunk in chunks] + ["[DONE]"]
        self.answer("text/event-stream", "".join(f"data: {event}\n\n" for event in events))

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


class Server:
    """`verbatim serve` in a folder that is also where the commands run."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="verbatim-examples-")
        os.symlink(os.path.abspath(binary), os.path.join(self.folder.name, "verbatim"))
        self.environment = os.environ | {"PATH": self.folder.name + ":" + os.environ["PATH"]}
        self.log = open(os.path.join(self.folder.name, "server.log"), "w")
        self.process = subprocess.Popen(
            ["./verbatim", "serve", "--port", "0"], cwd=self.folder.name, text=True, stdout=subprocess.PIPE,
            stderr=self.log)
        listening = self.process.stdout.readline()
        self.port = re.search(r":(\d+)", listening).group(1)
        self.provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        threading.Thread(target=self.provider.serve_forever, daemon=True).start()

    def run(self, command):
        command = command.replace("10000", self.port).replace("11434", str(self.provider.server_port))
        result = subprocess.run(
            ["bash", "-c", command], cwd=self.folder.name, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return result.stdout.replace(self.port, "10000").strip("\n")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.provider.shutdown()
        self.log.close()
        self.folder.cleanup()


def check(binary, path, is_updating):
    with open(path) as file:
        text = file.read()
    server, wrong, count = Server(binary), [], 0

    def rerun(match):
        nonlocal count
        printed = []
        for command, shown in commands(match.group(1)):
            output = server.run(command)
            count += 1
            if shape(output) != shape(shown):
                wrong.append(f"{path}: $ {command}\n  shown:   {shown}\n  printed: {output}")
            printed.append(f"$ {command}" + (f"\n{output}" if output else ""))
        return "```console\n" + "\n".join(printed) + "\n```"

    try:
        updated = BLOCK.sub(rerun, text)
    finally:
        server.stop()
    if is_updating and wrong:
        with open(path, "w") as file:
            file.write(updated)
        return []
    print(f"{path}: {count} examples, {len(wrong)} wrong")
    return wrong


def main(arguments):
    is_updating = "--update" in arguments
    binary, *paths = [argument for argument in arguments if argument != "--update"]
    wrong = [problem for path in paths for problem in check(binary, path, is_updating)]
    sys.exit("\n".join(wrong) or 0)


main(sys.argv[1:])
