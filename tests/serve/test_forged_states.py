"""States that are signed rightly but are none: a server without a token has no secret but the weights."""

import base64
import json

import numpy as np
import pytest
from safetensors.numpy import save

from numerics import needs_extension

pytestmark = needs_extension
CASES = [
    ("lm", "next", {}),
    ("lm", "generate", {"length": 3}),
    ("lm", "generate", {"length": 3, "stream": True}),
    ("classify", "read", {"text": "the film"}),
    ("tag", "read", {"words": ["the"]}),
    ("forecast", "read", {}),
    ("music", "compose", {"length": 2}),
]


def sign(codec, body):
    """Return bytes as a codec would write them."""
    return base64.urlsafe_b64encode(codec._sign(body) + body).decode("ascii")


def forgeries(state):
    """Yield names and arrays of states that are wrong in one thing."""
    yield "empty", {}
    yield "more", state | {"more": np.zeros(3, np.float32)}
    for name, array in state.items():
        others = {key: value for key, value in state.items() if key != name}
        yield f"{name} missing", others
        yield f"{name} renamed", others | {name + "x": array}
        for dtype in (np.int8, np.int64, np.float64, np.float16, np.bool_, np.uint8):
            if array.dtype != dtype:
                yield f"{name} {dtype.__name__}", others | {name: array.astype(dtype)}
        for shape in ((), (0,), (1,), (0, *array.shape[1:]), (2, *array.shape[1:]), (*array.shape, 1)):
            yield f"{name} {shape}", others | {name: np.ones(shape, array.dtype)}
        yield f"{name} wide", others | {name: np.ones((1, 20_000), array.dtype)}
        if array.dtype.kind == "f":
            for value in (np.nan, np.inf, -np.inf, 3e38):
                yield f"{name} {value}", others | {name: np.full_like(array, value)}
        else:
            for value in (np.iinfo(array.dtype).max, np.iinfo(array.dtype).min):
                yield f"{name} {value}", others | {name: np.full_like(array, value)}


@pytest.fixture
def client(open_client, trained):
    def start(task, **options):
        runs = (
            {task: trained(task, bidirectional=False)}
            if task in ("tag", "classify")
            else {task: trained(task)}
        )
        return open_client(runs, **options)

    return start


@pytest.mark.parametrize(("task", "operation", "body"), CASES, ids=lambda value: str(value))
def test_forged_states_do_no_harm(client, task, operation, body, caplog):
    opened = client(task)
    codec = opened.models.find(task).version.states
    path = f"/v1/models/{task}/{operation}"
    example = next(
        item["post"]["requestBody"]["content"]["application/json"]["example"]
        for name, item in opened.get("/openapi.json").json()["paths"].items()
        if name == path
    )
    first = {**example, **body, "stream": False} if "stream" in body else {**example, **body}
    state = codec.read(opened.post(path, json=first | {"keep": "state"}).json()["state"])
    for name, forged in forgeries(state):
        response = opened.post(
            path, json={**example, **body, "state": sign(codec, save(forged)), "keep": "nothing"}
        )
        assert response.status_code in (200, 409, 422), (name, response.text)
    assert caplog.text == ""
    assert opened.post(path, json=first).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 8, (2**63).to_bytes(8, "little"), save({})[:-1]])
def test_signed_bytes_that_are_no_tensors(client, body):
    opened = client("lm")
    codec = opened.models.find("lm").version.states
    response = opened.ask("next", model="lm", state=sign(codec, body))
    assert response.status_code == 409


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "NONE"])
def test_signed_tensors_of_other_types(client, dtype):
    opened = client("lm")
    codec = opened.models.find("lm").version.states
    head = json.dumps({"a": {"dtype": dtype, "shape": [0], "data_offsets": [0, 0]}}).encode()
    body = len(head).to_bytes(8, "little") + head
    assert opened.ask("next", model="lm", state=sign(codec, body)).status_code == 409
