"""What a recurrent layer returns beyond its output: traces, and which path ran."""

from dataclasses import dataclass, field

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from unrolled.backends import Choice

Hidden = Tensor | tuple[Tensor, ...]


class Explanation(tuple[tuple[str, Choice], ...]):
    """Which path runs each layer, and why; printed one layer a line."""

    @property
    def paths(self) -> list[str]:
        """The path of each layer."""
        return [choice.path for _, choice in self]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {choice.path} ({choice.reason})" for name, choice in self)


@dataclass(frozen=True)
class Traced:
    """A forward pass with everything it went through.

    ``layers`` maps ``"l0"``, ``"l0_reverse"``, ``"l1"``, … to the states and gates of that layer by name,
    each (T, B, size), in the time order of the input and zero past the length of a row. ``entered`` does so
    with what each step was given: ``x`` of the layer, ``a`` = W x + b (and what skip connections add), and
    the states before the step. ``probes`` holds the zeros that were added to the states where they were asked
    for.
    """

    output: Tensor | PackedSequence
    state: Hidden
    layers: dict[str, dict[str, Tensor]]
    entered: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    probes: dict[str, dict[str, Tensor]] = field(default_factory=dict)
