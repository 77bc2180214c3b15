"""Holds conversations through a gateway with OpenAI's own client: openai_client.py BASE_URL.

Prints the ids of the exchanges, one a line.
"""

import asyncio
import sys

import openai

base_url = sys.argv[1]
client = openai.OpenAI(base_url=base_url, api_key="sk-client", max_retries=0)
question = [{"role": "user", "content": "Hello? 世界"}]
tools = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def say(raw):
    print(raw.headers["x-exchange-id"])


def plain():
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=question)
    completion = raw.parse()
    assert completion.choices[0].message.content == "Hello, 世界 😀", completion
    assert completion.usage.total_tokens == 13
    say(raw)


def streamed():
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini", messages=question, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(raw.parse())
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Hello, 世界 😀", text
    assert chunks[-1].usage.total_tokens == 13
    say(raw)


def helper():
    with client.chat.completions.stream(model="gpt-4o-mini", messages=question) as stream:
        for _ in stream:
            pass
        completion = stream.get_final_completion()
    assert completion.choices[0].message.content == "Hello, 世界 😀"


def agent():
    messages = [{"role": "user", "content": "What is the weather in Lisbon?"}]
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=messages, tools=tools)
    message = raw.parse().choices[0].message
    call = message.tool_calls[0]
    assert call.function.name == "weather" and call.function.arguments == '{"city": "Lisbon"}', call
    say(raw)
    messages.append(message)
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "22 °C"})
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=messages, tools=tools)
    assert raw.parse().choices[0].message.content == "Hello, 世界 😀"
    say(raw)


async def many():
    async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-client", max_retries=0) as own:
        answers = await asyncio.gather(
            *(own.chat.completions.create(model="gpt-4o-mini", messages=question) for _ in range(20))
        )
        assert {answer.choices[0].message.content for answer in answers} == {"Hello, 世界 😀"}
        stream = await own.chat.completions.create(model="gpt-4o-mini", messages=question, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        assert text == "Hello, 世界 😀"


def failures():
    try:
        client.chat.completions.create(model="refused", messages=question)
    except openai.BadRequestError as error:
        assert error.code == "no_good" and "refused" in error.message, error
    else:
        raise AssertionError("a refusal was taken for an answer")
    try:
        client.chat.completions.create(model="", messages=question)
    except openai.BadRequestError as error:
        assert "model" in error.message
    else:
        raise AssertionError("a call without a model was answered")
    assert client.models.list().data[0].id == "gpt-4o-mini"


plain()
streamed()
helper()
agent()
asyncio.run(many())
failures()
