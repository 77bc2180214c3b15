"""Holds an agent's conversation with OpenAI's own client: openai_agent.py BASE_URL KEY sync|async|helper."""

import asyncio
import json
import sys

import openai

base_url, key, way = sys.argv[1:]
settings = {"base_url": base_url, "api_key": key, "max_retries": 0}
tools = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "description": "The weather in a city, 天気",
        },
    }
]


def ask(messages):
    return {"model": "gpt-4o-mini", "messages": messages, "tools": tools, "temperature": 0.5}


def sync(messages):
    with openai.OpenAI(**settings) as client:
        return client.chat.completions.create(**ask(messages)).choices[0].message


def helper(messages):
    with openai.OpenAI(**settings) as client, client.chat.completions.stream(**ask(messages)) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion().choices[0].message


def asynchronous(messages):
    async def call():
        async with openai.AsyncOpenAI(**settings) as client:
            completion = await client.chat.completions.create(**ask(messages))
            return completion.choices[0].message

    return asyncio.run(call())


answer = {"sync": sync, "async": asynchronous, "helper": helper}[way]
messages = [{"role": "system", "content": "Be brief."}]
for question, expected in [
    ("Hello? 世界", "Hello, 世界 😀"),
    ("What is the weather in Lisbon?", "It is 22 °C in Lisbon."),
    ("Thanks", "Hello, 世界 😀"),
]:
    messages.append({"role": "user", "content": question})
    message = answer(messages)
    messages.append(message)
    while message.tool_calls:
        for call in message.tool_calls:
            city = json.loads(call.function.arguments)["city"]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": f"22 °C in {city}"})
        message = answer(messages)
        messages.append(message)
    assert message.content == expected, message
