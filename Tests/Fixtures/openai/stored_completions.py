"""What OpenAI's own client makes of stored completions: c1, c2 and c3, recorded in this order."""

import sys

import openai

client = openai.OpenAI(
    base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0, _strict_response_validation=True
)
completions = client.chat.completions

listed = completions.list(limit=2)
assert [completion.id for completion in listed] == ["c1", "c2", "c3"], listed
assert [completion.id for completion in completions.list(order="desc", metadata={"topic": "weather"})] == [
    "c3",
    "c2",
    "c1",
]
assert completions.list(model="other").data == []

found = completions.retrieve("c2")
assert found.object == "chat.completion" and found.created == 1718345013, found
assert found.choices[0].message.content == "Answer 2.", found
assert found.choices[0].finish_reason == "stop"
assert found.choices[1].message.tool_calls[0].function.name == "f"
assert found.usage.total_tokens == 12

changed = completions.update("c2", metadata={"topic": "news"})
assert changed.metadata == {"topic": "news"}, changed
assert [completion.id for completion in completions.list(metadata={"topic": "news"})] == ["c2"]

# The client's own type of these messages takes the role `assistant` alone, so they are read without its check.
lenient = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
messages = lenient.chat.completions.messages.list("c2", limit=1)
assert [message.id for message in messages] == ["c2-0", "c2-1"], messages

assert completions.delete("c1").deleted
try:
    completions.retrieve("c1")
    raise AssertionError("a deleted completion is found")
except openai.NotFoundError as error:
    assert error.body["message"] == "there is no such completion", error.body
