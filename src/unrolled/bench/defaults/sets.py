"""The public data sets, as files that a user would name."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from unrolled.errors import ConfigError, DataError, suggestion

ROOT = "UNROLLED_DATA"


class PublicSet(NamedTuple):
    """A data set, and how it is given to ``unrolled train``."""

    name: str
    task: str
    data: str
    """Paths in the folder of all sets, as ``--data`` takes them."""
    options: tuple[str, ...] = ()
    """What must be asked for, if anything: another question than the one that the data pose."""
    recipe: str = ""
    """The recipe with tuned options, for its record."""

    def paths(self, root: Path) -> str:
        """Return ``--data`` with absolute paths."""
        parts = [part.rpartition("=") for part in self.data.split(",")]
        return ",".join(f"{label}{equals}{root / path}" for label, equals, path in parts)


SETS = (
    PublicSet("airline", "forecast", "timeseries/airline-passengers.csv", recipe="airline"),
    PublicSet("production", "forecast", "timeseries/Electric_Production.csv"),
    PublicSet(
        "min-temperatures", "forecast", "timeseries/daily-min-temperatures.csv", (), "min-temperatures"
    ),
    PublicSet("sunspots", "forecast", "timeseries/monthly-sunspots.csv", (), "sunspots"),
    PublicSet("hourly-load", "forecast", "timeseries/PJME_hourly.csv", (), "hourly-load"),
    PublicSet("etth1-ot", "forecast", "timeseries/ETTh1.csv", ("--target", "OT")),
    PublicSet("etth1", "forecast", "timeseries/ETTh1.csv"),
    PublicSet("sp500", "forecast", "timeseries/sp500-2000.csv"),
    PublicSet("names", "classify", "names", (), "names"),
    PublicSet("trec", "classify", "trec/TREC.train.all", (), "trec"),
    PublicSet(
        "rt-polarity",
        "classify",
        "neg=rt-polarity/rt-polarity.utf8.neg,pos=rt-polarity/rt-polarity.utf8.pos",
        recipe="rt-polarity",
    ),
    PublicSet("agnews", "classify", "agnews/test.csv"),
    PublicSet("agnews-5000", "classify", "agnews/train_subset5000.csv"),
    PublicSet("ewt-upos", "tag", "ud_english-ewt/en_ewt-ud-train.conllu", (), "ewt-upos"),
    PublicSet("jsb-chorales", "music", "music/JSB_Chorales.json", (), "jsb-chorales"),
    PublicSet("tinyshakespeare", "lm", "tinyshakespeare/input.txt", (), "tinyshakespeare"),
    PublicSet("ptb", "lm", "ptb/ptb.train.txt", ("--tokenizer", "word"), "ptb-small"),
    PublicSet("multi30k-de-en", "translate", "multi30k/train.de,multi30k/train.en", (), "multi30k-de-en"),
    PublicSet("fra-eng", "translate", "fra-eng/fra.txt"),
    PublicSet("dates", "translate", "toy-seq2seq/date.txt", (), "dates"),
)


def data_folder() -> Path:
    """Return the folder that holds the sets.

    Raises:
        DataError: if it is not named or not there.
    """
    name = os.environ.get(ROOT)
    if not name:
        raise DataError(
            f"{ROOT} is not set: give the folder with the data sets (docs/data-sets.md lists them)"
        )
    if not os.path.isdir(name):
        raise DataError(f"{ROOT}={name}: no such folder")
    return Path(name).resolve()


def find_sets(names: Sequence[str]) -> tuple[PublicSet, ...]:
    """Return sets by name; all of them if none is named.

    Raises:
        ConfigError: for an unknown name.
    """
    known = {s.name: s for s in SETS}
    for name in names:
        if name not in known:
            raise ConfigError(f"--sets {name}: is not one of {', '.join(known)}{suggestion(name, known)}")
    return tuple(known[name] for name in names) if names else SETS
