"""Torch's recurrent operators inside an exported program, with a dynamic number of steps.

Operators like ``aten.lstm`` are composed of others. To find the shapes of their results, torch.export runs
the composition, a Python loop over the steps of the example, and so fixes the number of steps. Here the
operators get shape functions instead, while a program is exported. The program then holds one operator for
all steps, which is torch's own C++ loop when it runs.

The form for packed sequences is used, with equal lengths. It costs the same. But a compiler that replaces the
operator by its composition then raises an error, because the number of steps is data. In the other form, it
would silently fix the number of steps.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch._C import DispatchKey

_Shapes = Callable[..., tuple[Tensor, ...]]


def run_operator(
    kernel: str, x: Tensor, state: tuple[Tensor, ...], weights: list[Tensor], has_biases: bool
) -> tuple[Tensor, ...]:
    """Run torch's operator for one layer in one direction.

    Args:
        kernel: name of torch's kernel, see :attr:`unrolled.cells.Cell.torch_kernel`.
        x: input (T, B, I).
        state: initial state, (B, size) each.
        weights: parameters in torch's order.
        has_biases: true if the parameters include biases.

    Returns:
        The output (T, B, R), and the state after step T, (B, size) each.
    """
    steps, rows = x.shape[:2]
    batch_sizes = torch.full((steps,), rows, dtype=torch.int64, device="cpu")
    initial = [s[None] for s in state]
    hx = initial if kernel == "lstm" else initial[0]
    options = (weights, has_biases, 1, 0.0, False, False)
    y, *final = _operator(kernel)(x.flatten(0, 1), batch_sizes, hx, *options)
    return (y.unflatten(0, (steps, rows)), *(s[0] for s in final))


@contextlib.contextmanager
def dynamic_operators() -> Iterator[None]:
    """Give the operators shape functions that keep the number of steps dynamic, while the context is open."""
    replacements: dict[str, _Shapes] = {"lstm": _lstm_shapes} | dict.fromkeys(
        ("gru", "tanh", "relu"), _shapes
    )
    with contextlib.ExitStack() as stack:
        for kernel, shapes in replacements.items():
            stack.enter_context(_replaced(_operator(kernel), shapes))
        yield


@contextlib.contextmanager
def _replaced(operator: Any, shapes: _Shapes) -> Iterator[None]:
    """Replace the Python composition of an operator, as torch.export's own patches do."""
    key = DispatchKey.CompositeImplicitAutograd
    original = operator.py_kernels.get(key)
    operator.py_kernels[key] = shapes
    operator._dispatch_cache.clear()
    try:
        yield
    finally:
        del operator.py_kernels[key]
        if original is not None:
            operator.py_kernels[key] = original
        operator._dispatch_cache.clear()


def _operator(kernel: str) -> Any:
    name = f"rnn_{kernel}" if kernel in ("tanh", "relu") else kernel
    return getattr(torch.ops.aten, name).data


def _shapes(data: Tensor, batch_sizes: Tensor, hx: Tensor, *options: Any) -> tuple[Tensor, Tensor]:
    """Return tensors with the shapes of the output (T·B, R) and the final state (1, B, R)."""
    return data.new_empty(data.shape[0], hx.shape[2]), torch.empty_like(hx)


def _lstm_shapes(
    data: Tensor, batch_sizes: Tensor, hx: list[Tensor], *options: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Return tensors with the shapes of the output (T·B, R) and the final states h and c."""
    h, c = hx
    return data.new_empty(data.shape[0], h.shape[2]), torch.empty_like(h), torch.empty_like(c)
