"""Gradient accumulation in real tasks: a step over several batches equals one with all of their rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cases import CASES
from trainers import catch_trainer
from unrolled.data import IGNORE, Chunk
from unrolled.tasks.classify.batches import LabelledBatch

NO_DROPOUT = {"dropout": 0.0, "dropout_input": 0.0, "optimizer": "sgd", "lr": 0.5}
OPTIONS: dict[str, dict[str, Any]] = {
    "lm": {"mode": "sentence", "loss": "token", "label_smoothing": 0.1},
    "classify": {"dropout_word": 0.0, "dropout_output": 0.0, "label_smoothing": 0.1},
    "music": {},
}


def concatenate_rows(parts: list[Tensor], fill: int) -> Tensor:
    """Pad parts with different T and B to one tensor (T, B, …)."""
    rows = [row for part in parts for row in part.unbind(1)]
    return torch.nn.utils.rnn.pad_sequence(rows, padding_value=fill)


def join_batches(batches: list[Any]) -> Any:
    """Return one batch with the rows of all batches."""
    first = batches[0]
    if isinstance(first, Chunk):
        return Chunk(
            concatenate_rows([b.inputs for b in batches], 0),
            concatenate_rows([b.targets for b in batches], IGNORE),
            lengths=torch.cat([b.lengths for b in batches]),
        )
    if isinstance(first, LabelledBatch):
        return LabelledBatch(
            concatenate_rows([b.sequences for b in batches], 0),
            torch.cat([b.lengths for b in batches]),
            torch.cat([b.labels for b in batches]),
        )
    return [piece.double() for batch in batches for piece in batch]


@pytest.fixture
def float64() -> Iterator[None]:
    """Create models and loss weights in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("task", OPTIONS)
def test_an_accumulated_step_equals_one_large_batch(task: str, monkeypatch, tmp_path: Path) -> None:
    weights = []
    for as_one_batch in (False, True):
        trainer = catch_trainer(monkeypatch, tmp_path, task, **NO_DROPOUT | OPTIONS[task])
        batches = list(trainer.job.batches(0))[-3:]  # the last one has fewer rows
        batches = [[p.double() for p in b] for b in batches] if task == "music" else batches
        trainer._update([join_batches(batches)] if as_one_batch else batches)
        weights.append({n: t.clone() for n, t in trainer.job.model.state_dict().items()})
        assert trainer.progress.step == 1
    for name, t in weights[0].items():
        assert t.dtype == torch.float64
        torch.testing.assert_close(t, weights[1][name], rtol=0, atol=1e-12)


def test_accumulation_reduces_the_steps_of_an_epoch(tmp_path: Path) -> None:
    case, data = CASES["music"], CASES["music"].write(tmp_path)
    results = [
        case.kind(**case.options | {"epochs": 1, "accumulate": n}).fit(data, progress=False).result
        for n in (1, 4)
    ]
    assert [r["steps"] for r in results] == [5, 2]
    assert [r["epochs"] for r in results] == [1.0, 1.0]
