"""Measure a server under load: with batches, and one request at a time."""

import asyncio
import importlib.util
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from unrolled.bench.serving.oneshot import OneShotLoad, OneShotResult
from unrolled.bench.serving.process import ServerProcess
from unrolled.bench.serving.questions import Question, label_questions, score_questions
from unrolled.bench.serving.scripts import Script, make_scripts
from unrolled.bench.serving.streams import StreamLoad, StreamResult
from unrolled.config import require
from unrolled.engine import Precision
from unrolled.runtime import load
from unrolled.symbols import EOS_ID, UNK_ID
from unrolled.tasks.classify.runtime import ClassifierRuntime
from unrolled.tasks.lm.runtime import LanguageRuntime

MOST_STREAMS = 900
MOST_SECONDS = 3600.0
MOST_LENGTH = 4000
UNBATCHED_SECONDS = 30.0
"""Longest measurement of a server that runs one request at a time."""
ONE_SHOT_SECONDS = 10.0
"""Longest measurement of requests with one answer."""
MEMORY_SECONDS = 60.0
"""Seconds between two measurements of the server's memory."""
CEILING_STEPS = 16
CEILING_SECONDS = 0.25
CEILING_ROUNDS = 5
R = TypeVar("R")


@dataclass(frozen=True)
class ServeLoad:
    """How much load to make."""

    streams: int = 200
    """Streams at a time, and clients at a time whose requests have one answer."""

    seconds: float = 60.0
    """Seconds of the streams. One request at a time is measured for 30 s at most, requests with one answer
    for 10 s."""

    length: int = 400
    """Characters of a text, on average."""

    def __post_init__(self) -> None:
        require(1 <= self.streams <= MOST_STREAMS, f"streams={self.streams}: must lie in 1..{MOST_STREAMS}")
        require(
            0 < self.seconds <= MOST_SECONDS, f"seconds={self.seconds:g}: must lie in 0..{MOST_SECONDS:g}"
        )
        require(16 <= self.length <= MOST_LENGTH, f"length={self.length}: must lie in 16..{MOST_LENGTH}")


@dataclass
class Rate:
    """Tokens of the engine alone."""

    per_second: float
    per_cpu_second: float
    """Tokens per second of CPU time, which other programs do not slow down as much."""


@dataclass
class Side:
    """Results for one server."""

    name: str
    streams: StreamResult | None = None
    """None for a model that writes no text."""
    one_shots: OneShotResult = field(default_factory=OneShotResult)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since a load began, and resident megabytes: at the start of each load, every minute,
    and at the end."""
    http_cores: float = 0.0
    """Cores that the thread that serves HTTP used during the streams."""
    model_cores: float = 0.0
    """Cores that the other threads used, which run the model."""
    client_cores: float = 0.0
    """Cores that this program used."""

    @property
    def is_right(self) -> bool:
        """Whether every text and score was right, and no request failed."""
        results = (self.streams, self.one_shots)
        return not any(result.errors.count or result.wrong.count for result in results if result)


@dataclass
class ServeResult:
    """All results."""

    load: ServeLoad
    engine: Rate | None
    """None for a model that writes no text."""
    sides: list[Side]


class ServeBenchmark:
    """Measures the server of a run.

    Args:
        run: run folder of a language model of characters, or of a classifier of texts.
        load_options: how much load to make.
        precision: precision of the server.

    Raises:
        ConfigError: for a run of another model.
    """

    def __init__(self, run: str, load_options: ServeLoad, precision: Precision = "float32") -> None:
        self._run, self._load, self._precision = run, load_options, precision
        self._runtime = load(run, precision)
        require(_fits(self._runtime), f"bench serve: {NEEDS}")

    def measure(self, begin: Callable[[str], None] = lambda task: None) -> ServeResult:
        """Measure all. ``begin`` is called with the name of each task before it begins.

        Raises:
            BenchError: if a server does not start, or fails.
        """
        load, runtime = self._load, self._runtime
        begin("what the model answers alone")
        scripts: list[Script] = []
        engine = None
        if isinstance(runtime, LanguageRuntime):
            scripts = make_scripts(runtime, load.streams, load.length)
            questions = score_questions(runtime, load.streams)
            begin("the engine alone")
            engine = engine_rate(runtime, load.streams)
        else:
            assert isinstance(runtime, ClassifierRuntime)
            questions = label_questions(runtime, load.streams)
        sides = []
        for name, options, most in SIDES:
            begin(name)
            with ServerProcess(self._run, ("--precision", self._precision, *options)) as server:
                side = _measure_side(name, server, scripts, questions, min(load.seconds, most))
            sides.append(side)
        return ServeResult(load, engine, sides)


NEEDS = "needs a language model of characters that was trained on running text, or a classifier of texts"


def _fits(runtime: Any) -> bool:
    if isinstance(runtime, LanguageRuntime):
        return runtime.tokenizer.kind == "char" and not runtime.is_separate
    return isinstance(runtime, ClassifierRuntime) and runtime.artifacts.tokenizer is not None


SIDES = (("batched", (), MOST_SECONDS), ("one at a time", ("--max-rows", "1"), UNBATCHED_SECONDS))
"""Name, options of the server, and longest measurement of each side."""


def engine_rate(runtime: LanguageRuntime, rows: int) -> Rate:
    """Return the rate at which the engine alone samples tokens in this many rows, on one core.

    It is the best of some rounds.
    """
    stream = runtime.stream(rows)
    stream.push(np.full((1, rows), EOS_ID))
    stream.seed(list(range(rows)))
    wall, cpu = 0.0, 0.0
    for _ in range(CEILING_ROUNDS):
        began, cpu_began, tokens = time.perf_counter(), time.thread_time(), 0
        while time.perf_counter() - began < CEILING_SECONDS:
            stream.generate(CEILING_STEPS, banned=(UNK_ID,))
            tokens += CEILING_STEPS * rows
        wall = max(wall, tokens / (time.perf_counter() - began))
        cpu = max(cpu, tokens / (time.thread_time() - cpu_began))
    return Rate(wall, cpu)


def _measure_side(
    name: str,
    server: ServerProcess,
    scripts: Sequence[Script],
    questions: Sequence[Question],
    seconds: float,
) -> Side:
    side = Side(name)
    if scripts:
        http, model = server.cpu_seconds()
        client = time.process_time()
        side.streams = _run(_watched(StreamLoad(server.port, scripts).run(seconds), server, side))
        client, (http_after, model_after) = time.process_time() - client, server.cpu_seconds()
        passed = side.streams.seconds
        side.http_cores, side.model_cores = (http_after - http) / passed, (model_after - model) / passed
        side.client_cores = client / passed
    one_shots = OneShotLoad(server.port, questions).run(min(ONE_SHOT_SECONDS, seconds))
    side.one_shots = _run(_watched(one_shots, server, side))
    return side


async def _watched(load: Coroutine[Any, Any, R], server: ServerProcess, side: Side) -> R:
    """Return the result of a load; measure the memory of the server before it, every minute, and after it."""
    watch = asyncio.create_task(_watch_memory(server, side))
    try:
        return await load
    finally:
        watch.cancel()


async def _watch_memory(server: ServerProcess, side: Side) -> None:
    began = time.perf_counter()
    try:
        while True:
            side.memory.append((time.perf_counter() - began, server.resident_megabytes()))
            await asyncio.sleep(MEMORY_SECONDS)
    finally:
        side.memory.append((time.perf_counter() - began, server.resident_megabytes()))


def _run(load: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine in the fastest event loop there is, so that the clients take little CPU time."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.run(load)
    uvloop = importlib.import_module("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(load)


__all__ = ["Rate", "ServeBenchmark", "ServeLoad", "ServeResult", "Side", "engine_rate"]
