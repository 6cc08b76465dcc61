"""The log record of an analysis: weights, gradients and clipping of the step."""

import math

import numpy as np
import pytest
import torch
from watching import SHORT, capture_step, watch_records

from cases import CASES
from unrolled.monitoring.analysis import analyse_step
from unrolled.monitoring.record import round_number
from unrolled.training import Callback


def test_a_record_describes_the_steps_since_the_last_one(tmp_path) -> None:
    case = CASES["lm"]
    options = case.options | SHORT | {"optimizer": "sgd", "lr": 0.5, "clip_norm": 0.3, "schedule": "constant"}
    weights, updates = [], []

    class RecordSteps(Callback):
        def on_pre_optimizer_step(self, progress, update):
            updates.append((update.norm, update.factor))
            weights.append({n: p.detach().clone() for n, p in lm.model.named_parameters()})
            self.gradients = {n: float(p.grad.norm()) for n, p in lm.model.named_parameters() if p.is_leaf}

    lm = case.kind(**options)
    lm.fit(case.write(tmp_path), progress=RecordSteps(), watch=4)
    record = watch_records(lm)[1]
    clipping = record["clipping"]
    assert (record["step"], clipping["updates"]) == (4, 3)
    since_last_record = updates[1:4]
    norms = [norm for norm, _ in since_last_record]
    assert clipping["norm_mean"] == pytest.approx(np.mean(norms), rel=1e-3)
    assert clipping["norm_max"] == pytest.approx(max(norms), rel=1e-3)
    assert clipping["share"] == pytest.approx(np.mean([norm > 0.3 for norm in norms]))
    assert clipping["share"] > 0
    assert clipping["clipped_norm_mean"] == pytest.approx(np.mean([min(n, 0.3) for n in norms]), rel=1e-3)
    for name, sizes in record["weights"].items():
        before, after = weights[3][name], weights[4][name]
        assert sizes["norm"] == pytest.approx(float(after.norm()), rel=1e-3)
        assert sizes["ratio"] == pytest.approx(float((after - before).norm() / before.norm()), rel=2e-3)
        # A plain SGD step is learning rate times clipping factor times gradient.
        step = 0.5 * updates[3][1] * sizes["gradient"]
        assert sizes["ratio"] * float(before.norm()) == pytest.approx(step, rel=1e-2, abs=1e-7)


def test_nonfinite_numbers_become_null(tmp_path) -> None:
    job, update = capture_step(tmp_path, "lm")

    assert round_number(math.nan) is None
    assert round_number(math.inf) is None
    assert round_number(0.123456) == 0.1235
    with torch.no_grad():
        job.model.output.weight.fill_(math.inf)
    assert analyse_step(job, update)
