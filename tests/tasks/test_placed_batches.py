"""In every task the trainer moves the batches and sets the precision."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import unrolled.training.accumulation
from trainers import catch_trainer
from unrolled.devices import move
from unrolled.models.precision import HasPrecision
from unrolled.training import Trainer

TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
CPU, META = torch.device("cpu"), torch.device("meta")


@pytest.fixture
def trainer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trainer[Any]:
    return catch_trainer(monkeypatch, tmp_path, request.param)


def get_tensors(value: Any) -> list[Tensor]:
    """Return every tensor of a batch."""
    if isinstance(value, Tensor):
        return [value]
    if dataclasses.is_dataclass(value):
        return [t for f in dataclasses.fields(value) for t in get_tensors(getattr(value, f.name))]
    return [t for part in value for t in get_tensors(part)] if isinstance(value, tuple | list) else []


@pytest.mark.parametrize("trainer", TASKS, indirect=True)
def test_every_batch_is_moved_once_and_completely(trainer: Trainer[Any], monkeypatch) -> None:
    moved = []

    def record_move(batch: Any, device: torch.device) -> Any:
        moved.append(batch)
        return move(batch, device)

    monkeypatch.setattr(unrolled.training.accumulation, "move", record_move)
    batches = list(itertools.islice(trainer.job.batches(0), 3))
    trainer._update(batches[:1])
    trainer._update(batches[1:])
    assert [id(b) for b in moved] == [id(b) for b in batches]
    for batch in batches:
        assert move(batch, CPU) is batch
        moved_tensors = get_tensors(move(batch, META))
        assert len(moved_tensors) == len(get_tensors(batch)) > 0
        assert all(t.is_meta for t in moved_tensors)


@pytest.mark.parametrize("trainer", TASKS, indirect=True)
def test_training_moves_everything_to_the_device(trainer: Trainer[Any]) -> None:
    far_trainer = Trainer(trainer.job, trainer.optimizer_config, trainer.training, device="meta")
    assert all(p.is_meta for p in trainer.job.model.parameters())
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        far_trainer.run()


@pytest.mark.parametrize("trainer", [*TASKS, "lm tdnn"], indirect=True)
def test_every_model_has_full_precision_between_steps(trainer: Trainer[Any]) -> None:
    model: Any = trainer.job.model
    assert isinstance(model, HasPrecision)
    assert model.precision == "full"
    with dataclasses.replace(trainer.placement, precision="auto").computing(trainer.job.model):
        assert model.precision == "auto"
        precisions = {m.precision for m in model.modules() if hasattr(m, "precision")}
        # the character encoder is small, and stays in full precision
        assert precisions == ({"auto", "full"} if getattr(model, "spelling", None) else {"auto"})
    assert {m.precision for m in model.modules() if hasattr(m, "precision")} == {"full"}
