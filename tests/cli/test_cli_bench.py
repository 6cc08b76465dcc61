"""``unrolled bench``: output, files and errors."""

import dataclasses
import json

import pytest
import torch

from unrolled.bench import ceiling, step
from unrolled.bench.generate import GENERATION_MODEL
from unrolled.bench.result import read_report
from unrolled.bench.step_models import MODELS, StepModel


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(ceiling, "SIZES", ((32, 32, 32),))
    monkeypatch.setattr(step, "MIN_SECONDS", 0.01)


@pytest.mark.draws
def test_bench_layers_prints_and_writes_a_report(command, tmp_path):
    words = ["--cells", "rnn,lstm", "--mode", "train", "--pairs", "2", "--threads", "1"]
    words += ["--grid", "3,2,4,5", "4,2,2,2"]
    done = command("bench", "layers", *words, "--out", tmp_path / "new" / "out")
    assert done.status == 0, done.err
    assert done.err == ""
    for title in ("rnn, training step", "lstm, training step"):
        assert f"{title}, compared with torch.nn" in done.out
    assert "float32 ceiling" in done.out
    assert done.out.count("geometric mean") == 2
    report = read_report(tmp_path / "new" / "out" / "bench.json")
    assert len(report.results) == 4
    assert all(len(r.pairs.ours) == 2 for r in report.results)
    assert report.options["grid"] == ["3,2,4,5", "4,2,2,2"]
    assert report.machine["threads"] == 1
    assert {r.series for r in report.results} == {"rnn train", "lstm train"}
    assert (tmp_path / "new" / "out" / "bench.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("flag", "title"),
    [
        ("--ragged", "lstm, inference, ragged compared with padded"),
        ("--custom", "compared with a Python loop"),
    ],
)
def test_bench_layers_ragged_and_custom(command, flag, title):
    mode = ["--mode", "inference"] if flag == "--ragged" else []
    done = command("bench", "layers", flag, "--point", "4,5,3,4", "--cells", "lstm", "--pairs", "1", *mode)
    assert done.status == 0, done.err
    assert title in done.out


def test_bench_step_writes_a_report(command, monkeypatch, tmp_path):
    tiny = StepModel("ptb-small", "gru", 12, 3, 4, 2, 2, 5, lr=1.0, clip=5.0, loss="token")
    monkeypatch.setitem(MODELS, "ptb-small", tiny)
    monkeypatch.setattr(step, "measure_peak", lambda which, model, precision="": 7e6 + (which == "ours"))
    done = command("bench", "step", "--models", "ptb-small", "--pairs", "1", "--out", tmp_path)
    assert done.status == 0, done.err
    extra = json.loads((tmp_path / "bench.json").read_text())["results"][0]["extra"]
    assert extra["peak_bytes_ours"] == 7e6 + 1
    assert extra["loss_difference"] < 1e-4
    assert "tokens/s" in done.out


def test_bench_generate_writes_a_report(command, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "unrolled.cli.bench.GENERATION_MODEL", dataclasses.replace(GENERATION_MODEL, hidden=8)
    )
    threads = torch.get_num_threads()
    done = command("bench", "generate", "--pairs", "1", "--threads", "2", "--out", tmp_path)
    assert done.status == 0, done.err
    assert read_report(tmp_path / "bench.json").machine["threads"] == 2
    assert torch.get_num_threads() == threads
    assert "token by token" in done.out


@pytest.mark.parametrize("kind", ["layers", "step", "generate"])
def test_help_of_each_benchmark(command, kind):
    done = command("bench", kind, "--help")
    assert done.status == 0
    assert f"unrolled bench {kind}" in done.out
    assert "--pairs" in done.out
    assert kind in command("bench").out
    assert command("bench").status == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lyers", "'layers'"),
        ("layers --cells lstn", "did you mean 'lstm'"),
        ("layers --cells", "name at least one of rnn, gru, lstm"),
        ("layers --point 1,2,3", "T,B,I,H"),
        ("layers --grid", "at least one T,B,I,H"),
        ("layers --peers torhc", "did you mean 'torch'"),
        ("layers --peers onnx --mode train", "inference only"),
        ("layers --mode trian", "did you mean 'train'"),
        ("layers --ragged --custom", "give one of the two"),
        ("layers --ragged --peers jax", "has a fixed peer"),
        ("layers --custom --mode inference", "training steps"),
        ("layers --pairs 0", "must be at least 1"),
        ("layers --threads -1", "must not be negative"),
        ("layers --backend best", "is not one of"),
        ("step --models ptb", "did you mean 'ptb-small'"),
        ("generate --peers jax", "is not one of torch, onnx"),
    ],
)
def test_wrong_options_are_errors(command, words, message):
    done = command("bench", *words.split())
    assert message in done.error
    assert done.out == ""


def test_a_file_as_output_folder_is_refused(command, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = command("bench", "layers", "--point", "1,1,1,1", "--pairs", "1", "--out", tmp_path / "file")
    assert "is a file; give a folder" in done.error
    assert (tmp_path / "file").read_text() == "mine"


def test_ctrl_c_prints_one_line(command, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("unrolled.bench.layers.alternate", interrupt)
    done = command("bench", "layers", "--point", "1,1,1,1", "--pairs", "1")
    assert (done.status, done.err) == (130, "interrupted\n")
