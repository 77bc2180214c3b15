"""Holds an agent's conversation with langchain-openai: langchain_agent.py BASE_URL KEY."""

import sys

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather in a city, 天気."""
    return f"22 °C in {city}"


model = ChatOpenAI(model="gpt-4o-mini", base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0, temperature=0.5)
model = model.bind_tools([weather])


def streamed(messages):
    chunks = list(model.stream(messages))
    return sum(chunks[1:], chunks[0])


messages = [SystemMessage("Be brief.")]
for question, expected, answer in [
    ("Hello? 世界", "Hello, 世界 😀", model.invoke),
    ("What is the weather in Lisbon?", "It is 22 °C in Lisbon.", model.invoke),
    ("Thanks", "Hello, 世界 😀", streamed),
]:
    messages.append(HumanMessage(question))
    message = answer(messages)
    messages.append(message)
    while message.tool_calls:
        for call in message.tool_calls:
            messages.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
        message = answer(messages)
        messages.append(message)
    assert message.content == expected, message
