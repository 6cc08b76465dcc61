"""Small comparisons: tiny networks, tiny data, a few hundredths of a second of training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import unrolled as ur
from cases import write_labelled, write_pairs, write_series, write_tagged, write_text
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.comparison_table import COLUMNS
from unrolled.tasks.base.outcome import Tried

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
    own = {"budget": BUDGET, "progress": False}
    before = torch.get_num_threads()
    found = ur.compare(task, data, out=out, **own | OPTIONS[task] | options)
    assert torch.get_num_threads() == before
    return found


def mean_of(table: pd.DataFrame, rung: str) -> float:
    return float(table.set_index("model").loc[rung, "mean"])


def kept(out: Path, rung: str, seed: int = 1) -> Tried:
    """Return what a comparison kept of a rung."""
    folder = object.__new__(ComparisonFolder)
    folder.folder = out
    found = folder.find(rung, seed)
    assert found is not None, rung
    return found


def run_of(out: Path, rung: str, seed: int = 1) -> Path:
    """Return the run folder of a network."""
    folder = object.__new__(ComparisonFolder)
    folder.folder = out
    return folder.run(rung, seed)


def times(out: Path) -> dict[str, int]:
    """Return when every outcome and every network was last written."""
    files = [*out.glob("outcomes/*"), *out.glob("runs/*/model*"), *out.glob("runs/*/result.json")]
    return {str(p.relative_to(out)): p.stat().st_mtime_ns for p in files}


def check_table(table: pd.DataFrame, rungs: tuple[str, ...], out: Path) -> None:
    """The table is whole, and the differences are those of the losses that were kept."""
    assert table["model"].tolist() == list(rungs)
    assert list(table.columns) == list(COLUMNS)
    assert np.isfinite(table[["mean", "size", "bytes", "seconds", "rate"]].to_numpy(float)).all()
    assert (table["rate"] > 0).all()
    assert np.isnan(table["difference"].iloc[0])
    rest = table.iloc[1:]
    assert np.isfinite(rest["difference"].to_numpy(float)).all()
    drawn = rest[rest["p"].notna()]  # too few items have no interval
    assert np.isfinite(drawn[["low", "high"]].to_numpy(float)).all()
    assert (drawn["low"] <= drawn["difference"] + 1e-12).all()
    assert (drawn["difference"] <= drawn["high"] + 1e-12).all()
    assert drawn["p"].between(0, 1, inclusive="right").all()
    losses = [units.losses.sum() / units.weights.sum() for _, units, _ in (kept(out, r) for r in rungs)]
    np.testing.assert_allclose(rest["difference"], np.diff(losses), rtol=1e-9, atol=1e-12)
    assert (out / "ladder.png").stat().st_size > 5000
    written = pd.read_csv(out / "table.csv", keep_default_na=False)
    assert written["model"].tolist() == list(rungs)
    assert len((out / "table.md").read_text().splitlines()) == len(rungs) + 4
