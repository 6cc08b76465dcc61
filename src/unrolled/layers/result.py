"""What a recurrent layer returns beyond its output: traces, and the word of which path ran."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from unrolled.recurrence import Choice

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
    each (T, B, size), in the time order of the input and zero past the length of a row.
    """

    output: Tensor | PackedSequence
    state: Hidden
    layers: dict[str, dict[str, Tensor]]
