"""``unrolled bench serve``: texts that are wrong or missing are found, and the figures are those measured."""

import asyncio
import dataclasses
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cases import CASES
from numerics import needs_extension
from unrolled import Classifier
from unrolled.bench.errors import BenchError
from unrolled.bench.serving import measure
from unrolled.bench.serving.latencies import Latencies
from unrolled.bench.serving.measure import ServeBenchmark, ServeLoad
from unrolled.bench.serving.oneshot import OneShotLoad
from unrolled.bench.serving.process import ServerProcess
from unrolled.bench.serving.questions import label_questions, score_alone, score_question
from unrolled.bench.serving.scripts import Part, Script, make_scripts
from unrolled.bench.serving.streams import Receiver, StreamLoad, StreamResult
from unrolled.cli.main import main
from unrolled.errors import ConfigError
from unrolled.runtime import load
from unrolled.tasks.lm.runtime import LanguageRuntime

pytestmark = needs_extension
SECONDS = 0.4


@pytest.fixture(scope="module")
def runtime(tiny_run: Path) -> LanguageRuntime:
    return load(tiny_run)


@pytest.fixture(scope="module")
def scripts(runtime: LanguageRuntime) -> list[Script]:
    return make_scripts(runtime, 8, 60)


@pytest.fixture(scope="module")
def server(tiny_run: Path) -> Iterator[ServerProcess]:
    with ServerProcess(str(tiny_run)) as running:
        yield running


def run_streams(server: ServerProcess, scripts: list[Script]) -> StreamResult:
    return asyncio.run(StreamLoad(server.port, scripts).run(SECONDS))


def test_percentiles_are_those_of_the_times() -> None:
    times = np.random.default_rng(0).lognormal(-6, 1.5, 3999)
    latencies, weighted = Latencies(), Latencies()
    for time in times:
        latencies.add(time)
        weighted.add(time, 3)
    assert (latencies.count, weighted.count) == (3999, 11_997)
    for which in (1, 50, 99, 99.9):
        expected = np.percentile(times, which, method="inverted_cdf")
        assert latencies.percentile(which) == pytest.approx(expected, rel=0.01)
        assert weighted.percentile(which) == latencies.percentile(which)
    assert np.isnan(Latencies().percentile(50))


def test_scripts_are_what_the_model_writes(runtime: LanguageRuntime, scripts: list[Script]) -> None:
    assert [script.kind for script in scripts] == ["alone", "session", "alone", "state"] * 2
    assert [len(script.parts) for script in scripts] == [1, 4, 1, 4] * 2
    alone, part = scripts[0], scripts[0].parts[0]
    assert part.expected == "".join(runtime.stream_text(alone.prompt, part.length, seed=part.seed))
    begins = scripts[1].parts[0]
    assert begins.expected == "".join(runtime.stream_text(scripts[1].prompt, begins.length, seed=begins.seed))
    assert len({p.seed for script in scripts for p in script.parts}) == 20


def test_every_text_of_a_server_is_right(server: ServerProcess, scripts: list[Script]) -> None:
    result = run_streams(server, scripts)
    assert result.errors.examples == result.wrong.examples == []
    assert result.requests > 8
    assert 1 <= result.cut <= 8
    assert result.tokens >= sum(part.length for script in scripts for part in script.parts)
    assert result.first.count >= result.requests
    assert result.seconds >= SECONDS
    assert server.cpu_seconds()[1] > 0
    assert server.resident_megabytes() > 10


@pytest.mark.parametrize("kind", ["alone", "session", "state"])
def test_a_text_of_another_stream_is_found(server: ServerProcess, scripts: list[Script], kind: str) -> None:
    first, second = [script for script in scripts if script.kind == kind][:2]
    parts = tuple(
        dataclasses.replace(a, expected=b.expected) for a, b in zip(first.parts, second.parts, strict=True)
    )
    result = run_streams(server, [dataclasses.replace(first, parts=parts)])
    assert result.wrong.count > 0
    assert f"seed {first.parts[0].seed}: got " in result.wrong.examples[0]
    assert result.requests == 0


@pytest.mark.parametrize(("written", "is_right"), [("", True), ("the he", True), ("the hx", False)])
def test_a_text_that_is_cut_off_is_checked_as_far_as_it_came(written: str, is_right: bool) -> None:
    result = StreamResult()
    receiver = Receiver(Part(1, 9, "the heron"), result)
    receiver.take(b"data", json.dumps({"text": written, "tokens": len(written)}).encode(), 0.0)
    assert receiver.check(complete=False) is is_right
    assert not receiver.check(complete=True)
    assert result.wrong.count == 2 - is_right


def test_refused_requests_are_errors(server: ServerProcess, scripts: list[Script]) -> None:
    part = dataclasses.replace(scripts[0].parts[0], length=10**6)
    result = run_streams(server, [Script("alone", "", (part,))])
    assert result.errors.count >= 1
    assert "length: 1,000,000 is too many" in result.errors.examples[0]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = asyncio.run(StreamLoad(port, scripts).run(0.05))
    assert nobody.errors.count == 8
    assert nobody.requests == nobody.tokens == 0


def test_scores_are_checked(server: ServerProcess, runtime: LanguageRuntime) -> None:
    text = "the miller mends"
    right = score_alone(runtime, text)
    result = asyncio.run(OneShotLoad(server.port, [score_question(text, right)] * 4).run(SECONDS))
    assert result.requests > 4
    assert result.errors.count == result.wrong.count == 0
    wrong = asyncio.run(OneShotLoad(server.port, [score_question(text, 1.01 * right)]).run(SECONDS))
    assert wrong.wrong.count > 0
    assert wrong.requests == 0


def test_a_server_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"the server did not start: .*nothing"):
        ServerProcess(str(tmp_path / "nothing")).__enter__()


def test_wrong_options_are_refused(tiny_words, tmp_path: Path) -> None:
    for options in ({"streams": 0}, {"streams": 1000}, {"seconds": 0}, {"seconds": 1e9}, {"length": 5}):
        with pytest.raises(ConfigError, match="must lie in"):
            ServeLoad(**options)
    tiny_words.save(tmp_path / "words")
    with pytest.raises(ConfigError, match="needs a language model of characters"):
        ServeBenchmark(str(tmp_path / "words"), ServeLoad())


@pytest.mark.parametrize("sides", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_command_prints_a_table_and_writes_the_figures(
    tiny_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sides: int,
) -> None:
    monkeypatch.setattr(measure, "SIDES", measure.SIDES[:sides])
    monkeypatch.setattr(measure, "CEILING_SECONDS", 0.01)
    options = ("--streams", "6", "--seconds", "0.3", "--length", "200")
    assert main(["bench", "serve", str(tiny_run), *options, "--out", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "engine alone, 6 rows, one core: " in table
    rows = {line[2:].partition("  ")[0]: line.split()[-sides:] for line in table.splitlines()}
    assert rows["wrong texts"] == rows["errors"] == ["0"] * sides
    assert ("times the tokens/s" in table) == (sides == 2)
    values = json.loads((tmp_path / "serve.json").read_text())
    assert [side["name"] for side in values["sides"]] == ["batched", "one at a time"][:sides]
    for side in values["sides"]:
        assert side["streams"]["requests"] > 6
        assert 0 < side["streams"]["per_token"]["p50"] <= side["streams"]["per_token"]["p99.9"]
        assert len(side["memory"]) == 4
    assert values["engine"]["per_second"] > 0


@pytest.mark.slow
def test_a_classifier_is_measured_by_its_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, run = CASES["classify"], tmp_path / "run"
    Classifier(**case.options | {"epochs": 1}).fit(case.write(tmp_path), out=run, progress=False)
    question = label_questions(load(run), 1)[0]
    label, p = next(iter(question.find_fault.args[0].items()))
    wrong = {"predictions": [{"label": label, "probability": p, "probabilities": {label: p + 0.01}}]}
    assert "probabilities differ by 0.01" in question.find_fault(wrong)
    monkeypatch.setattr(measure, "SIDES", measure.SIDES[:1])
    assert main(["bench", "serve", str(run), "--streams", "4", "--seconds", "0.3"]) == 0
    table = capsys.readouterr().out
    assert "tokens/s" not in table
    rows = {line[2:].partition("  ")[0]: line.split() for line in table.splitlines()}
    assert int(rows["answers/s"][-1].replace(",", "")) > 0
    assert rows["wrong answers, errors"][-2:] == ["0,", "0"]
