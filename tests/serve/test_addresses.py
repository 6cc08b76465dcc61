"""Addresses and methods: what is there, and one line about all else, whatever a client writes."""

import re
from urllib.parse import urljoin

import pytest

from serving import TASKS, head
from unrolled.serve.pages import STATIC

PATHS = [
    "/",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/models/toy",
    "/static/shell/shell.css",
    "/v1/models",
    "/v1/models/toy",
    "/v1/models/toy/double",
    "/v1/models/toy/sessions/a",
]
NOWHERE = [
    "/static/../../etc/passwd",
    "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
    "/static/..%2f..%2fapp.py",
    "/static/..%5c..%5capp.py",
    "/static/../app.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/",
    "/static",
    "/static/shell",
    "/static/%00",
    "/static/shell/shell.css%00",
    "/static/" + "a" * 5000,
    "/static/" + "a/" * 5000,
    "//",
    "//evil.example/",
    "/v1",
    "/v1/",
    "/v1//models",
    "/v1/models/",
    "/v1/models/toy/",
    "/v1/models//double",
    "/v1/models/../../metrics/x",
    "/healthz/",
    "/models/",
    "/models/toy/",
    "/models/%0d%0aSet-Cookie:%20a=b",
    "/models/__BODY__",
    "/v1/models/%ff",
    "/v1/models/%ed%a0%80",
    "/v1/models/%00",
    "/v1/models/{model}",
    "/v1/models/%E2%80%AE",
    "/v1/models/" + "a" * 60_000,
    "/%",
    "/%zz",
    "/favicon.ico",
    "/robots.txt",
    "*",
]


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture(scope="module")
def server():
    """A server of a toy, for tests that send bytes."""
    from serving import Toy, listening, setting

    with listening({"toy": Toy()}, setting()) as running:
        yield running
        assert [record.getMessage() for record in running.log] == []


@pytest.mark.parametrize("path", NOWHERE, ids=lambda path: path[:30])
def test_addresses_that_are_not_there(server, path):
    answer = server.send(head("GET", path, headers=["Connection: close"]))
    start, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == 404
    assert b"application/json" in start
    assert b"location:" not in start.lower()  # nobody is sent elsewhere
    assert b"set-cookie" not in start.lower()
    assert b'"error":"' in body
    assert b"root:" not in body
    assert b"def " not in body
    assert len(body) < 1000


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]
)
def test_every_method_at_every_address(server, method, path):
    answer = server.send(head(method, path, headers=["Connection: close", "Content-Length: 0"]))
    start, _, body = answer.partition(b"\r\n\r\n")
    allowed = {"POST"} if path.endswith("/double") else {"DELETE"} if "sessions" in path else {"GET", "HEAD"}
    if method in allowed:
        expected = {"POST": 415, "DELETE": 404}.get(method, 200)
        assert status(answer) == expected
    else:
        assert status(answer) == 405
        names = re.search(rb"(?i)\r\nallow: ([A-Z, ]*)", start)[1].decode().split(", ")
        assert set(names) == allowed
        assert method == "HEAD" or f"{method} cannot be used here; use".encode() in body
    assert method != "HEAD" or body == b""


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: " + "a" * 50_000,
        "Content-Type: " + "a" * 50_000,
        "Content-Type: application/json; charset=\xff",
        "X-Forwarded-For: " + "1.2.3.4, " * 5000,
        "X-Forwarded-For: \xff\xfe, ,,",
        "X-Forwarded-Proto: javascript",
        "Cookie: " + "a=b; " * 10_000,
        "Range: bytes=0-0,1-1,2-2",
        "Range: bytes=99999999999999999999-",
        "If-None-Match: " + '"a", ' * 5000,
        "If-Modified-Since: no date",
        "Accept-Encoding: gzip;q=nan",
        "Origin: null",
        "Transfer-Encoding: identity",
        "Content-Length: 5",
    ],
    ids=lambda header: header[:32],
)
@pytest.mark.parametrize("path", ["/healthz", "/static/shell/shell.css", "/v1/models/toy/double"])
def test_odd_headers(server, path, header):
    method = "POST" if path.endswith("double") else "GET"
    lines = [header.encode("latin-1").decode("latin-1"), "Connection: close"]
    request = head(method, path, headers=lines).decode().encode("latin-1") + b"     "
    answer = server.send(request)
    assert 200 <= status(answer) < 500


@pytest.mark.parametrize(("count", "expected"), [(200, 200), (300, 400), (8000, 400)])
def test_many_headers(server, count, expected):
    answer = server.send(head("GET", "/healthz", headers=["Connection: close"] + ["a: b"] * count))
    assert status(answer) == expected


@pytest.mark.parametrize("rate", [0, 1000])
def test_addresses_of_a_proxy_do_not_fill_the_memory(open_client, rate):
    client = open_client(rate=rate)
    for number in range(50):
        headers = {"X-Forwarded-For": f"{number}" * 1000}
        assert client.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize("task", TASKS)
def test_every_page_finds_its_files(open_client, trained, task):
    """Pages, the scripts and styles they name, and what those import."""
    client = open_client({task: trained(task)})
    wanted, seen = ["/", f"/models/{task}", "/nowhere"], set()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == (404 if path == "/nowhere" else 200), path
        kind = response.headers["content-type"].partition(";")[0]
        if path.startswith("/static/"):
            suffix = path.rpartition(".")[2]
            assert kind in {"css": ["text/css"], "js": ["text/javascript"], "svg": ["image/svg+xml"]}[suffix]
            assert response.headers["etag"]
        else:
            assert kind == "text/html"
            assert "__" not in re.sub(r'data-model="[^"]*"', "", response.text)
        names = re.findall(r'(?:src|href)="(/[^"#]+)"', response.text)
        names += re.findall(r'(?:from|import)\s*\(?"(\.[\w./-]+)"', response.text)
        names += re.findall(r'@import (?:url\()?"([^"]+)"', response.text)
        wanted += [
            urljoin(path, name) for name in names if not name.startswith(("/models", "/v1", "/openapi"))
        ]
    missing = {
        f"/static/{path.relative_to(STATIC)}"
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css", ".svg")
        and path.parent.name in (task, "shell", "gallery", "missing")
    } - seen
    assert not missing, "no page uses these files"
