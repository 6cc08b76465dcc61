"""What TensorBoard shows is what the log holds."""

import math
import sys

import pytest
from watching import SHORT, events, looks

from cases import CASES
from unrolled.errors import NonFiniteError
from unrolled.monitoring.board import Board
from unrolled.training import Watcher
from unrolled.training.log import read_log


def test_where_training_broke_is_in_log_and_board(tmp_path) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)

    class Poison(Watcher):
        def stepped(self, progress, loss, lr):
            if progress.step == 6:
                lm.model.recurrent.weight_hh_l1.data[0, 0] = math.nan

    with pytest.raises(NonFiniteError):
        lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=Poison(), watch=5)
    last = read_log(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["kind"] == "nonfinite"
    assert last["step"] == 7
    assert last["where"] == "the weights of recurrent.weight_hh_l1"
    texts = events(tmp_path / "run").Tensors("not finite/text_summary")
    assert (
        b"update 7: first seen in the weights of recurrent.weight_hh_l1"
        in (texts[0].tensor_proto.string_val[0])
    )


def test_overwriting_a_run_takes_its_events_away(tmp_path) -> None:
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
    found = events(tmp_path / "run")
    tags = found.Tags()
    record = looks(lm)[-1]
    share = found.Scalars("clipping/share")
    assert [e.step for e in share] == [1, 4, 8, 12]
    assert share[-1].value == pytest.approx(record["clipping"]["share"])
    by_distance = dict(
        zip(record["gradients"]["distance"], record["gradients"]["norm"]["recurrent.l1 h"], strict=True)
    )
    shown = found.Scalars("gradient by distance, recurrent.l1 h/00003")[-1].value
    assert shown == pytest.approx(by_distance[3], rel=1e-3)
    assert "saturation, recurrent.l0 f/upper end" in tags["scalars"]
    assert found.Scalars("weights, output.weight/ratio")
    assert [e.step for e in found.Scalars("loss/held out")] == [
        r["step"] for r in lm.history if r["kind"] == "valid"
    ]
    for tag in ("gates/recurrent.l0 f", "weights/output.weight", "gradients/output.weight"):
        assert found.Histograms(tag)[-1].histogram_value.num > 0
    (image,) = found.Images("gradient by distance over training")
    assert image.encoded_image_string.startswith(b"\x89PNG")
    assert image.width > 500


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert not Board.is_installed()
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install 'unrolled[watch]'" in said
    assert len(looks(lm)) == 4
    assert not (tmp_path / "run" / "tensorboard").exists()
