#!/bin/sh
# Sends, streams, gets and cancels with curl and jq. Usage: client.sh [URL]
set -eu
url=${1:-http://127.0.0.1:4242}

post() {
  curl -fsSN "$url/$1" -H 'Content-Type: application/json' -H 'A2A-Version: 1.0' -d "$2"
}

# A call of Connect is a POST of plain JSON.
call() {
  post "lf.a2a.v1.A2AService/$1" "$2"
}

message() {
  echo "{\"messageId\": \"$1-$$-$(date +%s)\", \"role\": \"ROLE_USER\", \"parts\": [{\"text\": \"$1\"}]}"
}

sent=$(call SendMessage "{\"message\": $(message sun)}")
echo "send: $(echo "$sent" | jq -r .task.status.state)"

# Streams of Connect are framed in binary. REST has the same events as lines of text.
printf 'stream: '
post message:stream "{\"message\": $(message rain)}" |
  jq --unbuffered -Rrj 'select(startswith("data: ")) | .[6:] | fromjson | .artifactUpdate.artifact.parts[]?.text // empty'
echo

got=$(call GetTask "{\"id\": $(echo "$sent" | jq .task.id)}")
echo "get: $(echo "$got" | jq -r .status.state)"

started=$(call SendMessage "{\"message\": $(message wind), \"configuration\": {\"returnImmediately\": true}}")
canceled=$(call CancelTask "{\"id\": $(echo "$started" | jq .task.id)}")
echo "cancel: $(echo "$canceled" | jq -r .status.state)"
