"""Whether the weights of a file fit the model that a configuration describes, found out before it is built.

The model is built on torch's meta device, which takes no memory, and given up once it is larger than the
file: a configuration may ask for more than any machine has.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from unrolled.reading import MalformedError

SPARE = 64
Shapes = Mapping[str, tuple[int, ...]]


def check_fit(build: Callable[[], nn.Module], shapes: Shapes) -> None:
    """Build a model without memory and compare its shapes.

    Raises:
        MalformedError: if a tensor is missing, is one too many, or has another shape.
    """
    with torch.device("meta"), _budget(shapes):
        try:
            model = build()
        except (RuntimeError, OverflowError, MemoryError, TypeError) as error:  # sizes that torch cannot hold
            raise MalformedError(f"a model of impossible size: {str(error).splitlines()[0]}") from None
    ours = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    for name in sorted(ours.keys() | shapes.keys()):
        if ours.get(name) != shapes.get(name):
            there, here = _shape(shapes, name), _shape(ours, name)
            raise MalformedError(f"{name} is {there} there and {here} in the model")


def _shape(shapes: Shapes, name: str) -> str:
    return " × ".join(map(str, shapes[name])) or "one number" if name in shapes else "missing"


@contextlib.contextmanager
def _budget(shapes: Shapes) -> Iterator[None]:
    """Stop the construction of a module with many more parameters than there are tensors.

    Some are set twice, or have several names.
    """
    left = SPARE + 4 * len(shapes)

    def count(module: nn.Module, name: str, parameter: Any) -> None:
        nonlocal left
        left -= isinstance(parameter, Tensor)
        if left < 0:
            raise MalformedError(f"the model has many more than its {len(shapes)} tensors")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
