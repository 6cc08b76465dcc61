"""Batches whose gradients are added up make the update of one batch that holds all of their rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cases import CASES
from trainers import catch_trainer
from unrolled.data import IGNORE, Chunk
from unrolled.tasks.classify.data import LabelledBatch

DRY = {"dropout": 0.0, "dropout_input": 0.0, "optimizer": "sgd", "lr": 0.5}
OPTIONS: dict[str, dict[str, Any]] = {
    "lm": {"mode": "sentence", "loss": "token", "label_smoothing": 0.1},
    "classify": {"dropout_word": 0.0, "dropout_output": 0.0, "label_smoothing": 0.1},
    "music": {},
}


def side_by_side(parts: list[Tensor], fill: int) -> Tensor:
    """Return (T, B, …) of parts with different T and B."""
    rows = [row for part in parts for row in part.unbind(1)]
    return torch.nn.utils.rnn.pad_sequence(rows, padding_value=fill)


def joined(batches: list[Any]) -> Any:
    """Return one batch with the rows of all."""
    first = batches[0]
    if isinstance(first, Chunk):
        return Chunk(
            side_by_side([b.inputs for b in batches], 0),
            side_by_side([b.targets for b in batches], IGNORE),
            lengths=torch.cat([b.lengths for b in batches]),
        )
    if isinstance(first, LabelledBatch):
        return LabelledBatch(
            side_by_side([b.sequences for b in batches], 0),
            torch.cat([b.lengths for b in batches]),
            torch.cat([b.labels for b in batches]),
        )
    return [piece.double() for batch in batches for piece in batch]


@pytest.fixture
def float64() -> Iterator[None]:
    """Models and weights of losses are made in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", OPTIONS)
def test_an_update_is_that_of_one_large_batch(name: str, monkeypatch, tmp_path: Path) -> None:
    updated = []
    for whole in (False, True):
        trainer = catch_trainer(monkeypatch, tmp_path, name, **DRY | OPTIONS[name])
        batches = list(trainer.job.batches(0))[-3:]  # the last one has fewer rows
        batches = [[p.double() for p in b] for b in batches] if name == "music" else batches
        trainer._update([joined(batches)] if whole else batches)
        updated.append({n: t.clone() for n, t in trainer.job.model.state_dict().items()})
        assert trainer.progress.step == 1
    for weight, t in updated[0].items():
        assert t.dtype == torch.float64
        torch.testing.assert_close(t, updated[1][weight], rtol=0, atol=1e-12)


def test_an_epoch_has_fewer_updates(tmp_path: Path) -> None:
    case, data = CASES["music"], CASES["music"].write(tmp_path)
    results = [
        case.kind(**case.options | {"epochs": 1, "accumulate": n}).fit(data, progress=False).result
        for n in (1, 4)
    ]
    assert [r["steps"] for r in results] == [5, 2]
    assert [r["epochs"] for r in results] == [1.0, 1.0]
