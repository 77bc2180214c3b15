#!/bin/sh
# llm_agent.sh BASE_URL KEY LLM: holds an agent's conversation with the llm command, in the folder it is run in.
set -eu
LLM_USER_PATH=$PWD LLM_LOAD_PLUGINS=
export LLM_USER_PATH LLM_LOAD_PLUGINS
cat > extra-openai-models.yaml << YAML
- model_id: gateway
  model_name: gpt-4o-mini
  api_base: "$1"
  api_key_name: gateway
  supports_tools: true
YAML
cat > tools.py << PYTHON
def weather(city: str) -> str:
    """The weather in a city, 天気"""
    return f"22 °C in {city}"
PYTHON

say() {
  expected=$1
  shift
  said=$("$LLM" prompt --key "$KEY" --functions tools.py "$@")
  [ "$said" = "$expected" ] || { echo "$said instead of $expected" >&2; exit 1; }
}
KEY=$2 LLM=$3
say 'Hello, 世界 😀' -m gateway -s 'Be brief.' 'Hello? 世界'
say 'It is 22 °C in Lisbon.' -c --no-stream 'What is the weather in Lisbon?'
say 'Hello, 世界 😀' -c 'Thanks'
