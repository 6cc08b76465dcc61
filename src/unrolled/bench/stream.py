"""``unrolled bench stream``: one sequence, one token at a time, on one thread."""

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import numpy as np
import torch

from unrolled.bench.agreement import relative_difference, require_agreement
from unrolled.bench.bandwidth import read_bandwidth
from unrolled.bench.step_models import StepModel
from unrolled.bench.stream_sides import (
    FIRST,
    OnnxStreamer,
    RuntimeStreamer,
    Streamer,
    TorchStreamer,
    plain_call,
)
from unrolled.config import require
from unrolled.models import RecurrentLanguageModel

POINTS = (
    "96,128,128,1",
    "96,128,128,2",
    "96,128,256,1",
    "96,128,256,2",
    "96,128,512,1",
    "96,128,512,2",
    "10000,650,650,2",
)
"""Sizes V,E,H,L that are measured by default."""
ROUNDS = 9
MEASURED_SECONDS = 0.1
"""Shortest measurement of one side in one round."""
LATENCY_STEPS = 400
"""Steps of one round whose times are taken one by one."""
TOKENS = tuple(7 * k % 23 for k in range(20))
"""Text for which all sides must compute the same logits."""
TOLERANCE = {"bfloat16": 0.1, "int8": 0.2}
"""Largest difference of the logits, as a fraction of the largest; 1e-3 for float32."""
PERCENTILES = (50, 99, 99.9)


@dataclass
class StreamResult:
    """What was measured of one side."""

    side: str
    difference: float
    """Largest difference of its logits, as a fraction of the largest logit of float32."""
    megabytes: float
    """Weights that one step reads; 0: unknown."""
    generated: list[float] = field(default_factory=list)
    """Seconds for each sampled token, one value a round."""
    stepped: list[float] = field(default_factory=list)
    """Seconds for each step without sampling, one value a round."""
    latencies: list[float] = field(default_factory=list)
    """Seconds of single steps."""
    bandwidth: float = 0.0
    """GB/s at which one core reads as many bytes as one step."""

    def percentile(self, which: float) -> float:
        """Return a percentile of the latencies, in seconds."""
        return float(np.percentile(self.latencies, which))

    def ratio_to(self, other: "StreamResult") -> float:
        """Return how many times more tokens a second this side samples: median over rounds."""
        return median(b / a for a, b in zip(self.generated, other.generated, strict=True))

    def share_of_bandwidth(self) -> float:
        """Return the rate at which steps read weights, as a fraction of :attr:`bandwidth`; best of each."""
        return self.megabytes / 1e3 / min(self.stepped) / self.bandwidth if self.megabytes else 0.0


def parse_model(point: str) -> StepModel:
    """Return the model of a point V,E,H,L.

    Raises:
        ConfigError: if it is not four whole numbers of at least 1.
    """
    parts = point.split(",")
    require(
        len(parts) == 4 and all(p.strip().isdigit() and int(p) > 0 for p in parts),
        f"--points {point}: must be V,E,H,L: vocabulary, embedding, hidden units, layers",
    )
    v, e, h, layers = map(int, parts)
    return StepModel(point, "lstm", v, e, h, layers, 1, 1, lr=1.0, clip=1.0, loss="token")


def measure_streams(model: StepModel, rounds: int = ROUNDS) -> list[StreamResult]:
    """Measure all sides in turn, round after round.

    Raises:
        DisagreementError: if a side computes other logits.
    """
    config = model.config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentLanguageModel(model.vocabulary, config.cell, config.network, config.dropout)
    sides = {name: make() for name, make in _makers(network.eval(), model).items()}
    tokens = [token % model.vocabulary for token in TOKENS]
    expected = sides["float32"].compute_logits(tokens)
    results = []
    for name, side in sides.items():
        logits = side.compute_logits(tokens)
        tolerance = TOLERANCE.get(name.removeprefix("onnx "), 1e-3)
        require_agreement({"logits": logits}, {"logits": expected}, tolerance, f"{model.name}, {name}")
        results.append(StreamResult(name, relative_difference(logits, expected), side.bytes / 1e6))
    counts = [_fitting_count(side) for side in sides.values()]
    for _ in range(rounds):
        for side, result, count in zip(sides.values(), results, counts, strict=True):
            _measure_round(side, result, count)
    return results


def _makers(network: RecurrentLanguageModel, model: StepModel) -> dict[str, Callable[[], Streamer]]:
    makers: dict[str, Callable[[], Streamer]] = {
        "float32": lambda: RuntimeStreamer(network, model, "float32"),
        "bfloat16": lambda: RuntimeStreamer(network, model, "bfloat16"),
        "int8": lambda: RuntimeStreamer(network, model, "int8"),
    }
    if all(importlib.util.find_spec(package) for package in ("onnx", "onnxruntime")):
        makers["onnx float32"] = lambda: OnnxStreamer(network)
        makers["onnx int8"] = lambda: OnnxStreamer(network, int8=True)
    makers["torch.nn"] = lambda: TorchStreamer(plain_call(network, model))
    makers["our layers"] = lambda: TorchStreamer(network)
    return makers


def _fitting_count(side: Streamer) -> int:
    """Return a number of steps that takes long enough to be measured."""
    count = 1
    while _seconds(partial(side.generate, count)) < MEASURED_SECONDS / 4:
        count *= 2
    return count * 4


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _measure_round(side: Streamer, result: StreamResult, count: int) -> None:
    result.generated.append(_seconds(partial(side.generate, count)) / count)
    if result.megabytes:
        result.bandwidth = max(result.bandwidth, read_bandwidth(result.megabytes))

    def steps() -> None:
        for _ in range(count):
            side.step(FIRST)

    result.stepped.append(_seconds(steps) / count)
    for _ in range(min(count, LATENCY_STEPS)):
        start = time.perf_counter()
        side.step(FIRST)
        result.latencies.append(time.perf_counter() - start)


def reference_of(results: Sequence[StreamResult]) -> StreamResult:
    """Return the side that ratios refer to: ONNX Runtime in float32, or torch without it."""
    names = {result.side: result for result in results}
    return names.get("onnx float32") or names["torch.nn"]
