"""Folders written by earlier versions continue, with or without a mark in the plan."""

import json

import numpy as np
import pytest
import torch

import unrolled as ur
from cases import write_labelled
from ladder_runs import BUDGET, OPTIONS, compared
from unrolled.config import to_dict, with_options
from unrolled.data.labelled import read_labelled
from unrolled.experiments import repetition
from unrolled.experiments.variant import parse_variant
from unrolled.recipes import Recipe
from unrolled.tasks import spec_of
from unrolled.training.tensor_files import write_tensors

MARKED = pytest.mark.parametrize("marked", [True, False])


def config_of(data, **options):
    kind = spec_of("classify").config
    return with_options(kind(), OPTIONS["classify"] | {"data": str(data)} | options)


def write_plan(folder, kind, values, marked):
    folder.mkdir()
    mark = {"unrolled": kind} if marked else {}
    (folder / "plan.json").write_text(json.dumps(mark | values))


@MARKED
def test_an_earlier_comparison_continues(tmp_path, marked, monkeypatch):
    data = write_labelled(tmp_path)
    out, config = tmp_path / "out", config_of(data, test=str(data))
    write_plan(out, "comparison", {"task": "classify", "config": to_dict(config), "budget": BUDGET}, marked)
    count = len(read_labelled(data).labels)
    losses = {"items": torch.arange(count), "weights": torch.ones(count, dtype=torch.float64)}
    (out / "outcomes").mkdir()
    outcome = {
        "rung": "gru", "seed": 1, "scores": {"accuracy": 0.75, "macro_f1": 0.5}, "size": 7,
        "counted": "parameters", "bytes": 28, "seconds": 2.0, "rate": 10.0, "epochs": 3.0, "note": "",
    }  # fmt: skip
    losses["losses"] = torch.full((count,), 0.25, dtype=torch.float64)
    path = out / "outcomes" / "gru-1.safetensors"
    write_tensors(path, losses, {"outcome": outcome})
    before = path.read_bytes()
    monkeypatch.setattr(ur.Classifier, "fit", None)
    table = compared("classify", data, out, test=str(data), models=["most-frequent", "gru"])
    computed, stored = table["mean"]
    assert stored == 0.75
    assert table["difference"].iloc[1] == pytest.approx(computed - stored)
    assert table[["size", "bytes", "epochs"]].iloc[1].tolist() == [7, 28, 3]
    assert path.read_bytes() == before


@MARKED
@pytest.mark.parametrize("kind", ["folds", "seeds"])
def test_an_earlier_repetition_continues(tmp_path, marked, kind, monkeypatch):
    data = write_labelled(tmp_path)
    recipe = Recipe("mine", "classify", config_of(data))
    out, variants = tmp_path / "out", ["as it stands", "hidden=5"]
    counts = {"folds": 0, "seeds": 0} | {kind: 2}
    write_plan(out, "trials", {"recipe": to_dict(recipe.config), **counts, "variants": variants}, marked)
    done = [("as it stands", 1, 0.5), ("hidden=5", 1, 0.75), ("as it stands", 2, 0.625)]
    lines = [{"variant": v, "number": n, "scores": {"accuracy": a}, "seconds": 1.5} for v, n, a in done]
    (out / "trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def run_all(jobs, processes):
        for job in jobs:
            yield repetition.Outcome(job.variant.name, job.number, {"accuracy": 1.0}, 2.5)

    monkeypatch.setattr(repetition, "run_all", run_all)
    plan = repetition.Plan(
        recipe, **counts, variants=(parse_variant("hidden=5"),), baseline=False, metric="accuracy", jobs=1
    )
    summary = repetition.run(plan, out)
    assert summary.made == 1
    assert [line.score.mean for line in summary.lines] == [0.5625, 0.875]
    assert summary.lines[1].difference.mean == pytest.approx(np.mean([0.25, 0.375]))
    stored = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    last = {"variant": "hidden=5", "number": 2, "scores": {"accuracy": 1.0}, "seconds": 2.5}
    assert stored == [*lines, last]
    assert repetition.run(plan, out).made == 0
