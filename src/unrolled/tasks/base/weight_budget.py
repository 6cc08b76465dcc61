"""Check that the weights of a file fit the model that a configuration describes, before it takes memory.

The model is built on torch's meta device, which takes no memory. Building stops once the model has many more
tensors than the file, since a damaged configuration may describe a model that is too large for any machine.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from unrolled.reading import MalformedError

SPARE = 64
"""Parameters allowed in addition to four per tensor."""
Shapes = Mapping[str, tuple[int, ...]]


def check_fit(build: Callable[[], nn.Module], shapes: Shapes) -> None:
    """Build a model on the meta device and compare the shapes of its tensors.

    Raises:
        MalformedError: if a tensor is missing, unexpected, or has another shape.
    """
    with torch.device("meta"), _budget(shapes):
        try:
            model = build()
        except (RuntimeError, OverflowError, MemoryError, TypeError) as error:  # sizes that torch rejects
            raise MalformedError(f"a model of impossible size: {str(error).splitlines()[0]}") from None
    model_shapes = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    for name in sorted(model_shapes.keys() | shapes.keys()):
        if model_shapes.get(name) != shapes.get(name):
            file_shape, model_shape = _shape(shapes, name), _shape(model_shapes, name)
            raise MalformedError(f"{name} is {file_shape} in the file and {model_shape} in the model")


def _shape(shapes: Shapes, name: str) -> str:
    return " × ".join(map(str, shapes[name])) or "one number" if name in shapes else "missing"


@contextlib.contextmanager
def _budget(shapes: Shapes) -> Iterator[None]:
    """Stop building a module that registers many more parameters than there are tensors.

    The limit is generous, since some parameters are registered twice or under several names.
    """
    remaining = SPARE + 4 * len(shapes)

    def count(module: nn.Module, name: str, parameter: Any) -> None:
        nonlocal remaining
        remaining -= isinstance(parameter, Tensor)
        if remaining < 0:
            raise MalformedError(f"the model has many more tensors than the file, which has {len(shapes)}")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
