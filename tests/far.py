"""A simulated second device for machines without a GPU: its tensors keep their data in CPU memory.

An operation on a tensor of this device and one of the CPU fails, as it does on a GPU. So do ``numpy`` and
``from_numpy`` without a copy to the right device.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

FAR = torch.device("lazy:0")
"""A device name that torch accepts but has no implementation for."""
_aten = torch.ops.aten
_COPIES = (_aten._to_copy, _aten.copy_)
_MIXED = (*_COPIES, _aten.index, _aten.index_put, _aten.index_put_, _aten._pack_padded_sequence)
"""Operations that accept CPU tensors (indices, lengths) with tensors of any device."""


class FarTensor(Tensor):
    """A tensor of :data:`FAR`."""

    near: Tensor

    @staticmethod
    def __new__(cls, near: Tensor) -> "FarTensor":
        tensor: FarTensor = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            near.size(),
            strides=near.stride(),
            storage_offset=near.storage_offset(),
            dtype=near.dtype,
            device=FAR,
        )
        tensor.near = near
        return tensor

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(operation, args, kwargs or {})

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"FarTensor({self.near})"

    def tolist(self) -> Any:
        return self.near.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("this tensor is on a far device: copy it to the CPU first")


class _Mode(TorchDispatchMode):
    """Runs copies and constructors of tensors for the far device."""

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(operation, args, kwargs or {})


class _NewTensors(TorchFunctionMode):
    """Builds tensors from Python numbers on the CPU first, because these calls bypass a dispatch mode."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if function is torch.tensor and "device" in kwargs:
            device = kwargs.pop("device")
            return torch.tensor(*args, **kwargs).to(device)
        if function is Tensor.new_tensor:
            return torch.tensor(args[1], dtype=args[0].dtype).to(args[0].device)
        return function(*args, **kwargs)


@contextmanager
def far_device() -> Iterator[torch.device]:
    """Make :data:`FAR` usable inside the block."""
    with _NewTensors(), _Mode():
        yield FAR


def _run(operation: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
    far = [t for t in tensors if isinstance(t, FarTensor)]
    device = kwargs.get("device")
    packet = operation.overloadpacket
    if far and packet not in _MIXED:
        near = [t for t in tensors if not isinstance(t, FarTensor) and t.dim()]
        assert not near, f"{operation}: tensors on two devices, {[tuple(t.shape) for t in near]} on the CPU"
    to_far = isinstance(args[0], FarTensor) if packet is _aten.copy_ else bool(far)
    if device is not None:
        to_far = torch.device(device).type == FAR.type
        kwargs = kwargs | {"device": "cpu"}
    result = operation(*tree_map(_near, args), **tree_map(_near, kwargs))
    original = {id(_near(t)): t for t in tensors}

    def wrap(value: Any) -> Any:
        if not isinstance(value, Tensor) or id(value) in original:
            return original.get(id(value), value)
        return FarTensor(value) if to_far else value

    if packet is _aten._pack_padded_sequence:
        return wrap(result[0]), result[1]  # batch sizes stay on the CPU
    return tree_map(wrap, result)


def _near(value: Any) -> Any:
    return value.near if isinstance(value, FarTensor) else value
