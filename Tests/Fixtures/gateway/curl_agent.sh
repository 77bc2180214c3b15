#!/bin/sh
# curl_agent.sh BASE_URL KEY: holds an agent's conversation with curl.
set -eu
url=$1/chat/completions key=$2
tools='[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}]'
system='{"role": "system", "content": "Be brief."}'
hello='{"role": "user", "content": "Hello? 世界"},
  {"role": "assistant", "content": "Hello, 世界 😀"}'
weather='{"role": "user", "content": "What is the weather in Lisbon?"}'
call='{"role": "assistant", "content": null, "tool_calls": [{"id": "call_4", "type": "function",
  "function": {"name": "weather", "arguments": "{\"city\": \"Lisbon\"}"}}]},
  {"role": "tool", "tool_call_id": "call_4", "content": "22 °C in Lisbon"}'
answer='{"role": "assistant", "content": "It is 22 °C in Lisbon."}'

ask() {
  printf '{"model": "gpt-4o-mini", "tools": %s, "messages": [\n  %s\n], "stream": %s}' "$tools" "$1" "$2" |
    curl -sS --fail-with-body --no-buffer -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
      --data-binary @- "$url" > answer
  grep -q "$3" answer || { cat answer >&2; exit 1; }
}
ask "$system, {\"role\": \"user\", \"content\": \"Hello? 世界\"}" false 'Hello, 世界 😀'
ask "$system, $hello, $weather" false '"name":"weather"'
ask "$system, $hello, $weather, $call" false 'It is 22 °C in Lisbon\.'
ask "$system, $hello, $weather, $call, $answer, {\"role\": \"user\", \"content\": \"Thanks\"}" true '"content":" 😀"'
