"""Use a served language model, with only the standard library.

Run: unrolled serve RUN, and in another terminal: python examples/serve/client.py [ADDRESS]
"""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.error import HTTPError
from urllib.parse import quote

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


def send(path: str, body: dict | None = None) -> HTTPResponse:
    """Send a request. If the server needs a token, it is in the environment."""
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("UNROLLED_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    try:
        return urllib.request.urlopen(urllib.request.Request(ADDRESS + path, data, headers))
    except HTTPError as error:
        sys.exit(json.load(error)["error"])


def ask(path: str, body: dict | None = None) -> dict:
    """Return the answer of the server."""
    with send(path, body) as response:
        return json.load(response)


def events(path: str, body: dict) -> Iterator[tuple[str, dict]]:
    """Yield the events of an answer while it is written."""
    with send(path, body | {"stream": True}) as response:
        name = ""
        for line in response:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


model = next(m["name"] for m in ask("/v1/models")["models"] if m["task"] == "lm")
path = f"/v1/models/{quote(model)}"

for name, data in events(f"{path}/generate", {"text": "The ", "length": 80, "seed": 1}):
    if name == "error":
        sys.exit(data["error"])
    if name == "data":
        print(data["text"], end="", flush=True)
print()

# A session keeps the state on the server: each request sends only new text.
session = ask(f"{path}/next", {"text": "The ", "keep": "session"})["session"]
answer = ask(f"{path}/next", {"text": "r", "session": session, "top": 3})
print([(token["text"], round(token["probability"], 3)) for token in answer["tokens"]])
