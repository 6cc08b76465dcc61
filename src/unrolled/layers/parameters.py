"""The parameters of recurrent modules: registered under torch's names, read under a cell's short ones."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Names = Mapping[str, str]
"""A cell's short names (``weight_ih``) to those of the module (``weight_ih_l0_reverse``)."""


def register_parameters(
    module: nn.Module,
    shapes: Mapping[str, tuple[int, ...]],
    suffix: str,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> dict[str, str]:
    """Add uninitialised parameters of these shapes by short name; return short names to full names."""
    for name, shape in shapes.items():
        empty = torch.empty(shape, device=device, dtype=dtype)
        module.register_parameter(name + suffix, nn.Parameter(empty))
    return {name: name + suffix for name in shapes}


def current_parameter(module: nn.Module, name: str) -> Tensor:
    """Return a weight as it is used now; one that is pruned or reparametrised is an attribute."""
    own = module._parameters  # nn.Module.__getattr__ is slow
    weight: Tensor = own[name] if name in own else getattr(module, name)  # type: ignore[assignment]
    return weight


def current_parameters(module: nn.Module, names: Names) -> dict[str, Tensor]:
    """Return weights as they are used now, by short name."""
    return {short: current_parameter(module, full) for short, full in names.items()}
