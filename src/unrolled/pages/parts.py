"""The parts of a page: plain data, checked when it is made."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import ConfigError, ShapeError, suggestion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Chart:
    """A matplotlib figure (see :func:`unrolled.pages.style.new_figure`) and its numbers.

    ``name`` is the stem of its files. ``numbers`` go to the JSON; see
    :func:`unrolled.pages.numbers.write_numbers` for what they may be.

    Raises:
        ConfigError: if the name cannot be the stem of a file.
    """

    name: str
    title: str
    caption: str
    figure: "Figure"
    numbers: Mapping[str, Any]

    def __post_init__(self) -> None:
        _check_stem("chart", self.name)


@dataclass(frozen=True)
class StateMap:
    """The states of each unit over a text: a map to point at, and the text coloured by one unit.

    Args:
        name: stem of its files.
        title: what it shows.
        caption: how to read it.
        tokens: T tokens; a state belongs to the token that was read when it arose.
        layers: states (T, H) by the name of their layer; H may differ.
        notes: by layer, what a unit tracks: ``{"l0": {17: "position in line, r = 0.93"}}``, the most
            telling first.

    Raises:
        ConfigError: if the name cannot be the stem of a file, there is nothing to show, or a note is about
            a layer or unit that is not there.
        ShapeError: if states are not real numbers of shape (T, H).
    """

    name: str
    title: str
    caption: str
    tokens: Sequence[str]
    layers: Mapping[str, np.ndarray]
    notes: Mapping[str, Mapping[int, str]]

    def __post_init__(self) -> None:
        _check_stem("state map", self.name)
        if not self.tokens or not self.layers:
            raise ConfigError(f"state map {self.name!r}: it needs at least one token and one layer")
        for layer, states in self.layers.items():
            self._check_states(layer, states)
        for layer, notes in self.notes.items():
            self._check_notes(layer, notes)

    def _check_states(self, layer: str, states: np.ndarray) -> None:
        where = f"state map {self.name!r}, layer {layer!r}"
        if not isinstance(states, np.ndarray) or states.dtype.kind not in "fiub":
            raise ShapeError(f"{where}: states must be a numpy array of real numbers")
        if states.ndim != 2 or states.shape[1] == 0:
            raise ShapeError(f"{where}: states of shape {states.shape}; they must be (T, H), H at least 1")
        if len(states) != len(self.tokens):
            raise ShapeError(
                f"{where}: {len(states)} states for {len(self.tokens)} tokens; give one row of states a token"
            )

    def _check_notes(self, layer: str, notes: Mapping[int, str]) -> None:
        if layer not in self.layers:
            near = suggestion(layer, self.layers)
            raise ConfigError(
                f"state map {self.name!r}: notes about layer {layer!r}, not among its layers{near}"
            )
        width = self.layers[layer].shape[1]
        for unit in notes:
            if not 0 <= unit < width:
                raise ConfigError(
                    f"state map {self.name!r}, layer {layer!r}: a note about unit {unit} of {width}"
                )


@dataclass(frozen=True)
class Table:
    """Rows under a header; a column of numbers alone is set flush right.

    Raises:
        ShapeError: if a row has another length than the header.
    """

    title: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.header):
                raise ShapeError(
                    f"table {self.title!r}: row {number} has {len(row)} cells, the header {len(self.header)}"
                )


@dataclass(frozen=True)
class Words:
    """Text whose lines and blanks stand as they are: a drawing of a network, a sample, a configuration."""

    title: str
    text: str
    caption: str = ""


Part = Chart | StateMap | Table | Words


@dataclass(frozen=True)
class Section:
    """Parts under one heading; ``lead`` says in a sentence or two what they tell together."""

    title: str
    lead: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A whole report.

    Args:
        title: the name of the report.
        subtitle: what it is about.
        facts: what, when, on what data: short names and values.
        verdicts: what was found; the page shows the worst first.
        sections: in the order of reading.

    Raises:
        ConfigError: if two charts or state maps have the same name, capitals aside: their files would
            overwrite each other.
    """

    title: str
    subtitle: str
    facts: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for part in self.drawn:
            if part.name.lower() in seen:
                raise ConfigError(
                    f"two parts of the page are named {part.name!r}: {seen[part.name.lower()]!r} and "
                    f"{part.title!r}; names of charts and state maps are files, so each needs its own"
                )
            seen[part.name.lower()] = part.title

    @property
    def drawn(self) -> tuple[Chart | StateMap, ...]:
        """Its charts and state maps, in order."""
        return tuple(p for s in self.sections for p in s.parts if isinstance(p, Chart | StateMap))


def _check_stem(kind: str, name: str) -> None:
    if not _STEM.fullmatch(name):
        raise ConfigError(
            f"{kind} {name!r}: its name becomes a file's; use up to 80 letters, digits, '_' and '-', "
            "a letter or digit first"
        )
