"""``move`` moves a whole batch to a device in one call."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unrolled.devices import get_device, move

CPU, META = torch.device("cpu"), torch.device("meta")


class Named(NamedTuple):
    x: Tensor
    rate: float


@dataclass(frozen=True)
class Inner:
    x: Tensor
    lengths: Tensor | None


@dataclass(frozen=True)
class Batch:
    inner: Inner
    parts: tuple[Tensor, ...]
    rows: list[Tensor]
    named: Named
    name: str = "a"


def make_batch() -> Batch:
    x = torch.ones(2, 3)
    return Batch(Inner(x, None), (x, x + 1), [x[0], x[1, :2]], Named(x, 0.5))


def tensors(value: Any) -> list[Tensor]:
    """Return every tensor of a batch."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [t for part in value for t in tensors(part)]
    return [t for part in vars(value).values() for t in tensors(part)] if hasattr(value, "__dict__") else []


def test_every_tensor_moves_and_the_types_stay() -> None:
    moved = move(make_batch(), META)
    assert isinstance(moved, Batch)
    assert isinstance(moved.named, Named)
    assert isinstance(moved.rows, list)
    assert isinstance(moved.parts, tuple)
    assert (moved.inner.lengths, moved.named.rate, moved.name) == (None, 0.5, "a")
    moved_tensors = tensors(moved)
    assert [t.shape for t in moved_tensors] == [t.shape for t in tensors(make_batch())]
    assert {t.device for t in moved_tensors} == {META}


@pytest.mark.parametrize("part", ["inner", "parts", "rows", "named", "name"])
def test_nothing_is_copied_on_the_same_device(part: str) -> None:
    batch = make_batch()
    assert move(batch, CPU) is batch
    assert move(getattr(batch, part), CPU) is getattr(batch, part)


@pytest.mark.parametrize("value", [np.ones(3), {"x": torch.ones(1)}, {1, 2}])
def test_values_that_cannot_move_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=f"cannot move a {type(value).__name__} to meta: make it a tensor"):
        move((torch.ones(1), value), META)


def test_the_device_of_a_model_is_that_of_its_parameters() -> None:
    model = nn.Linear(2, 2)
    assert get_device(model) == CPU
    assert get_device(model.to(META)) == META
