"""Connections: clients that send slowly or too much, do not read, leave, or speak something else."""

import json
import socket
import time

import pytest

from serving import head, post
from unrolled.serve.protocol import make_protocol

HEALTH = head("GET", "/healthz")
LAST = head("GET", "/healthz", headers=["Connection: close"])
SECONDS = 0.3
"""Time that clients get in these tests."""


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> dict:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def drip(wire, piece: bytes, seconds: float = 5.0) -> float:
    """Send a piece again and again; return after how long the server closed the connection."""
    began = time.monotonic()
    wire.socket.settimeout(0.02)
    while time.monotonic() - began < seconds:
        try:
            wire.socket.sendall(piece)
            if not wire.socket.recv(65_536):
                break
        except TimeoutError:
            pass
        except OSError:
            break
    return time.monotonic() - began


SLOW = {
    "the head": (b"GET /healthz HTTP/1.1\r\n", b"a"),
    "the head of the second request": (HEALTH, b"G"),
    "empty lines": (b"", b"\r\n"),
    "empty lines after an answer": (HEALTH, b"\r\n"),
    "nothing": (b"", b""),
    "nothing after an answer": (HEALTH, b""),
    "a body": (post("/v1/models/toy/double", b" ").replace(b"Length: 1", b"Length: 9999"), b" "),
    "a body that nobody reads": (head("GET", "/healthz", headers=["Content-Length: 9999"]), b"a"),
    "a body that was refused": (
        post("/v1/models/none/double", b" ").replace(b"Length: 1", b"Length: 9999"),
        b" ",
    ),
    "trailers": (head("GET", "/healthz", headers=["Transfer-Encoding: chunked"]) + b"0\r\n", b"a: b\r\n"),
    "another protocol": (head("GET", "/healthz", headers=["Connection: upgrade", "Upgrade: h2c"]), b"a"),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_client_that_sends_slowly_is_closed(listen, what):
    server = listen(client_seconds=SECONDS)
    first, piece = SLOW[what]
    with server.connect() as wire:
        wire.send(first)
        assert drip(wire, piece) < 3


def test_a_slow_body_gets_an_answer(listen):
    server = listen(client_seconds=SECONDS)
    answer = server.send(post("/v1/models/toy/double", b" ").replace(b"Length: 1", b"Length: 9"))
    assert status(answer) == 408
    assert body(answer)["error"] == "the request did not arrive within 0.3 seconds"


def test_a_request_that_runs_is_not_closed(listen, toy):
    server = listen(client_seconds=SECONDS)
    toy.service.gate.clear()
    with server.connect() as wire:
        wire.send(post("/v1/models/toy/double", {"number": 3}))
        wire.send(b"G")  # the next request, which arrives slowly
        time.sleep(3 * SECONDS)
        toy.service.gate.set()
        assert b'{"number":6}' in wire.until(b"}")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 80_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
        b"GET / HTTP/1.1\r\na: " + b"b" * 100_000,
        b"\r\n" * 50_000,
        HEALTH + b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
    ],
    ids=["address", "many headers", "long header", "empty lines", "second request"],
)
def test_a_head_that_is_too_large_is_refused(listen, sent):
    answers = listen().send(sent)
    last = answers[answers.rindex(b"HTTP/1.1 ") :]
    assert status(last) == 400
    assert body(last)["error"]


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_refused(listen, sent):
    answer = listen().send(sent)
    assert status(answer) in (400, 404)
    assert b"Traceback" not in answer


def test_older_and_simple_clients_are_answered(listen):
    server = listen()
    answer = server.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert (status(answer), body(answer)["status"]) == (200, "ok")
    assert status(server.send(b"GET /healthz HTTP/1.0\r\n\r\n")) == 421
    answer = server.send(LAST.replace(b"GET", b"HEAD"))
    assert (status(answer), answer.partition(b"\r\n\r\n")[2]) == (200, b"")


def test_requests_on_one_connection_are_answered_in_their_order(listen):
    server = listen()
    requests = [post("/v1/models/toy/add", {"number": n}) for n in range(200)]
    answers = server.send(b"".join(requests) + LAST)
    assert [f'{{"total":{n}}}'.encode() in answers for n in range(200)] == [True] * 200
    assert answers.index(b'{"total":7}') < answers.index(b'{"total":8}')
    assert answers.count(b"HTTP/1.1 200") == 201


LONG = {"length": 10**9, "stream": True}


@pytest.mark.parametrize("pipelined", [b"", HEALTH, 5 * HEALTH], ids=["alone", "one more", "five more"])
@pytest.mark.parametrize("how", ["closes", "resets", "closes its side"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "answer"])
def test_a_client_that_leaves_ends_its_row(listen, toy, pipelined, how, stream):
    server = listen(max_steps=10**9)
    worker = server.models.find("toy").version.worker
    with server.connect() as wire:
        wire.send(post("/v1/models/toy/write", LONG | {"stream": stream}) + pipelined)
        server.wait_until(lambda: toy.service.turns)
        if how == "resets":
            wire.reset()
        elif how == "closes its side":
            wire.socket.shutdown(socket.SHUT_WR)
            server.wait_until(lambda: toy.service.ended)
    server.wait_until(lambda: toy.service.ended)
    server.wait_until(lambda: worker.waiting == 0)


def test_a_client_that_does_not_read_is_closed(listen, toy):
    server = listen(client_seconds=SECONDS, max_steps=10**9)
    with server.connect(receive_buffer=4096) as wire:
        wire.send(post("/v1/models/toy/write", LONG | {"line": "a" * 10_000}))
        server.wait_until(lambda: toy.service.ended)
        assert server.models.find("toy").version.worker.waiting == 0
        wire.rest()


def test_a_client_that_does_not_read_an_answer_is_closed(listen):
    server = listen(client_seconds=SECONDS, max_steps=10**9)
    with server.connect(receive_buffer=4096) as wire:
        wire.send(post("/v1/models/toy/write", {"length": 2000, "line": "a" * 5000}, "Connection: close"))
        time.sleep(4 * SECONDS)
        assert len(wire.rest()) < 10_000_000


def test_a_client_that_reads_slowly_gets_all(listen):
    server = listen(client_seconds=SECONDS, max_steps=10**9)
    size = 0
    with server.connect(receive_buffer=100_000) as wire:
        wire.send(post("/v1/models/toy/write", {"length": 1600, "line": "a" * 5000}, "Connection: close"))
        while part := wire.receive(200_000):
            size += len(part)
            time.sleep(0.02)
    assert size > 8_000_000


def test_many_idle_connections_do_not_keep_others_out(listen):
    server = listen(max_connections=30)
    idle = [server.connect() for _ in range(150)]
    try:
        assert status(server.send(LAST)) == 200
        idle[-1].send(LAST)  # the last ones still have their turn
        assert status(idle[-1].rest()) == 200
        assert idle[0].rest() == b""
    finally:
        for wire in idle:
            wire.socket.close()


def test_too_many_busy_connections_are_told_so(listen, toy):
    server = listen(max_connections=3)
    toy.service.gate.clear()
    busy = [server.connect() for _ in range(3)]
    for wire in busy:
        wire.send(post("/v1/models/toy/double", {}, "Connection: close"))
    server.wait_until(lambda: server.models.find("toy").version.worker.waiting == 3)
    answer = server.send(HEALTH)
    assert status(answer) == 503
    assert "too many connections" in body(answer)["error"]
    assert b"retry-after: 1\r\n" in answer
    toy.service.gate.set()
    for wire in busy:
        assert status(wire.rest()) == 200
        wire.socket.close()
    assert status(server.send(LAST)) == 200


def test_a_body_that_is_too_large_gets_an_answer(listen):
    server = listen(max_body=50_000)
    for large in (b" " * 60_000, b" " * 700_000):
        answer = server.send(post("/v1/models/toy/double", large))
        assert status(answer) == 413
        assert "send at most 50,000 bytes" in body(answer)["error"]
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
    start = head(
        "POST",
        "/v1/models/toy/double",
        headers=["Content-Type: application/json", "Transfer-Encoding: chunked"],
    )
    assert status(server.send(start + 6 * chunk + b"0\r\n\r\n")) == 413
    with server.connect() as wire:  # one without an end
        wire.send(start + 500 * chunk)
        wire.rest()
    answer = server.send(
        head(
            "POST",
            "/v1/models/toy/double",
            headers=["Content-Type: application/json", "Expect: 100-continue", "Content-Length: 60000"],
        )
    )
    assert status(answer) == 413


def test_a_body_is_asked_for(listen):
    server = listen()
    request = post("/v1/models/toy/double", {"number": 2}, "Expect: 100-continue", "Connection: close")
    start, _, rest = request.partition(b"\r\n\r\n")
    with server.connect() as wire:
        wire.send(start + b"\r\n\r\n")
        assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(rest)
        assert wire.rest().endswith(b'{"number":4}')


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_other_protocols_are_not_spoken(listen, upgrade):
    headers = ["Connection: upgrade, close", f"Upgrade: {upgrade}", "Sec-WebSocket-Version: 13"]
    assert status(listen().send(head("GET", "/healthz", headers=headers))) == 200


def test_the_http_server_has_every_method_that_is_replaced():
    """Of another version of it, a method that has gone would never be called."""
    replaced = make_protocol(1.0)
    own = {"_abort", "_check_reading", "_close", "_make_room"} | {
        f"_{verb}{kind}_timer" for verb in ("start", "stop") for kind in ("", "_reading")
    }
    methods = {name for name, value in vars(replaced).items() if callable(value)}
    assert methods - own <= {name for kind in replaced.__mro__[1:] for name in vars(kind)}
    assert {"_start_asgi_task", "send_400_response", "on_response_complete"} <= methods - own
