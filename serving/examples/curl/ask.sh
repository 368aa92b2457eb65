#!/bin/sh
# Ask a model over REST: ./ask.sh [HOST:PORT [MODEL]]
# Every server of `make serve` has REST: tensorflow_model_server, its docker image, and the embedded one.
set -eu
model="http://${1:-localhost:8501}/v1/models/${2:-tweet_sentiment}"

# Body and status code count: a refusal is {"error": "..."} with a code of 400 or more, and curl's exit code is 22.
rest() {
  curl --silent --show-error --fail-with-body --max-time 5 "$@"
  echo
}

echo "Where do its versions stand?"
rest "$model"

echo "Which signatures has it? (200 only once a version serves: a readiness probe)"
rest "$model/metadata"

echo "Probabilities of negative, neutral, positive, a row a text"
rest --data '{"instances": ["I love it", "so sad :( \ud83d\ude2d"]}' "$model:predict"

echo "The label in words too"
rest --data '{"signature_name": "label", "instances": ["I love it"]}' "$model:predict"

echo "The same as a classifier"
rest --data '{"signature_name": "classify", "examples": [{"text": "I love it"}]}' "$model:classify"
