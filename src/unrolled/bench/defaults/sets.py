"""The public data sets, with the files and options for ``unrolled train``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from unrolled.errors import ConfigError, DataError, suggestion

ROOT = "UNROLLED_DATA"


class PublicSet(NamedTuple):
    """A data set and its options for ``unrolled train``."""

    name: str
    task: str
    data: str
    """Value of ``--data``, with paths relative to the folder of all sets."""
    options: tuple[str, ...] = ()
    """Further options, such as the encoding, or a target other than the default."""
    recipe: str = ""
    """Recipe with tuned options for this set. Its measured figure is shown for comparison."""

    def paths(self, root: Path) -> str:
        """Return the value of ``--data`` with absolute paths."""
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
    PublicSet("trec", "classify", "trec/TREC.train.all", ("--encoding", "latin-1"), "trec"),
    PublicSet(
        "rt-polarity",
        "classify",
        "neg=rt-polarity/rt-polarity.utf8.neg,pos=rt-polarity/rt-polarity.utf8.pos",
        recipe="rt-polarity",
    ),
    PublicSet("agnews", "classify", "agnews/test.csv"),
    PublicSet("agnews-5000", "classify", "agnews/train_subset5000.csv"),
    PublicSet("ewt-upos", "tag", "ud_english-ewt/en_ewt-ud-train.conllu", (), "ewt-upos"),
    PublicSet("ewt-xpos", "tag", "ud_english-ewt/en_ewt-ud-train.conllu", ("--tag-column", "xpos")),
    PublicSet("atis-slots", "tag", "nlu/atis/train"),
    PublicSet("jsb-chorales", "music", "music/JSB_Chorales.json", (), "jsb-chorales"),
    PublicSet("tinyshakespeare", "lm", "tinyshakespeare/input.txt", (), "tinyshakespeare"),
    PublicSet("ptb", "lm", "ptb/ptb.train.txt", ("--tokenizer", "word"), "ptb-small"),
    PublicSet("multi30k-de-en", "translate", "multi30k/train.de,multi30k/train.en", (), "multi30k-de-en"),
    PublicSet("fra-eng", "translate", "fra-eng/fra.txt"),
    PublicSet("dates", "translate", "toy-seq2seq/date.txt", (), "dates"),
)


def data_folder() -> Path:
    """Return the folder of the data sets.

    Raises:
        DataError: if the environment variable is not set, or the folder does not exist.
    """
    name = os.environ.get(ROOT)
    if not name:
        raise DataError(
            f"{ROOT} is not set: set it to the folder of the data sets (docs/data-sets.md lists them)"
        )
    if not os.path.isdir(name):
        raise DataError(f"{ROOT}={name}: no such folder")
    return Path(name).resolve()


def find_sets(names: Sequence[str]) -> tuple[PublicSet, ...]:
    """Return the named sets, or all sets if no names are given.

    Raises:
        ConfigError: if a name is unknown.
    """
    sets_by_name = {s.name: s for s in SETS}
    for name in names:
        if name not in sets_by_name:
            raise ConfigError(
                f"--sets {name}: is not one of {', '.join(sets_by_name)}{suggestion(name, sets_by_name)}"
            )
    return tuple(sets_by_name[name] for name in names) if names else SETS
