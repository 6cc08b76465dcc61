"""Parameters of recurrent modules: registered under torch's names, passed to cells under short names."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Names = Mapping[str, str]
"""Maps a cell's short names (``weight_ih``) to the module's names (``weight_ih_l0_reverse``)."""


def register_parameters(
    module: nn.Module,
    shapes: Mapping[str, tuple[int, ...]],
    suffix: str,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> dict[str, str]:
    """Register uninitialised parameters with these shapes; return a map from short names to full names."""
    for name, shape in shapes.items():
        empty = torch.empty(shape, device=device, dtype=dtype)
        module.register_parameter(name + suffix, nn.Parameter(empty))
    return {name: name + suffix for name in shapes}


def current_parameter(module: nn.Module, name: str) -> Tensor:
    """Return the current value of a weight, a plain attribute if it is pruned or reparametrised."""
    parameters = module._parameters  # nn.Module.__getattr__ is slow
    weight: Tensor = (
        parameters[name] if name in parameters else getattr(module, name)  # type: ignore[assignment]
    )
    return weight


def current_parameters(module: nn.Module, names: Names) -> dict[str, Tensor]:
    """Return the current values of the weights, by short name."""
    return {short: current_parameter(module, full) for short, full in names.items()}
