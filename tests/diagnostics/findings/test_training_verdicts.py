"""Verdicts on the log of a training run."""

from unrolled.diagnostics.findings.training import training_verdicts


def watch_record(step: int, share: float, norm: float | None = 0.5) -> dict:
    return {"kind": "watch", "step": step, "clipping": {"updates": 100, "share": share, "norm_mean": norm}}


def test_nonfinite_and_always_clipped_training_is_reported() -> None:
    broken = {
        "kind": "nonfinite",
        "step": 17,
        "where": "recurrent, layer l1, 'h' at time step 3 of the chunk",
    }
    (verdict,) = training_verdicts([broken])
    assert verdict.title == "Not finite at update 17"
    assert "layer l1" in verdict.says
    clipped = training_verdicts([watch_record(1, 0.0), watch_record(200, 1.0), watch_record(400, 0.99)])
    assert [v.title for v in clipped] == ["Clipped: 100% of updates"]
    assert [r.flag for r in clipped[0].remedies] == ["--clip-norm 1"]
    assert not training_verdicts([watch_record(1, 1.0), watch_record(200, 0.2), watch_record(400, 0.1)])
    assert not training_verdicts(
        [watch_record(1, 1.0), watch_record(200, 1.0)], "adam"
    )  # Adam divides by the gradient norm
    assert training_verdicts([watch_record(1, 1.0, None), watch_record(2, 1.0, None)])[0].remedies == ()
