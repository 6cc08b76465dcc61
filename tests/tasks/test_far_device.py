"""Every task trains, scores and writes on another device than the CPU, with the same numbers."""

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
# Without row-sparse gradients and fused updates, which the device of the tests does not have.
OPTIONS: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.5, "lr": 0.1, "max_steps": 2}
OPTIONS |= {"validate_every": 2, "dropout": 0.0, "dropout_input": 0.0, "dropout_output": 0.0}


@pytest.mark.parametrize("name", TASKS)
def test_a_training_is_that_on_the_cpu(name: str, monkeypatch, tmp_path: Path) -> None:
    here, there = (catch_trainer(monkeypatch, tmp_path, name, **OPTIONS) for _ in range(2))
    torch.manual_seed(0)
    here.run()
    torch.manual_seed(0)
    with far_device() as device:
        Trainer(there.job, there.optimizer_config, there.training, device=device).run()
        weights = {n: t.cpu() for n, t in there.job.model.state_dict().items()}
    assert {p.device for p in there.job.model.parameters()} == {FAR}
    for n, t in here.job.model.state_dict().items():
        torch.testing.assert_close(weights[n], t, rtol=1e-4, atol=1e-6)


def of_lm(lm: Any, data: Path) -> Iterator[Any]:
    lines = data.with_name("lines.txt")
    lines.write_text("The film was fine.\nA dull day.\n")
    yield lm.evaluate(lines).to_json()
    yield lm.generate("The", length=8, seed=3)
    yield [(text, h.score) for text, h in lm.beam("The", length=4, beams=2)]
    yield lm.score(lm.tokens(lines))
    yield lm.distribution(["T", "h"])


def of_classify(classifier: Any, data: Path) -> Iterator[Any]:
    yield classifier.evaluate(data).to_json()
    yield classifier.predict_proba(["a fine day", "the film was dull and grim"])


def of_tag(tagger: Any, data: Path) -> Iterator[Any]:
    yield tagger.evaluate(data).to_json()
    yield tagger.predict([["a", "fine", "day"], ["dull"]])


def of_translate(translator: Any, data: Path) -> Iterator[Any]:
    short = {"length_ratio": 0.1}
    texts = ["the film was fine", "a dull day"]
    yield translator.translate(texts, beams=2, block_repeats=2, **short)
    yield translator.attention(texts[0], beams=1, **short).weights


def of_forecast(forecaster: Any, data: Path) -> Iterator[Any]:
    yield forecaster.evaluate(data).to_json()


def of_music(music: Any, data: Path) -> Iterator[Any]:
    yield music.evaluate(data).to_json()
    yield music.compose(8, seed=2)


USES: dict[str, Callable[[Any, Path], Iterator[Any]]] = {
    "lm": of_lm,
    "classify": of_classify,
    "tag": of_tag,
    "translate": of_translate,
    "forecast": of_forecast,
    "music": of_music,
}


@pytest.mark.parametrize("name", TASKS)
def test_scores_and_outputs_are_those_on_the_cpu(name: str, tmp_path: Path) -> None:
    case, data = CASES[name], CASES[name].write(tmp_path)
    task = case.kind(**case.options | OPTIONS).fit(data, progress=False)
    here = list(USES[name](task, data))
    with far_device() as device:
        task.model.to(device)
        there = list(USES[name](task, data))
    assert {p.device for p in task.model.parameters()} == {FAR}
    assert_alike(there, here)


def assert_alike(found: Any, expected: Any) -> None:
    """Compare numbers up to rounding, and all else exactly."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected.keys() - {"seconds"}:
            assert_alike(found[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_alike(a, b)
    elif isinstance(expected, float | np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    else:
        assert found == expected
