"""wrk, its scripts in load/, and the exchanges that batches are made of."""

import json
import os
import random
import subprocess

from processes import Failure

LOAD_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load")

QUESTIONS = [
    "请解释一下什么是过拟合，并说明在训练小数据集时可以采取哪些办法来缓解，最好给出具体的例子。",
    "帮我把下面这段需求整理成要点，标出优先级，并指出哪些地方还需要和客户再次确认清楚。",
    "周末想带孩子去郊外走一走，有没有适合小学生的路线？需要注意天气、饮水和返程的时间。",
    "请比较行式存储与列式存储在写入、查询和压缩方面的差别，并说明各自适合的业务场景。",
]
ANSWERS = [
    "A short plan works best: collect a baseline, change one thing at a time, and write down what you expected "
    "before you look at the outcome. Most surprises come from data nobody had looked at.",
    "Row stores keep a record together, which makes single writes and point reads cheap. Column stores keep a field "
    "together, which makes scans and compression cheap. Many systems now do both.",
    "Begin with the log: it decides what survives a crash. Then read how pages are cached and written back, how "
    "readers see a consistent state, and how all of it is tested under failure.",
]


def wrk(script, url, connections, seconds, **environment):
    """Runs wrk once and gives its summary, with `rate` in requests a second."""
    environment = {key.upper(): str(value) for key, value in environment.items()}
    environment |= {"LOAD_FOLDER": LOAD_FOLDER, "CONNECTIONS": str(connections), "SALT": str(random.getrandbits(31))}
    threads = min(connections, 2)
    run = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
         "-s", os.path.join(LOAD_FOLDER, script), url],
        capture_output=True, text=True, env=os.environ | environment,
    )
    for line in run.stdout.splitlines():
        if line.startswith("SUMMARY "):
            summary = json.loads(line.removeprefix("SUMMARY "))
            summary["errors"] = summary["status_errors"] + summary["socket_errors"]
            summary["rate"] = summary["requests"] / summary["seconds"]
            return summary
    raise Failure(f"wrk failed: {run.stdout}{run.stderr}")


def exchange_line(number, conversations):
    """About 1 KB of NDJSON; neighbours belong to different conversations, as they do in a running service."""
    query = f"{QUESTIONS[number % 4]} ({number}) {ANSWERS[number % 3]}"
    answer = f"{ANSWERS[(number + 1) % 3]}\n\n{QUESTIONS[(number + 2) % 4]} \"{number}\" {ANSWERS[(number + 2) % 3]}"
    exchange = {
        "app_id": f"app-{number % 7}", "user_id": f"user-{number % conversations % 997}",
        "conversation_id": f"bench-{number % conversations}", "client_message_id": f"m-{number}",
        "query": query, "answer": answer, "model_provider": "openai", "model_id": "gpt-4o-mini",
        "inputs": {"lang": "zh", "turn": number % 64}, "metadata": {"latency": 1.2, "temperature": 0.7},
    }
    if number % 10 == 0:
        exchange["files"] = [{"type": "document", "transfer_method": "remote_url",
                              "url": f"https://example.com/f/{number}.pdf", "belongs_to": "user"}]
    return json.dumps(exchange, ensure_ascii=False)
