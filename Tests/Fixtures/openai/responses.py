"""What OpenAI's own client makes of responses that the gateway recorded, and of those that only the upstream knows."""

import asyncio
import sys

import openai

options = {"base_url": sys.argv[1] + "/v1", "api_key": "none", "max_retries": 0, "_strict_response_validation": True}


def use(client):
    responses = client.responses
    first = responses.create(model="m", input="What is the weather?", instructions="Be brief.")
    assert first.output[-1].content[0].text == "Answer 1.", first
    assert responses.retrieve(first.id) == first
    output = {"type": "function_call_output", "call_id": "call_1", "output": "17"}
    second = responses.create(model="m", previous_response_id=first.id, input=[{"role": "user", "content": "And?"}, output])
    asked = responses.input_items.list(second.id, order="asc", limit=1)
    assert asked.has_more and [item.type for item in asked] == ["message", "function_call_output"], asked
    assert [item.content[0].text for item in responses.input_items.list(first.id)] == ["What is the weather?"]

    made = client.conversations.create(items=[{"role": "user", "content": "Before."}])
    third = responses.create(model="m", conversation=made.id, input="Now?", store=True)
    listed = list(client.conversations.items.list(made.id, order="asc"))
    assert [item.type for item in listed] == ["message", "message", "reasoning", "message"], listed
    assert listed[3].content[0].text == third.output[-1].content[0].text

    events = list(responses.create(model="m", input="Streamed?", previous_response_id=second.id, stream=True))
    streamed = events[-1].response
    assert responses.retrieve(streamed.id).output[-1].content[0].text == streamed.output[-1].content[0].text

    assert responses.retrieve("resp_elsewhere").id == "resp_elsewhere"
    responses.delete(first.id)
    for call in [responses.retrieve, responses.delete, responses.input_items.list]:
        try:
            call(first.id)
            raise AssertionError("a deleted response is found")
        except openai.NotFoundError:
            pass
    print(made.id, second.id, streamed.id)


async def use_asynchronously():
    async with openai.AsyncOpenAI(**options) as client:
        made = await client.responses.create(model="m", input="Hi")
        assert await client.responses.retrieve(made.id) == made
        assert [item.role async for item in client.responses.input_items.list(made.id)] == ["user"]
        await client.responses.delete(made.id)


use(openai.OpenAI(**options))
asyncio.run(use_asynchronously())
