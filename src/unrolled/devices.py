"""Devices of models, and moving batches to them."""

import dataclasses
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
_PASSED_THROUGH = (str, int, float, type(None))


def get_device(model: nn.Module) -> torch.device:
    """Return the device of a model's first parameter."""
    return next(model.parameters()).device


def move(value: T, device: torch.device) -> T:
    """Return ``value`` with every tensor in it moved to ``device``.

    ``value`` is a tensor, number, text, None, or a dataclass, tuple or list of these, nested to any depth. If
    all its tensors are already on the device, the same object is returned.

    Raises:
        TypeError: for a value of another type, which would not be moved.
    """
    moved: Any
    if isinstance(value, Tensor):
        moved = value.to(device)
    elif isinstance(value, _PASSED_THROUGH):
        return value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        new = {name: move(part, device) for name, part in old.items()}
        moved = value if _are_same(old.values(), new.values()) else dataclasses.replace(value, **new)
    elif isinstance(value, tuple | list):
        parts = [move(part, device) for part in value]
        moved = value if _are_same(value, parts) else _rebuild_sequence(value, parts)
    else:
        raise TypeError(
            f"cannot move a {type(value).__name__} to {device}: make it a tensor, or a dataclass, tuple or "
            "list of tensors"
        )
    return moved


def _are_same(old: Any, new: Any) -> bool:
    return all(a is b for a, b in zip(old, new, strict=True))


def _rebuild_sequence(value: Any, parts: list[Any]) -> Any:
    """Return the parts as a list, tuple or named tuple of the same type as ``value``."""
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
