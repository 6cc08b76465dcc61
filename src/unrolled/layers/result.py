"""Results of a recurrent layer beyond its output: traces, and the backend that ran."""

from dataclasses import dataclass, field

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from unrolled.backends import Choice

Hidden = Tensor | tuple[Tensor, ...]
"""State of a stack in torch's layout: h, or (h, c) for an LSTM."""


class Explanation(tuple[tuple[str, Choice], ...]):
    """The backend of each layer and the reason for it; printed with one line per layer."""

    @property
    def paths(self) -> list[str]:
        """Names of the layers' backends."""
        return [choice.path for _, choice in self]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {choice.path} ({choice.reason})" for name, choice in self)


@dataclass(frozen=True)
class Traced:
    """Output of a forward pass with the states and gates of all steps.

    ``layers`` maps ``"l0"``, ``"l0_reverse"``, ``"l1"``, … to the states and gates of that layer by name,
    each (T, B, size), in the time order of the input and zero past the length of a row. ``entered`` maps the
    same names to the inputs of each step: ``x`` of the layer, ``a`` = W x + b (plus the skip connections),
    and the states before the step. ``probes`` holds the zeros that were added to the states if ``probe`` was
    set.
    """

    output: Tensor | PackedSequence
    state: Hidden
    layers: dict[str, dict[str, Tensor]]
    entered: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    probes: dict[str, dict[str, Tensor]] = field(default_factory=dict)
