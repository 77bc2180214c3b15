"""What OpenAI's own client makes of conversations and their items; `told` is one that the insert API recorded."""

import asyncio
import sys

import openai

options = {"base_url": sys.argv[1] + "/v1", "api_key": "none", "max_retries": 0, "_strict_response_validation": True}
image = {"type": "input_image", "image_url": "https://example.com/a.png"}
items = [
    {"type": "message", "role": "user", "content": "Look:"},
    {"role": "user", "content": [{"type": "input_text", "text": "this"}, image]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A cat."}]},
    {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "It purrs."}]},
    {"type": "function_call", "call_id": "call_1", "name": "feed", "arguments": '{"cat": 1}'},
    {"type": "function_call_output", "call_id": "call_1", "output": "done"},
]
types = ["message"] * 4 + ["reasoning", "function_call", "function_call_output"]


def refused(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        assert set(error.body) == {"message", "type", "param", "code"}, error.body
    else:
        raise AssertionError(f"{arguments} {named} is taken")


def use(client):
    conversations = client.conversations
    empty = conversations.create()
    assert empty.id.startswith("conv_") and empty.object == "conversation" and empty.metadata == {}
    assert conversations.items.list(empty.id).data == []

    made = conversations.create(metadata={"topic": "cats"}, items=items[:1])
    assert made.metadata == {"topic": "cats"} and conversations.retrieve(made.id) == made
    added = conversations.items.create(made.id, items=items[1:], include=["message.input_image.image_url"])
    assert [item.type for item in added.data] == types[1:], added
    listed = list(conversations.items.list(made.id, order="asc", limit=2))
    assert [item.type for item in listed] == types and listed[1:] == added.data, listed
    assert list(conversations.items.list(made.id, limit=3)) == listed[::-1]
    after = conversations.items.list(made.id, order="asc", after=listed[2].id, limit=2)
    assert after.data == listed[3:5] and after.has_more and after.last_id == listed[4].id
    assert listed[0].id.startswith("msg_") and listed[5].id.startswith("fc_")
    assert listed[0].content[0].text == "Look:" and listed[1].content[1].detail == "auto"
    assert listed[2].content[0].annotations == [] and listed[3].content[0].refusal == "No."
    for item in listed:
        assert conversations.items.retrieve(item.id, conversation_id=made.id) == item

    assert conversations.items.delete(listed[3].id, conversation_id=made.id) == made
    assert list(conversations.items.list(made.id, order="asc")) == listed[:3] + listed[4:]
    assert conversations.items.list(made.id, order="asc", after=listed[3].id).data == listed[4:]
    refused(openai.NotFoundError, conversations.items.retrieve, listed[3].id, conversation_id=made.id)
    refused(openai.NotFoundError, conversations.items.delete, listed[3].id, conversation_id=made.id)

    changed = conversations.update(made.id, metadata={"topic": "dogs"})
    assert changed.metadata == {"topic": "dogs"} and changed.created_at == made.created_at
    for limit in [0, 101]:
        refused(openai.BadRequestError, conversations.items.list, made.id, limit=limit)
    refused(openai.BadRequestError, conversations.items.list, made.id, order="up")
    refused(openai.BadRequestError, conversations.items.list, made.id, after="msg_none")
    refused(openai.BadRequestError, conversations.items.list, empty.id, after=listed[0].id)
    refused(openai.BadRequestError, conversations.items.create, made.id, items=[])
    refused(openai.BadRequestError, conversations.items.create, made.id, items=items * 3)
    refused(openai.BadRequestError, conversations.items.create, made.id, items=[{"role": "robot", "content": "a"}])
    refused(openai.BadRequestError, conversations.create, metadata={"a": "b" * 513})
    refused(openai.NotFoundError, conversations.items.retrieve, listed[0].id, conversation_id=empty.id)
    refused(openai.NotFoundError, conversations.items.list, "conv_none")
    refused(openai.NotFoundError, conversations.update, "conv_none", metadata={})

    told = list(conversations.items.list("told", order="asc"))
    assert [item.role for item in told] == ["user", "assistant"] and told[1].content[0].text == "Hello."
    assert conversations.retrieve("told").id == "told"

    deleted = conversations.delete(made.id)
    assert deleted.deleted and deleted.id == made.id and deleted.object == "conversation.deleted"
    refused(openai.NotFoundError, conversations.retrieve, made.id)


async def use_asynchronously():
    async with openai.AsyncOpenAI(**options) as client:
        made = await client.conversations.create(items=items, metadata={"topic": "cats"})
        listed = [item async for item in client.conversations.items.list(made.id, order="asc", limit=3)]
        assert [item.type for item in listed] == types, listed
        found = await client.conversations.items.retrieve(listed[4].id, conversation_id=made.id)
        assert found.summary[0].text == "It purrs."
        added = await client.conversations.items.create(made.id, items=items[:2])
        assert len(added.data) == 2 and added.first_id == added.data[0].id and added.has_more is False
        await client.conversations.items.delete(added.last_id, conversation_id=made.id)
        assert (await client.conversations.update(made.id, metadata={})).metadata == {}
        assert (await client.conversations.delete(made.id)).deleted


use(openai.OpenAI(**options))
asyncio.run(use_asynchronously())
