"""Entries of the catalogue: a public data set, its files, its licence and its reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.data.remote import RemoteFile


@dataclass(frozen=True)
class Kind:
    """Kind of data set: what it contains and what reads it."""

    noun: str
    """Plural noun for messages."""
    used_by: str
    """The command or option that reads it."""


TEXT = Kind("texts", "unrolled train lm")
LABELLED = Kind("labelled texts", "unrolled train classify")
TAGGED = Kind("tagged sentences", "unrolled train tag")
PAIRS = Kind("pairs of texts", "unrolled train translate")
SERIES = Kind("time series", "unrolled train forecast")
MUSIC = Kind("pieces of music", "unrolled train music")
VECTORS = Kind("word vectors", "--vectors")

PLAIN = (TEXT, PAIRS, SERIES, MUSIC, VECTORS)
"""Kinds whose parts are single files, which can also be read as text."""

TextsAndLabels = tuple[list[str], list[str]]
"""Texts, and the label of each."""


@dataclass(frozen=True)
class DataSet:
    """A public data set, written ``@name`` or ``@name/part``."""

    name: str
    kind: Kind
    content: str
    """Description in one line."""
    form: str
    """Format of its files, with the options that read them."""
    source: str
    """Address of the publisher."""
    licence: str
    parts: Mapping[str, tuple[RemoteFile, ...]]
    """Files of each part; empty if nothing has to be downloaded."""


@dataclass(frozen=True)
class LabelledSet(DataSet):
    """A data set of labelled texts, with the function that reads one of its files."""

    read: Callable[[Path], TextsAndLabels]
