"""Tensors and what holds them, brought to the device of a model."""

import dataclasses
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
_PLAIN = (str, int, float, type(None))


def device_of(model: nn.Module) -> torch.device:
    """Return the device of a model, that of its first parameter."""
    return next(model.parameters()).device


def move(value: T, device: torch.device) -> T:
    """Return a batch with every tensor on a device.

    A batch is a tensor, a dataclass, a tuple or a list of such, or a plain value (number, text, None), in any
    depth. What is on the device already is returned as the same object.

    Raises:
        TypeError: for a value of another kind, which would stay behind.
    """
    moved: Any
    if isinstance(value, Tensor):
        moved = value.to(device)
    elif isinstance(value, _PLAIN):
        return value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        new = {name: move(part, device) for name, part in old.items()}
        moved = value if _same(old.values(), new.values()) else dataclasses.replace(value, **new)
    elif isinstance(value, tuple | list):
        parts = [move(part, device) for part in value]
        moved = value if _same(value, parts) else _like(value, parts)
    else:
        raise TypeError(
            f"cannot move a {type(value).__name__} to {device}: make it a tensor, or a dataclass, tuple or "
            "list of tensors"
        )
    return moved


def _same(old: Any, new: Any) -> bool:
    return all(a is b for a, b in zip(old, new, strict=True))


def _like(value: Any, parts: list[Any]) -> Any:
    """Return the parts as a list or tuple of the same type; a named tuple takes them one by one."""
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
