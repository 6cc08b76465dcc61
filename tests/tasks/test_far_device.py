"""Every task trains, scores and generates on another device than the CPU, with the same numbers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cases import CASES
from far import FAR, far_device
from trainers import catch_trainer
from unrolled.training import Trainer

TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
# Without sparse gradients and fused optimizers, which the test device does not support.
OPTIONS: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.5, "lr": 0.1, "max_steps": 2}
OPTIONS |= {"validate_every": 2, "dropout": 0.0, "dropout_input": 0.0, "dropout_output": 0.0}


@pytest.mark.parametrize("name", TASKS)
def test_training_gives_the_weights_of_the_cpu(name: str, monkeypatch, tmp_path: Path) -> None:
    on_cpu, on_far_device = (catch_trainer(monkeypatch, tmp_path, name, **OPTIONS) for _ in range(2))
    torch.manual_seed(0)
    on_cpu.run()
    torch.manual_seed(0)
    with far_device() as device:
        Trainer(
            on_far_device.job, on_far_device.optimizer_config, on_far_device.training, device=device
        ).run()
        weights = {n: t.cpu() for n, t in on_far_device.job.model.state_dict().items()}
    assert {p.device for p in on_far_device.job.model.parameters()} == {FAR}
    for n, t in on_cpu.job.model.state_dict().items():
        torch.testing.assert_close(weights[n], t, rtol=1e-4, atol=1e-6)


def lm_outputs(lm: Any, data: Path) -> Iterator[Any]:
    lines = data.with_name("lines.txt")
    lines.write_text("The film was fine.\nA dull day.\n")
    yield lm.evaluate(lines).to_json()
    yield lm.generate("The", length=8, seed=3)
    yield [(text, h.score) for text, h in lm.beam("The", length=4, beams=2)]
    yield lm.score(lm.tokens(lines))
    yield lm.distribution(["T", "h"])


def classify_outputs(classifier: Any, data: Path) -> Iterator[Any]:
    yield classifier.evaluate(data).to_json()
    yield classifier.predict_proba(["a fine day", "the film was dull and grim"])


def tag_outputs(tagger: Any, data: Path) -> Iterator[Any]:
    yield tagger.evaluate(data).to_json()
    yield tagger.predict([["a", "fine", "day"], ["dull"]])


def translate_outputs(translator: Any, data: Path) -> Iterator[Any]:
    short = {"length_ratio": 0.1}
    texts = ["the film was fine", "a dull day"]
    yield translator.translate(texts, beams=2, block_repeats=2, **short)
    yield translator.attention(texts[0], beams=1, **short).weights


def forecast_outputs(forecaster: Any, data: Path) -> Iterator[Any]:
    yield forecaster.evaluate(data).to_json()


def music_outputs(music: Any, data: Path) -> Iterator[Any]:
    yield music.evaluate(data).to_json()
    yield music.compose(8, seed=2)


OUTPUTS: dict[str, Callable[[Any, Path], Iterator[Any]]] = {
    "lm": lm_outputs,
    "classify": classify_outputs,
    "tag": tag_outputs,
    "translate": translate_outputs,
    "forecast": forecast_outputs,
    "music": music_outputs,
}


@pytest.mark.parametrize("name", TASKS)
def test_scores_and_outputs_equal_those_on_the_cpu(name: str, tmp_path: Path) -> None:
    case, data = CASES[name], CASES[name].write(tmp_path)
    task = case.kind(**case.options | OPTIONS).fit(data, progress=False)
    on_cpu = list(OUTPUTS[name](task, data))
    with far_device() as device:
        task.model.to(device)
        on_far_device = list(OUTPUTS[name](task, data))
    assert {p.device for p in task.model.parameters()} == {FAR}
    assert_alike(on_far_device, on_cpu)


def assert_alike(actual: Any, expected: Any) -> None:
    """Compare numbers up to rounding, and everything else exactly."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected.keys() - {"seconds"}:
            assert_alike(actual[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            assert_alike(a, b)
    elif isinstance(expected, float | np.ndarray):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)
    else:
        assert actual == expected
