"""Holds an agent's conversation with litellm: litellm_agent.py BASE_URL KEY."""

import json
import os
import sys

# Prices from its own package, not from the net.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

tools = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city, 天気",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def call(messages, **more):
    return litellm.completion(
        model="openai/gpt-4o-mini", api_base=sys.argv[1], api_key=sys.argv[2], messages=messages, tools=tools,
        temperature=0.5, max_retries=0, **more,
    )  # fmt: skip


def whole(messages):
    return call(messages).choices[0].message


def streamed(messages):
    chunks = list(call(messages, stream=True))
    return litellm.stream_chunk_builder(chunks, messages=messages).choices[0].message


messages = [{"role": "system", "content": "Be brief."}]
for question, expected, answer in [
    ("Hello? 世界", "Hello, 世界 😀", whole),
    ("What is the weather in Lisbon?", "It is 22 °C in Lisbon.", whole),
    ("Thanks", "Hello, 世界 😀", streamed),
]:
    messages.append({"role": "user", "content": question})
    message = answer(messages)
    messages.append(message)
    while message.tool_calls:
        for made in message.tool_calls:
            city = json.loads(made.function.arguments)["city"]
            messages.append({"role": "tool", "tool_call_id": made.id, "content": f"22 °C in {city}"})
        message = answer(messages)
        messages.append(message)
    assert message.content == expected, message
