"""TensorBoard shows the values of the log."""

import math
import sys

import pytest
from watching import SHORT, load_events, watch_records

from cases import CASES
from unrolled.errors import NonFiniteError
from unrolled.monitoring.board import Board
from unrolled.training import Callback
from unrolled.training.log import read_log


def test_location_of_a_nonfinite_weight_is_in_log_and_board(tmp_path) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)

    class Poison(Callback):
        def on_step_end(self, progress, loss, lr):
            if progress.step == 6:
                lm.model.recurrent.weight_hh_l1.data[0, 0] = math.nan

    with pytest.raises(NonFiniteError):
        lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=Poison(), watch=5)
    last = read_log(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["kind"] == "nonfinite"
    assert last["step"] == 7
    assert last["where"] == "the weights of recurrent.weight_hh_l1"
    texts = load_events(tmp_path / "run").Tensors("not finite/text_summary")
    assert (
        b"update 7: first seen in the weights of recurrent.weight_hh_l1"
        in (texts[0].tensor_proto.string_val[0])
    )


def test_overwriting_a_run_removes_its_events(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    case.kind(**case.options | SHORT).fit(data, out=tmp_path / "run", progress=False, watch=4)
    case.kind(**case.options | SHORT).fit(data, out=tmp_path / "run", progress=False, overwrite=True)
    assert not list((tmp_path / "run" / "tensorboard").iterdir())
    assert not (tmp_path / "run" / "plots" / "gradients_by_distance.png").exists()


@pytest.mark.draws
def test_tensorboard_shows_what_the_log_holds(tmp_path) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=4)
    board = load_events(tmp_path / "run")
    tags = board.Tags()
    record = watch_records(lm)[-1]
    clipped = board.Scalars("clipping/share")
    assert [e.step for e in clipped] == [1, 4, 8, 12]
    assert clipped[-1].value == pytest.approx(record["clipping"]["share"])
    by_distance = dict(
        zip(record["gradients"]["distance"], record["gradients"]["norm"]["recurrent.l1 h"], strict=True)
    )
    plotted = board.Scalars("gradient by distance, recurrent.l1 h/00003")[-1].value
    assert plotted == pytest.approx(by_distance[3], rel=1e-3)
    assert "saturation, recurrent.l0 f/upper end" in tags["scalars"]
    assert board.Scalars("weights, output.weight/ratio")
    assert [e.step for e in board.Scalars("loss/held out")] == [
        r["step"] for r in lm.history if r["kind"] == "valid"
    ]
    for tag in ("gates/recurrent.l0 f", "weights/output.weight", "gradients/output.weight"):
        assert board.Histograms(tag)[-1].histogram_value.num > 0
    (image,) = board.Images("gradient by distance over training")
    assert image.encoded_image_string.startswith(b"\x89PNG")
    assert image.width > 500


def test_without_tensorboard_a_note_says_what_to_install(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert not Board.is_installed()
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=4)
    stderr = capsys.readouterr().err
    assert stderr.count("\n") == 1
    assert "pip install 'unrolled[watch]'" in stderr
    assert len(watch_records(lm)) == 4
    assert not (tmp_path / "run" / "tensorboard").exists()
