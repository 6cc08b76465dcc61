"""Options of an export."""

from dataclasses import dataclass
from typing import Literal, get_args

from unrolled.errors import ExportError

Precision = Literal["float32", "int8"]
WeightsIn = Literal["auto", "array", "file"]


@dataclass(frozen=True)
class ExportOptions:
    """Options of an export.

    Raises:
        ExportError: if a value is not one of the choices.
    """

    precision: Precision = "float32"
    """Precision of the products; ``"int8"`` for ONNX and C."""
    name: str = "model"
    """Beginning of the names of files and functions in C."""
    weights: WeightsIn = "auto"
    """Where the weights go in C: arrays in the source, a file, or a file from 1 MiB on."""

    def __post_init__(self) -> None:
        for option, choices in (("precision", get_args(Precision)), ("weights", get_args(WeightsIn))):
            value = getattr(self, option)
            if value not in choices:
                raise ExportError(f"{option}={value!r} is not one of {', '.join(choices)}")

    def check(self, to: str) -> None:
        """Raise ExportError if the format does not have an option that differs from its default."""
        defaults = ExportOptions()
        formats = {"precision": ("onnx", "c"), "name": ("c",), "weights": ("c",)}
        for option, having in formats.items():
            value = getattr(self, option)
            if value != getattr(defaults, option) and to not in having:
                raise ExportError(
                    f"{option}={value!r}: to={to!r} has no such option; {' and '.join(having)} "
                    f"{'has' if len(having) == 1 else 'have'} it"
                )
