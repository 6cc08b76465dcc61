"""A server that is killed, stopped, or whose run changes: clients learn what happened, and can go on."""

import contextlib
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from numerics import needs_extension
from serve_process import EventStream, ServeProcess, wait_until
from unrolled.runtime import load
from unrolled.symbols import UNK_ID
from unrolled.training.tensor_files import read_tensors, write_tensors

pytestmark = needs_extension
LONG = 50_000_000
"""Tokens that a test does not wait for."""


@pytest.fixture
def serve(start: Callable) -> Iterator[Callable[..., ServeProcess]]:
    """``serve(run, *options)`` starts a server on a free port."""
    servers: list[ServeProcess] = []

    def begin(run: Path, *options: object) -> ServeProcess:
        servers.append(ServeProcess(start("serve", run, "--port", 0, "--max-steps", LONG, *options)))
        return servers[-1]

    yield begin
    for server in servers:
        server.__exit__()


def write_alone(run: Path, prompt: str, seed: int, length: int) -> str:
    runtime = load(run)
    ids = runtime.read(prompt).generate(length, seed=seed, banned=(UNK_ID,))[:, 0]
    return runtime.tokenizer.decode(ids.tolist())


def change_weights(run: Path, factor: float) -> None:
    """Replace the weights of a run, as a new training does."""
    path = run / "model.safetensors"
    tensors, meta = read_tensors(path)
    write_tensors(path, {name: factor * tensor for name, tensor in tensors.items()}, meta)


def read_until_it_ends(stream: EventStream) -> str:
    """Return how a stream ends: "done", "error", or "closed" if the connection breaks."""
    try:
        return stream.rest()[0]
    except OSError:
        return "closed"


def test_a_server_that_was_killed_comes_back(serve, run_copy):
    server = serve(run_copy)
    session = server.generate(text="the ", length=30, seed=1, keep="session")
    kept = server.generate(text="the ", length=30, seed=1, keep="state")
    streams = [server.stream(text="a ", length=LONG, seed=seed) for seed in range(3)]
    endings: list[str] = []
    readers = [threading.Thread(target=lambda s=s: endings.append(read_until_it_ends(s))) for s in streams]
    for stream in streams:
        assert stream.next()[0] == "data"
    for reader in readers:
        reader.start()
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    for reader in readers:
        reader.join()
    assert endings == ["closed"] * 3

    again = serve(run_copy)
    status, answer = again.post("generate", session=session["session"], length=3)
    assert status == 404
    assert "there is no such session" in answer["error"]
    assert "trained again. Start a new session" in answer["error"]
    rest = again.generate(state=kept["state"], length=30, seed=2)
    runtime = load(run_copy)
    stream = runtime.read("the ")
    ids = [*stream.generate(30, seed=1, banned=(UNK_ID,)), *stream.generate(30, seed=2, banned=(UNK_ID,))]
    assert kept["text"] + rest["text"] == runtime.tokenizer.decode([int(i[0]) for i in ids])


def test_a_server_that_is_stopped_tells_those_who_wait(serve, run_copy):
    server = serve(run_copy, "--stop-seconds", "0.5")
    streams = [server.stream(text="a ", length=LONG, seed=seed) for seed in range(3)]
    for stream in streams:
        stream.next()
    server.process.send_signal(signal.SIGTERM)

    def is_refused() -> bool:
        try:
            server.ask("GET", "/healthz")
        except ConnectionRefusedError:
            return True
        except OSError:  # it was accepted before the server stopped to listen
            pass
        return False

    wait_until(is_refused)
    assert server.process.poll() is None
    for stream in streams:
        name, data = stream.rest()
        assert name == "error"
        assert data == {
            "error": "the server is stopping: the request was not finished; send it again when the server is "
            "back",
            "error_type": "BusyError",
        }
    assert server.wait() == 0
    assert server.errors == ["stopped\n"]


def test_a_second_signal_stops_at_once(serve, run_copy):
    server = serve(run_copy, "--stop-seconds", "60")
    stream = server.stream(text="a ", length=LONG, seed=1)
    stream.next()
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert server.process.poll() is None
    server.process.send_signal(signal.SIGINT)
    assert read_until_it_ends(stream) in ("error", "closed")
    assert server.wait() == 0
    assert server.errors == ["stopped\n"]


def test_requests_that_are_short_are_finished_before_a_server_stops(serve, run_copy):
    server = serve(run_copy)
    stream = server.stream(text="a ", length=20_000, seed=4)
    stream.next()
    server.process.send_signal(signal.SIGTERM)
    name, data = stream.rest()
    assert (name, data["tokens"]) == ("done", 20_000)
    assert stream.text == data["text"]
    assert server.wait() == 0


def test_a_run_that_changes_while_it_is_served(serve, run_copy, tmp_path):
    """One server lives through a new training, damage, a newer format and the end of its folder."""
    before = Path(shutil.copytree(run_copy, tmp_path / "before"))
    server = serve(run_copy, "--reload-seconds", "0.1")

    def version() -> str:
        return server.ask("GET", f"/v1/models/{server.name}")[1]["version"]

    def notes() -> list[str]:
        health = server.ask("GET", "/healthz")[1]
        assert health["status"] == "ok"
        return list(health["notes"].values())

    def write(run: Path) -> bool:
        """Return whether the server writes what the model of a run writes."""
        answer = server.generate(text="the ", length=40, seed=3)
        return answer["text"] == write_alone(run, "the ", 3, 40)

    # A new training: what is under way is finished by the old model, and its sessions end.
    first = version()
    session = server.generate(text="the ", length=5, keep="session")["session"]
    kept = server.generate(text="the ", length=5, keep="state")["state"]
    under_way = server.stream(text="the ", length=LONG, seed=3)
    under_way.next()
    change_weights(run_copy, 0.5)
    wait_until(lambda: version() != first)
    for _ in range(20):
        under_way.next()
    assert under_way.text == write_alone(before, "the ", 3, len(under_way.text))
    under_way.close()
    assert write(run_copy)
    assert not write(before)
    status, answer = server.post("generate", session=session, length=3)
    assert status == 404
    assert "the model was trained again" in answer["error"]
    status, answer = server.post("generate", state=kept, length=3)
    assert status == 409
    assert "the model was trained again" in answer["error"]

    # Damage and a newer format: the model answers as before, and the note says what is wrong.
    now = Path(shutil.copytree(run_copy, tmp_path / "now"))
    for name, damage, words in (
        ("model.safetensors", b"not a model", "model.safetensors"),
        ("config.json", newer_format(run_copy / "config.json"), "format 9999"),
    ):
        (run_copy / name).write_bytes(damage)
        [note] = wait_until(notes)
        assert words in note
        assert note.endswith("; the old model is still served")
        assert "\n" not in note
        assert write(now)
        shutil.copy(now / name, run_copy / name)
        wait_until(lambda: not notes())

    # The folder goes, and comes back.
    shutil.rmtree(run_copy)
    [note] = wait_until(notes)
    assert "the run folder is gone; the model is still served from memory" in note
    assert write(now)
    shutil.copytree(now, run_copy)
    wait_until(lambda: not notes())
    assert write(now)
    assert server.end(signal.SIGTERM) == 0
    assert sum("the run folder is gone" in line for line in server.errors) == 1
    assert sum("still served" in line for line in server.errors) == 3
    assert not any("Traceback" in line for line in server.errors)


def newer_format(path: Path) -> bytes:
    values = json.loads(path.read_text())
    assert isinstance(values["format"], int)
    return json.dumps(values | {"format": 9999}).encode()


def test_a_request_under_way_is_finished_after_a_reload(serve, run_copy, tmp_path):
    before = Path(shutil.copytree(run_copy, tmp_path / "before"))
    server = serve(run_copy, "--reload-seconds", "0.05")
    first = server.ask("GET", f"/v1/models/{server.name}")[1]["version"]
    length = 10_000
    while True:  # until the new model is there before the text has ended
        stream = server.stream(text="a ", length=length, seed=5)
        change_weights(run_copy, 0.9)
        ended = threading.Event()
        last: list = []

        def read(stream=stream, ended=ended, last=last) -> None:
            last.append(stream.rest())
            ended.set()

        threading.Thread(target=read).start()
        wait_until(lambda: server.ask("GET", f"/v1/models/{server.name}")[1]["version"] != first)
        came_first = not ended.is_set()
        wait_until(ended.is_set)
        if came_first:
            break
        shutil.copy(before / "model.safetensors", run_copy / "model.safetensors")
        wait_until(lambda: server.ask("GET", f"/v1/models/{server.name}")[1]["version"] == first)
        length *= 4
    name, data = last[0]
    assert name == "done"
    assert data["text"] == stream.text == write_alone(before, "a ", 5, length)


@pytest.mark.slow
def test_a_server_stops_in_the_middle_of_a_long_computation(serve, run_copy):
    limits = ("--max-body", 20_000_000, "--max-characters", 20_000_000)
    server = serve(run_copy, "--stop-seconds", "0", *limits)
    body = json.dumps({"texts": ["the miller " * 50_000] * 25})
    with contextlib.closing(server.connect()) as connection:
        path = f"/v1/models/{server.name}/score"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        wait_until(lambda: f'unrolled_waiting{{model="{server.name}"}} 1.0' in metrics(server))
        assert server.end(signal.SIGTERM) == 0
    assert server.errors[-1] == "stopped in the middle of a long computation\n"


def metrics(server: ServeProcess) -> str:
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
