"""The description of the API: valid, with the limits of the server, and examples that are answered."""

import json
from urllib.parse import unquote

import pytest

from serving import TASKS, Toy

jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="a validator of JSON schemas")


@pytest.fixture(scope="module")
def served(trained):
    """A client of a server of every task, and its description."""
    from serving import client, setting

    with client({task: trained(task) for task in TASKS}, setting()) as opened:
        yield opened, opened.get("/openapi.json").json()


def references(value):
    """Yield every reference of a description."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref":
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def validator(description, reference):
    return jsonschema_rs.Draft202012Validator({**reference, "components": description["components"]})


def posts(description):
    return {path: item["post"] for path, item in description["paths"].items() if "post" in item}


def test_it_is_valid(served):
    _, description = served
    for schema in description["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator({**schema, "components": description["components"]})


def test_every_reference_leads_somewhere(served):
    _, description = served
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert set(references(description)) == known


def test_every_operation_has_its_own_id_and_text(served):
    _, description = served
    operations = [operation for item in description["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in operations)


def test_every_operation_of_every_model_is_there(served):
    client, description = served
    paths = set(posts(description))
    for model in client.get("/v1/models").json()["models"]:
        for operation in model["operations"]:
            paths.remove(f"/v1/models/{model['name']}/{operation}")
    assert not paths


def test_examples_are_answered_as_described(served):
    client, description = served
    for path, operation in posts(description).items():
        body = operation["requestBody"]["content"]["application/json"]
        assert validator(description, body["schema"]).is_valid(body["example"]), path
        response = client.post(path, json=body["example"])
        assert response.status_code == 200, (path, response.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert validator(description, schema).is_valid(response.json()), path


def test_streams_are_as_described(served):
    client, description = served
    streams = 0
    for path, operation in posts(description).items():
        content = operation["responses"]["200"]["content"]
        if "text/event-stream" not in content:
            continue
        streams += 1
        body = operation["requestBody"]["content"]["application/json"]["example"] | {"stream": True}
        schemas = {
            event["properties"]["event"]["const"]: event["properties"]["data"]["contentSchema"]
            for event in content["text/event-stream"]["schema"]["oneOf"]
        }
        for part in client.post(path, json=body).text.strip().split("\n\n"):
            name, data = part.split("\n")
            schema = schemas[name.removeprefix("event: ")]
            assert validator(description, schema).is_valid(json.loads(data.removeprefix("data: "))), part
    assert streams >= 3


def test_facts_are_as_described(served):
    client, description = served
    for path in ("/healthz", "/v1/models", *(f"/v1/models/{task}" for task in TASKS)):
        schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        assert validator(description, schema).is_valid(client.get(path).json()), path


def test_fields_have_descriptions(served):
    _, description = served
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/")[-1]
        for operation in posts(description).values()
    ]
    for name in bodies:
        for field, schema in description["components"]["schemas"][name]["properties"].items():
            parts = [schema, *schema.get("anyOf", [])]
            assert any(part.get("description") for part in parts), f"{name}.{field}"


def test_it_states_the_limits_of_the_server(open_client):
    client = open_client(max_characters=77, max_steps=12, max_body=5000, max_items=9)
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["LmWrite"]["properties"]["line"]["maxLength"] == 77
    assert schemas["LmWrite"]["properties"]["length"]["maximum"] == 12
    assert schemas["LmWrite"]["properties"]["state"]["maxLength"] == 5000
    assert client.get("/v1/models/toy").json()["limits"] == {
        "characters": 77,
        "items": 9,
        "steps": 12,
        "body": 5000,
    }


@pytest.mark.parametrize("task", TASKS)
def test_limits_are_those_that_hold(task, trained, open_client):
    """A text, list or number that is one longer than the description allows is refused."""
    client = open_client({task: trained(task)}, max_characters=60, max_items=5, max_steps=30)
    description = client.get("/openapi.json").json()
    for path, operation in posts(description).items():
        body = operation["requestBody"]["content"]["application/json"]
        schema = description["components"]["schemas"][body["schema"]["$ref"].rsplit("/")[-1]]
        for field, part in schema["properties"].items():
            wrong = {"maxLength": "a", "maxItems": None, "maximum": None}
            keyword = next((k for k in wrong if k in part), None)
            if keyword is None:
                continue
            if keyword == "maximum":
                value = part[keyword] + 1
            elif keyword == "maxLength":
                value = "a" * (part[keyword] + 1)
            else:
                items = body["example"].get(field) or [sample(part["items"])]
                value = items[:1] * (part[keyword] + 1)
            response = client.post(path, json=body["example"] | {field: value})
            assert response.status_code in (404, 409, 413, 422), (path, field, response.text)


def sample(schema):
    """Return a value that fits a schema of an item."""
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    return {"string": "a", "number": 1.0, "integer": 60, "array": [], "object": {}}[schema["type"]]


def test_a_token_is_described(open_client):
    headers = {"Authorization": "Bearer a-long-secret"}
    description = open_client(token="a-long-secret").get("/openapi.json", headers=headers).json()
    assert description["security"] == [{"token": []}]
    assert description["paths"]["/healthz"]["get"]["security"] == []


@pytest.mark.parametrize("name", ["a b", "é", "50%", "a?b#c", "..", "{session}", '"'])
def test_odd_names_of_models(open_client, name):
    client = open_client({name: Toy()})
    description = client.get("/openapi.json").json()
    for path in description["paths"]:
        assert path.isascii()
    [path] = [p for p in posts(description) if p.endswith("/double")]
    assert unquote(path) == f"/v1/models/{name}/double"
    if name != "..":  # which clients resolve
        assert client.post(path, json={"number": 2}).json() == {"number": 4}


def test_it_is_made_once_for_each_version(open_client, monkeypatch):
    from unrolled.serve import openapi

    made = []
    describe = openapi.describe
    monkeypatch.setattr(openapi, "describe", lambda *a, **k: made.append(1) or describe(*a, **k))
    client = open_client()
    first = client.get("/openapi.json").content
    assert client.get("/openapi.json").content == first
    assert len(made) == 1


def test_facts_tell_neither_files_nor_texts_of_the_user(served, trained):
    client, _ = served
    for model in client.get("/v1/models").json()["models"]:
        assert str(trained(model["task"]).parent) not in str(model)
        assert "samples" not in model["result"]
