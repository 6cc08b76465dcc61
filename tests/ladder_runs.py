"""Small ``ur.compare`` runs: tiny networks, tiny data, a few hundredths of a second of training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import unrolled as ur
from cases import write_labelled, write_pairs, write_series, write_tagged, write_text
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.comparison_table import COLUMNS
from unrolled.tasks.base.outcome import SavedOutcome

TINY: dict[str, Any] = {"hidden": 6, "batch": 8, "threads": 1}
OPTIONS: dict[str, dict[str, Any]] = {
    "lm": TINY | {"embedding": 6, "steps": 9, "tokenizer": "word", "min_frequency": 2},
    "classify": TINY | {"embedding": 6},
    "tag": TINY | {"embedding": 6, "word_column": "1", "tag_column": "2", "characters": 4},
    "translate": TINY | {"embedding": 6, "tokenizer": "word"},
    "forecast": TINY | {"horizon": 7, "window": 20},
}
WRITERS = {
    "lm": write_text,
    "classify": write_labelled,
    "tag": write_tagged,
    "translate": write_pairs,
    "forecast": write_series,
}
BUDGET = 0.0005


def compared(task: str, data: Path | None, out: Path, **options: Any) -> pd.DataFrame:
    defaults = {"budget": BUDGET, "progress": False}
    before = torch.get_num_threads()
    table = ur.compare(task, data, out=out, **defaults | OPTIONS[task] | options)
    assert torch.get_num_threads() == before
    return table


def mean_of(table: pd.DataFrame, rung: str) -> float:
    return float(table.set_index("model").loc[rung, "mean"])


def kept(out: Path, rung: str, seed: int = 1) -> SavedOutcome:
    """Return the stored outcome of one model and seed of a comparison."""
    folder = object.__new__(ComparisonFolder)
    folder.folder = out
    outcome = folder.find(rung, seed)
    assert outcome is not None, rung
    return outcome


def run_of(out: Path, rung: str, seed: int = 1) -> Path:
    """Return the run folder of a network in a comparison."""
    folder = object.__new__(ComparisonFolder)
    folder.folder = out
    return folder.run(rung, seed)


def times(out: Path) -> dict[str, int]:
    """Return the modification time of every stored outcome and network."""
    files = [*out.glob("outcomes/*"), *out.glob("runs/*/model*"), *out.glob("runs/*/result.json")]
    return {str(p.relative_to(out)): p.stat().st_mtime_ns for p in files}


def check_table(table: pd.DataFrame, rungs: tuple[str, ...], out: Path) -> None:
    """Check that the table is complete and that its differences follow from the stored losses."""
    assert table["model"].tolist() == list(rungs)
    assert list(table.columns) == list(COLUMNS)
    assert np.isfinite(table[["mean", "size", "bytes", "seconds", "rate"]].to_numpy(float)).all()
    assert (table["rate"] > 0).all()
    assert np.isnan(table["difference"].iloc[0])
    later = table.iloc[1:]
    assert np.isfinite(later["difference"].to_numpy(float)).all()
    with_interval = later[later["p"].notna()]  # NaN where there are too few items for an interval
    assert np.isfinite(with_interval[["low", "high"]].to_numpy(float)).all()
    assert (with_interval["low"] <= with_interval["difference"] + 1e-12).all()
    assert (with_interval["difference"] <= with_interval["high"] + 1e-12).all()
    assert with_interval["p"].between(0, 1, inclusive="right").all()
    losses = [units.losses.sum() / units.weights.sum() for _, units, _ in (kept(out, r) for r in rungs)]
    np.testing.assert_allclose(later["difference"], np.diff(losses), rtol=1e-9, atol=1e-12)
    assert (out / "ladder.png").stat().st_size > 5000
    written = pd.read_csv(out / "table.csv", keep_default_na=False)
    assert written["model"].tolist() == list(rungs)
    assert len((out / "table.md").read_text().splitlines()) == len(rungs) + 4
