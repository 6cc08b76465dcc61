"""The parts of a page as plain data, validated on construction."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import ConfigError, ShapeError, suggestion
from unrolled.wording import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Chart:
    """A matplotlib figure (see :func:`unrolled.pages.style.new_figure`) and its numbers.

    ``name`` is the stem of its file names. ``numbers`` go to the JSON file; see
    :func:`unrolled.pages.numbers.write_numbers` for the supported types.

    Raises:
        ConfigError: if the name is not a valid file name stem.
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
    """The states of each unit over a text: an interactive map, and the text coloured by one unit.

    Args:
        name: stem of its file names.
        title: title of the map.
        caption: explanation of the map.
        tokens: T tokens; row t of the states is the state after reading token t.
        layers: states (T, H) by layer name; H may differ between layers.
        notes: by layer and unit, the feature that the unit tracks, the strongest first:
            ``{"l0": {17: "position in line, r = 0.93"}}``.

    Raises:
        ConfigError: if the name is not a valid file name stem, tokens or layers are empty, or a note refers
            to an unknown layer or unit.
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
            raise ConfigError(f"state map {self.name!r}: needs at least one token and one layer")
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
                f"{where}: {len(states)} states for {len(self.tokens)} tokens; give one row per token"
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
    """Table with a header; columns that contain only numbers are right-aligned.

    Raises:
        ShapeError: if a row does not have the length of the header.
    """

    title: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.header):
                raise ShapeError(
                    f"table {self.title!r}: row {number} has {counted(len(row), 'cell')}, "
                    f"the header {len(self.header)}"
                )


@dataclass(frozen=True)
class Words:
    """Preformatted text: a drawing of a network, a sample, a configuration."""

    title: str
    text: str
    caption: str = ""


Part = Chart | StateMap | Table | Words


@dataclass(frozen=True)
class Section:
    """Parts under one heading; ``lead`` introduces them in one or two sentences."""

    title: str
    lead: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A whole report.

    Args:
        title: name of the report.
        subtitle: subject of the report.
        facts: short names and values, such as model, time and data.
        verdicts: verdicts; the page shows the worst first.
        sections: sections in reading order.

    Raises:
        ConfigError: if the names of two charts or state maps are equal (ignoring case): their files would
            overwrite each other.
    """

    title: str
    subtitle: str
    facts: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        titles: dict[str, str] = {}
        for part in self.drawn:
            if part.name.lower() in titles:
                raise ConfigError(
                    f"two parts of the page are named {part.name!r}: {titles[part.name.lower()]!r} and "
                    f"{part.title!r}; names of charts and state maps are file names, so they must be unique"
                )
            titles[part.name.lower()] = part.title

    @property
    def drawn(self) -> tuple[Chart | StateMap, ...]:
        """All charts and state maps of the page, in order."""
        return tuple(p for s in self.sections for p in s.parts if isinstance(p, Chart | StateMap))


def _check_stem(kind: str, name: str) -> None:
    if not _STEM.fullmatch(name):
        raise ConfigError(
            f"{kind} {name!r}: its name becomes a file name; use up to 80 letters, digits, '_' and '-', "
            "starting with a letter or digit"
        )
