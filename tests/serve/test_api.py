"""Operations over HTTP: answers, errors, sessions, states, streams."""

import json
import time

import pytest

from serving import head, post
from unrolled.serve.api import SOON


def test_an_answer_is_json(open_client):
    client = open_client()
    response = client.ask("double", number=4)
    assert response.json() == {"number": 8}
    assert response.headers["content-type"] == "application/json"


def test_a_stream_ends_with_the_whole_answer(open_client):
    client = open_client()
    events = client.events("write", length=3, line="a")
    assert events[:-1] == [("data", {"line": f"a {n}"}) for n in (1, 2, 3)]
    assert events[-1] == ("done", client.answer("write", length=3, line="a"))


def test_a_session_goes_on(open_client):
    client = open_client()
    name = client.answer("add", number=2, keep="session")["session"]
    assert client.answer("add", number=3, session=name) == {"total": 5, "session": name}
    assert client.answer("write", length=2, session=name)["last"] == 7
    assert client.events("write", length=1, session=name)[-1][1] == {
        "lines": ["line 8"],
        "last": 8,
        "session": name,
    }
    assert client.answer("add", number=1, session=name)["total"] == 9


def test_a_state_goes_on_and_can_be_used_again(open_client):
    client = open_client()
    state = client.answer("add", number=2, keep="state")["state"]
    for _ in range(2):
        assert client.answer("add", number=3, state=state) == {"total": 5}
    after = client.events("write", length=2, state=state, keep="state")[-1][1]
    assert client.answer("add", state=after["state"])["total"] == 5


def test_nothing_is_kept_unless_it_is_asked_for(open_client):
    client = open_client()
    assert set(client.answer("add")) == {"total"}
    assert set(client.answer("write")) == {"lines", "last"}
    assert len(client.models.find("toy").version.sessions) == 0


def test_a_session_that_was_ended_is_gone(open_client):
    client = open_client()
    name = client.answer("add", keep="session")["session"]
    path = f"/v1/models/toy/sessions/{name}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.ask("add", session=name).status_code == 404


def test_a_request_that_fails_leaves_its_session_as_it_was(open_client):
    client = open_client()
    name = client.answer("add", number=2, keep="session")["session"]
    assert client.ask("add", session=name, fails="error").status_code == 422
    assert client.ask("add", session=name, fails="fault").status_code == 500
    assert client.ask("write", session=name, fails="begin").status_code == 422
    assert client.ask("write", session=name, fails="advance", length=5).status_code == 422
    assert client.events("write", session=name, fails="advance", length=5)[-1][0] == "error"
    assert client.answer("add", number=3, session=name)["total"] == 5


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"session": "nowhere"}, 404, "session: there is no such session"),
        ({"state": "AAAA"}, 409, "state: is not from this model"),
        ({"state": "é\u0000"}, 409, "state: is not from this model"),
        ({"session": "a", "state": "b"}, 422, "session, state: give one of them"),
        ({"session": "a", "keep": "state"}, 422, 'leave out keep="state"'),
        ({"session": "a" * 65}, 422, "session: expected `str` of length <= 64"),
        ({"keep": "all"}, 422, "keep: invalid enum value 'all'"),
        ({"number": "1"}, 422, "number: expected `int`, got `str`"),
        ({"numbr": 1}, 422, "'numbr': is not a field (did you mean 'number'?); the fields are session, "),
        ({"fails": "error"}, 422, "fails: you asked for an error"),
        ({"fails": "fault"}, 500, "internal error of the server"),
    ],
    ids=str,
)
def test_errors_are_one_line_of_json(open_client, body, status, message):
    response = open_client().ask("add", **body)
    assert response.status_code == status
    data = response.json()
    assert set(data) == {"error", "error_type"}
    assert message in data["error"]
    assert "\n" not in data["error"]


def test_a_stream_that_fails_at_once_is_an_error_of_the_request(open_client):
    response = open_client().ask("write", stream=True, fails="begin")
    assert response.status_code == 422
    assert response.json()["error_type"] == "ConfigError"


def test_a_stream_that_fails_later_ends_with_an_error(open_client):
    events = open_client().events("write", fails="advance", length=5)
    assert [name for name, _ in events] == ["data", "error"]
    assert events[-1][1] == {"error": "fails: you asked for an error", "error_type": "ConfigError"}


def test_a_fault_in_a_stream_ends_it_with_an_error(open_client, caplog):
    events = open_client().events("write", fails="advance fault", length=5)
    assert events[-1][0] == "error"
    assert events[-1][1]["error_type"] == "FaultError"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("model", ["toy", "tyo"])
def test_unknown_names_are_listed_with_a_suggestion(open_client, model):
    response = open_client().ask("dubble", model=model)
    assert response.status_code == 404
    assert f"did you mean '{'double' if model == 'toy' else 'toy'}'?" in response.json()["error"]


def test_very_long_names_are_cut(open_client):
    error = open_client().ask("a" * 5000).json()["error"]
    assert len(error) < 200


def test_a_fault_of_the_server_itself_is_json(open_client, monkeypatch):
    client = open_client(strict=False)
    monkeypatch.setattr(type(client.models.find("toy")), "info", lambda self: 1 / 0)
    response = client.get("/v1/models/toy")
    assert response.status_code == 500
    assert response.json()["error_type"] == "FaultError"
    assert "division" not in response.text


def test_metrics_count_requests_by_status(open_client):
    client = open_client()
    client.answer("double")
    client.ask("double", fails="error")
    client.ask("double", fails="fault")
    text = client.get("/metrics").text
    for status in (200, 422, 500):
        assert f'unrolled_requests_total{{model="toy",operation="double",status="{status}"}} 1.0' in text


def test_facts_about_models_are_valid_json(open_client):
    info = open_client().get("/v1/models/toy").json()
    assert info["details"] == {"odd": [None, None, 1.5], "file": "caf\\udce9"}
    assert info["result"] == {"loss": None}
    assert info["operations"] == ["write", "double", "add", "lose"]


def test_an_answer_that_a_service_loses_is_a_fault(open_client, caplog):
    response = open_client().ask("lose")
    assert response.status_code == 500
    assert "lose: 0 answers to 1 requests" in caplog.text


def test_a_client_that_leaves_before_its_turn_is_not_answered(listen, toy):
    server = listen()
    worker = server.models.find("toy").version.worker
    toy.service.gate.clear()
    with server.connect() as first:
        first.send(post("/v1/models/toy/double", {}, "Connection: close"))
        server.wait_until(lambda: toy.service.waits)
        with server.connect() as second:
            second.send(post("/v1/models/toy/double", {}))
            server.wait_until(lambda: worker.waiting == 2)
            time.sleep(SOON + 0.1)  # only then it is looked whether it is there
        time.sleep(0.1)
        toy.service.gate.set()
        assert first.rest().endswith(b'{"number":0}')
    server.wait_until(lambda: worker.waiting == 0)
    assert toy.service.batches == [1]


def test_two_requests_in_a_session_at_once(listen, toy):
    server = listen()
    with server.connect() as first, server.connect() as second, server.connect() as third:
        first.send(post("/v1/models/toy/add", {"number": 2, "keep": "session"}))
        name = json.loads(first.until(b"}").partition(b"\r\n\r\n")[2])["session"]
        toy.service.gate.clear()
        first.send(post("/v1/models/toy/add", {"number": 3, "session": name}))
        server.wait_until(lambda: toy.service.waits)
        for body in ({"number": 9, "session": name}, {"number": 9, "session": name, "keep": "session"}):
            second.send(post("/v1/models/toy/add", body))
            assert b"HTTP/1.1 409" in second.until(b"one request at a time in a session")
        second.send(post("/v1/models/toy/write", {"session": name, "stream": True}))
        assert b"HTTP/1.1 409" in second.until(b"one request at a time in a session")
        third.send(head("DELETE", f"/v1/models/toy/sessions/{name}"))
        assert b"HTTP/1.1 204" in third.until(b"\r\n\r\n")  # while it is used
        toy.service.gate.set()
        assert b'"total":5}' in first.until(b"}")
        first.send(post("/v1/models/toy/add", {"session": name}))
        assert b"HTTP/1.1 404" in first.until(b"}")


def test_many_requests_in_one_session_count_once_each(listen):
    server = listen()
    with server.connect() as wire:
        wire.send(post("/v1/models/toy/add", {"number": 0, "keep": "session"}))
        name = json.loads(wire.until(b"}").partition(b"\r\n\r\n")[2])["session"]
    wires = [server.connect() for _ in range(40)]
    for wire in wires:
        wire.send(post("/v1/models/toy/add", {"session": name}, "Connection: close"))
    answers = [wire.rest() for wire in wires]
    for wire in wires:
        wire.socket.close()
    taken = sum(b"HTTP/1.1 200" in answer for answer in answers)
    assert taken + sum(b"HTTP/1.1 409" in answer for answer in answers) == 40
    last = server.send(post("/v1/models/toy/add", {"number": 0, "session": name}, "Connection: close"))
    assert b'"total":%d}' % taken in last


def test_a_client_that_opens_many_sessions(open_client):
    client = open_client(max_sessions=50, session_seconds=1000)
    statuses = [client.ask("add", keep="session").status_code for _ in range(120)]
    assert statuses == [200] * 50 + [503] * 70
    for body in ({"keep": "session"}, {"keep": "session", "stream": True}):
        response = client.ask("write", **body)
        assert response.status_code == 503
        assert "there are 50 sessions" in response.json()["error"]
    assert client.answer("add", keep="state")["state"]
    assert len(client.models.find("toy").version.sessions) == 50
