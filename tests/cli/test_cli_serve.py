"""``unrolled serve``: what it refuses, each in one line, and how it begins and ends."""

import contextlib
import http.client
import json
import re
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from numerics import needs_extension
from serve_process import ServeProcess, wait_until
from unrolled.cli import serve
from unrolled.cli.serve import _announce, _name_runs, _read_token
from unrolled.errors import ConfigError

pytestmark = needs_extension


@pytest.fixture
def taken():
    """A port on which another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_without_a_run_it_asks_for_one(command):
    assert "give the run folder of a trained model" in command("serve").error


def test_a_port_that_is_in_use(command, tiny_run, taken):
    error = command("serve", tiny_run, "--port", taken).error
    assert (
        f"cannot listen on 127.0.0.1, port {taken}: another program uses this port; give another one with "
        "--port" in error
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1, port 0: Cannot assign requested address"),
        (["--host", "no such host"], "give an address of this computer with --host"),
        (["--host", ""], "--host ''"),
        (["--port", "65536"], "--port 65536: must lie in 0..65535"),
        (["--port", "http"], "--port 'http': is not a whole number"),
        (["--precision", "int9"], "did you mean 'int8'?"),
        (["--max-body", "0"], "--max-body 0: must be at least 1"),
        (["--max-rows", "5000"], "--max-rows 5000: must lie in 1..4096"),
        (["--max-sessions", "-1"], "--max-sessions -1: must not be negative"),
        (["--session-seconds", "nan"], "--session-seconds nan: must be positive"),
        (["--rate", "inf"], "--rate inf: must be a finite number"),
        (["--client-seconds", "inf"], "--client-seconds inf: must be a finite, positive number"),
        (["--client-seconds", "0"], "--client-seconds 0.0: must be a finite, positive number"),
        (["--stop-seconds", "inf"], "--stop-seconds inf: must be a finite number"),
        (["--reload-seconds", "-1"], "--reload-seconds -1.0: must be a finite number, and not negative"),
        (["--allow-origin", "example.org"], "give the scheme and host of a web site"),
        (["--allow-origin", "https://example.org/"], "give the scheme and host of a web site"),
        (["--tokens", "a"], "--token"),
    ],
    ids=" ".join,
)
def test_wrong_options(command, tiny_run, words, message):
    assert message in command("serve", tiny_run, "--port", 0, *words).error


def test_a_folder_that_is_no_run(command, tmp_path):
    assert "no such run folder" in command("serve", tmp_path / "none", "--port", 0).error
    assert "config.json: missing" in command("serve", tmp_path, "--port", 0).error


def test_runs_that_cannot_be_read(command, run_copy):
    path = run_copy / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"format": 99}))
    assert "newer unrolled (format 99" in command("serve", run_copy, "--port", 0).error
    path.write_text(json.dumps(config))
    weights = run_copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    assert "model.safetensors" in command("serve", run_copy, "--port", 0).error
    weights.unlink()
    assert "model.safetensors" in command("serve", run_copy, "--port", 0).error


def test_the_names_of_models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b").mkdir()
    assert {name: str(path) for name, path in _name_runs(["x/run", "y=x/run", "a=b", "ä 1=z"]).items()} == {
        "run": "x/run",
        "y": "x/run",
        "a=b": "a=b",  # a folder of this name
        "ä 1": "z",
    }
    assert list(_name_runs(["."])) == [tmp_path.name]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["a/run", "b/run"], "two models have the name 'run'; give one of them another name: NAME=b/run"),
        (["x=a", "x=b"], "two models have the name 'x'"),
        (["x="], "give RUN, or NAME=RUN"),
        (["a/b=c"], "give RUN, or NAME=RUN"),
        (["/"], "give RUN, or NAME=RUN"),
        (["..=c"], "cannot be part of an address; give another name, NAME=c"),
        (["a\nb=c"], "cannot be part of an address"),
        (["\u202ea=c"], "cannot be part of an address"),
        (["a\udcff=c"], "cannot be part of an address"),
    ],
    ids=ascii,
)
def test_names_that_cannot_be_used(runs, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        _name_runs(runs)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "the token needs at least 8 ASCII characters, and no blanks"),
        (b"short\n", "the token needs at least 8"),
        (b"with blanks in it", "the token needs at least 8"),
        (b"one\ntwo-lines", "the token needs at least 8"),
        ("pässword".encode(), "the token needs at least 8"),
        (b"\xff\xfe\xff", "is not UTF-8"),
    ],
    ids=repr,
)
def test_wrong_token_files(command, tiny_run, tmp_path, content, message):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    error = command("serve", tiny_run, "--port", 0, "--token-file", path).error
    assert message in error
    assert str(path) in error


def test_a_token_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(serve.TOKEN_VARIABLE, raising=False)
    assert _read_token("") == ""
    monkeypatch.setenv(serve.TOKEN_VARIABLE, " of-the-environment \n")
    assert _read_token("") == "of-the-environment"
    (tmp_path / "token").write_text("of-a-file\n")
    assert _read_token(str(tmp_path / "token")) == "of-a-file"
    monkeypatch.setenv(serve.TOKEN_VARIABLE, "short")
    with pytest.raises(ConfigError, match="UNROLLED_TOKEN: the token needs"):
        _read_token("")


def test_it_says_where_the_models_are(capsys, monkeypatch):
    class Model:
        def __init__(self, name):
            self.name = name
            self.loaded = type("Loaded", (), {"spec": type("Spec", (), {"verb": "lm"})})

    def announce(host, token=""):
        args = serve.Arguments(runs=("a",), server=serve.ServeOptions(host=host))
        _announce([Model("a b"), Model("ä")], serve._address(host, 80), args, token)
        return capsys.readouterr()

    shown = announce("127.0.0.1")
    assert "serving http://127.0.0.1:80\n" in shown.out
    assert "http://127.0.0.1:80/models/a%20b" in shown.out
    assert shown.err == ""
    assert "http://[::1]:80/models/" in announce("::").out
    assert "http://[fe80::1]:80/models/" in announce("fe80::1").out
    assert "without a token" in announce("0.0.0.0").err
    assert announce("0.0.0.0", "a-secret-token").err == ""


def get(address, port, path="/healthz"):
    with contextlib.closing(http.client.HTTPConnection(address, port, timeout=20)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_it_serves_ipv6_and_stops_at_a_signal(start, tiny_run):
    with socket.socket(socket.AF_INET6) as any_port:
        try:
            any_port.bind(("::1", 0))
        except OSError:
            pytest.skip("this system has no IPv6")
    with start("serve", f"six={tiny_run}", "--host", "::1", "--port", 0) as server:
        first = server.stdout.readline()
        second = server.stdout.readline()
        port = int(re.fullmatch(r"serving http://\[::1\]:(\d+)\n", first)[1])
        assert f"http://[::1]:{port}/models/six" in second
        assert get("::1", port) == (200, {"status": "ok", "models": 1, "notes": {}})
        assert get("::1", port, "/v1/models")[0] == 200
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
        assert out == ""
        assert err == "stopped\n"
        assert server.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_the_second_interrupt_does_not_wait(start, tiny_run):
    options = ("--port", 0, "--stop-seconds", 1000, "--max-steps", 10**9)
    with ServeProcess(start("serve", tiny_run, *options)) as server, ThreadPoolExecutor() as pool:
        server.stream(text="a", length=10**9)  # which nobody reads
        read = server.stream(text="a", length=10**9)
        reading = pool.submit(read.rest)
        server.process.send_signal(signal.SIGINT)
        wait_until(lambda: not can_connect(server.port))
        assert not reading.done()  # it goes on
        assert server.end(signal.SIGINT) == 0
        assert reading.result()[0] == "error"
        assert server.errors == ["stopped\n"]


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
    except OSError:
        return False
    return True
