"""Who may ask: tokens, host names, rates, and headers of every answer."""

import pytest

from unrolled.serve.errors import RateError
from unrolled.serve.guards import MOST_CLIENTS, Rates, answered_hosts, host_name

TOKEN = "a-long-secret-token"
API = ["/v1/models", "/v1/models/toy", "/metrics", "/openapi.json"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.thin(4)
@pytest.mark.parametrize("path", API)
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        f"bearer{TOKEN}",
        "Bearer é",
    ],
)
def test_the_api_needs_the_token(open_client, path, header):
    client = open_client(token=TOKEN)
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    response = client.get(path, headers=headers)
    assert response.status_code == 401
    assert response.json()["error_type"] == "AuthenticationError"
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in response.text


def test_operations_and_sessions_need_the_token(open_client):
    client = open_client(token=TOKEN)
    assert client.ask("double").status_code == 401
    assert client.delete("/v1/models/toy/sessions/a").status_code == 401
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    assert client.answer("double", number=2) == {"number": 4}
    for path in API:
        assert client.get(path).status_code == 200
    client.headers["Authorization"] = f"bearer {TOKEN}"
    assert client.get(API[0]).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/models/toy", "/static/shell/shell.css"])
def test_pages_need_no_token(open_client, path):
    assert open_client(token=TOKEN).get(path).status_code == 200


def test_models_are_not_listed_without_the_token(open_client):
    client = open_client(token=TOKEN)
    for headers in ({}, {"Accept": "text/html"}):
        response = client.get("/models/other", headers=headers)
        assert response.status_code == 404
        assert "toy" not in response.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "[::2]",
        "0.0.0.0",
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/models", "/static/shell/shell.css", "/healthz"])
def test_a_server_of_this_computer_answers_for_no_other_name(open_client, host, path):
    response = open_client().get(path, headers={"Host": host})
    assert response.status_code == 421
    assert "answers only to localhost, 127.0.0.1" in response.json()["error"]


@pytest.mark.parametrize("host", ["localhost", "LocalHost:80", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_names_of_this_computer_are_answered(open_client, host):
    assert open_client().get("/healthz", headers={"Host": host}).status_code == 200


def test_a_server_of_all_addresses_answers_for_all_names(open_client):
    client = open_client(host="0.0.0.0")
    assert client.get("/healthz", headers={"Host": "example.org"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("::1", "[::1]"),
        ("0:0:0:0:0:0:0:1", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_every_address_of_this_computer_alone_is_guarded(host, allowed):
    assert allowed in answered_hosts(host)
    assert "localhost" in answered_hosts(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", "fe80::1"])
def test_other_addresses_are_not_guarded(host):
    assert answered_hosts(host) == ()


@pytest.mark.parametrize(
    ("header", "name"),
    [("a:1", "a"), ("A", "a"), ("[::1]:80", "[::1]"), ("[::1", "[::1]"), (":80", ""), ("", "")],
)
def test_the_port_is_no_part_of_the_name(header, name):
    assert host_name(header) == name


def test_rates_allow_bursts_and_then_a_request_at_a_time():
    clock = Clock()
    rates = Rates(2, clock)
    for _ in range(4):
        rates.count("a")
    with pytest.raises(RateError, match="at most 2 per second"):
        rates.count("a")
    rates.count("b")  # another client
    clock.now = 0.5
    rates.count("a")
    with pytest.raises(RateError):
        rates.count("a")
    clock.now = 1000
    for _ in range(4):  # what is saved up has a limit
        rates.count("a")
    with pytest.raises(RateError):
        rates.count("a")


def test_slow_rates_allow_one_request_at_once():
    clock = Clock()
    rates = Rates(0.1, clock)
    rates.count("a")
    with pytest.raises(RateError):
        rates.count("a")
    clock.now = 10
    rates.count("a")


def test_the_memory_of_rates_is_bounded():
    rates = Rates(1, Clock())
    for number in range(MOST_CLIENTS + 500):
        rates.count(str(number))
    assert len(rates._clients) == MOST_CLIENTS


def test_too_many_requests_are_told_to_wait(open_client):
    client = open_client(rate=1)
    statuses = [client.get("/v1/models").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert client.get("/v1/models").headers["retry-after"] == "1"
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/models/toy", "/v1/models", "/nothing", "/static/shell/shell.css", "/v1/models/other"]
)
def test_answers_have_the_headers_that_protect_pages(open_client, path):
    headers = open_client().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


ORIGIN = "https://example.org"


def test_other_sites_may_not_use_the_api(open_client):
    client = open_client()
    assert "access-control-allow-origin" not in client.get("/v1/models", headers={"Origin": ORIGIN}).headers
    preflight = client.options(
        "/v1/models/toy/double", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers


def test_a_site_that_is_named_may_use_the_api(open_client):
    client = open_client(allow_origin=ORIGIN, token=TOKEN)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = client.options("/v1/models/toy/double", headers={"Origin": ORIGIN} | asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    refused = client.options("/v1/models/toy/double", headers={"Origin": "https://evil.example"} | asked)
    assert refused.status_code == 400
    error = client.post("/v1/models/toy/double", json={}, headers={"Origin": ORIGIN})
    assert error.status_code == 401
    assert error.headers["access-control-allow-origin"] == ORIGIN  # the site can read the error
