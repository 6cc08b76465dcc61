"""Verdicts on the log of a training."""

from unrolled.diagnostics.findings.training import training_verdicts


def watch(step: int, share: float, norm: float | None = 0.5) -> dict:
    return {"kind": "watch", "step": step, "clipping": {"updates": 100, "share": share, "norm_mean": norm}}


def test_training_that_broke_or_was_always_clipped_is_said() -> None:
    broken = {
        "kind": "nonfinite",
        "step": 17,
        "where": "recurrent, layer l1, 'h' at time step 3 of the chunk",
    }
    (found,) = training_verdicts([broken])
    assert found.title == "Not finite at update 17"
    assert "layer l1" in found.says
    clipped = training_verdicts([watch(1, 0.0), watch(200, 1.0), watch(400, 0.99)])
    assert [v.title for v in clipped] == ["Clipped: 100% of updates"]
    assert [r.flag for r in clipped[0].remedies] == ["--clip-norm 1"]
    assert not training_verdicts([watch(1, 1.0), watch(200, 0.2), watch(400, 0.1)])
    assert not training_verdicts([watch(1, 1.0), watch(200, 1.0)], "adam")  # which divides by the size
    assert training_verdicts([watch(1, 1.0, None), watch(2, 1.0, None)])[0].remedies == ()
