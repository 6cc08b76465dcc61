"""``unrolled train translate``, ``translate`` and ``evaluate`` on the command line."""

import csv
import io
import json
import sys

import pytest

from imports import loaded
from unrolled import Translator
from unrolled.engine.core import is_built

OPTIONS = ("--hidden", 10, "--embedding", 6, "--batch", 8, "--max-steps", 12, "--threads", 1)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    words = [f"{a}{b}{c}" for a in "abcd" for b in "abcd" for c in "abcd"]
    path.write_text("source\ttarget\n" + "".join(f"{w}\t{w[::-1]}\n" for w in words))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("cli") / "run"
    Translator(hidden=10, embedding=6, batch=8, max_steps=12, threads=1).fit(
        table, out=folder, progress=False
    )
    return folder


class FakeStdin:
    """Standard input with the given bytes."""

    def __init__(self, raw):
        self.buffer = io.BytesIO(raw)


def test_training_prints_scores_samples_and_the_next_command(command, tmp_path, table):
    done = command("train", "translate", "--data", table, "--out", tmp_path / "run", *OPTIONS)
    assert done.status == 0, done.err
    for part in ("held-out pairs: 6", "source, first word", "this gru", "tok:13a", "sample 6", "reference"):
        assert part in done.out
    assert f"unrolled translate {tmp_path / 'run'} --data FILE" in done.out
    again = command("resume", tmp_path / "run")
    assert again.status == 0
    assert "held-out pairs: 6" in again.out


def test_two_files_and_the_pairs_left_out(command, tmp_path):
    (tmp_path / "a").write_text("ab\nabcd\n" * 20)
    (tmp_path / "b").write_text("ba\ndcba\n" * 20)
    words = ("--data", f"{tmp_path / 'a'},{tmp_path / 'b'}", "--max-length", 3, "--valid-fraction", 0.1)
    done = command("train", "translate", *words, "--out", tmp_path / "run", *OPTIONS)
    assert done.status == 0, done.err
    assert "18 of 36 training pairs have over 3 tokens on a side and are left out (--max-length)" in done.err


def test_lines_in_and_lines_out(command, tmp_path, run, monkeypatch):
    (tmp_path / "in.txt").write_text("abc\n\ndcb\n")
    done = command("translate", run, "--data", tmp_path / "in.txt")
    assert done.status == 0, done.err
    lines = done.out.split("\n")
    assert len(lines) == 4
    assert lines[1] == lines[3] == ""
    monkeypatch.setattr(sys, "stdin", FakeStdin(b"abc\n\ndcb\n"))
    assert command("translate", run).out == done.out


@pytest.mark.skipif(not is_built(), reason="needs the compiled extension")
def test_translating_loads_no_torch(tmp_path, run):
    (tmp_path / "in.txt").write_text("abc\n")
    words = ["translate", str(run), "--data", str(tmp_path / "in.txt")]
    modules = loaded(f"from unrolled.cli.main import main; main({words})")
    assert not modules & {"torch", "pandas", "sacrebleu", "matplotlib"}


@pytest.mark.skipif(not is_built(), reason="needs the compiled extension")
def test_smaller_precisions_and_an_install_without_the_extension(command, tmp_path, run, monkeypatch):
    (tmp_path / "in.txt").write_text("abc\ndcb\n")
    words = ("translate", run, "--data", tmp_path / "in.txt")
    natively = command(*words)
    assert command(*words, "--precision", "int8").status == 0
    monkeypatch.setattr("unrolled.cli.trained.is_built", lambda: False)
    assert command(*words).out == natively.out
    assert "there is no compiled extension" in command(*words, "--precision", "int8").error


def test_nbest_outputs_with_scores_and_attention_plots(command, tmp_path, run):
    (tmp_path / "in.txt").write_text("abc\n\ndcb")
    words = ("--n-best", 2, "--beams", 3, "--plot-attention", tmp_path / "pictures")
    done = command("translate", run, "--data", tmp_path / "in.txt", *words)
    assert done.status == 0, done.err
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "2", "3", "3"]
    assert float(rows[0][1]) >= float(rows[1][1])
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["1.png", "3.png"]


def test_a_table_in_gives_a_table_out(command, tmp_path, run):
    (tmp_path / "in.csv").write_text('id,source\n7,abc\n8,""\n9,"d,c"\n')
    done = command("translate", run, "--data", tmp_path / "in.csv", "--out", tmp_path / "out.csv")
    assert done.status == 0, done.err
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert rows[0] == ["id", "source", "output"]
    assert [row[:2] for row in rows[1:]] == [["7", "abc"], ["8", ""], ["9", "d,c"]]
    assert rows[2][2] == ""
    assert command("translate", run, "--data", tmp_path / "in.csv").out == (tmp_path / "out.csv").read_text()
    predicted = command("predict", run, "--data", tmp_path / "in.csv", "--out", tmp_path / "predicted.csv")
    assert predicted.status == 0, predicted.err


def test_the_output_format_follows_the_file_extension(command, tmp_path, run, monkeypatch):
    (tmp_path / "in.txt").write_text("abc\n\ndcb\n")
    printed = command("translate", run, "--data", tmp_path / "in.txt").out
    for name in ("out.txt", "out"):
        assert command("translate", run, "--data", tmp_path / "in.txt", "--out", tmp_path / name).out == ""
        assert (tmp_path / name).read_text() == printed
    words = ("--n-best", 7, "--out", tmp_path / "out.jsonl")
    assert command("translate", run, "--data", tmp_path / "in.txt", *words).status == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["rank"] for row in rows] == [*range(1, 8), 1, *range(1, 8)]
    assert set(rows[0]) == {"source", "output", "rank", "score"}
    monkeypatch.setattr(sys, "stdin", FakeStdin(b"abc\n\ndcb\n"))
    assert command("translate", run, "--data", "-", "--out", "-").out == printed


def test_unknown_and_truncated_texts_are_reported(command, tmp_path, run):
    (tmp_path / "in.txt").write_text("abcdz\n")
    done = command("translate", run, "--data", tmp_path / "in.txt", "--length-ratio", 1e-9)
    assert "sources: 1 of 5 characters are unknown to the model ('z')" in done.err
    assert done.out.endswith("\n")
    cut = [line for line in done.err.splitlines() if "cut off at the longest length" in line]
    assert bool(cut) == (len(done.out) > 10)


def test_a_model_worse_than_copying_the_source_is_reported_first(command, tmp_path, table):
    done = command("train", "translate", "--data", table, "--out", tmp_path / "run", *OPTIONS)
    assert "is the better choice here: chrF2" in done.out.splitlines()[0]
    assert "source, copied" in done.out


def test_evaluate_prints_metrics_or_json(command, run, table):
    done = command("evaluate", run, "--data", table)
    assert done.out.startswith("BLEU ")
    assert "1-9 words" in done.out
    values = json.loads(command("evaluate", run, "--data", table, "--json").out)
    assert values["pairs"] == 64
    assert "version:" in values["bleu_signature"]


def test_summary_and_explain(command, run):
    assert "dot attention over the encoder" in command("summary", run).out
    explained = command("explain", run).out
    assert "encoder.recurrent" in explained
    assert "decoder.recurrent" in explained


def test_errors_are_one_line(command, tmp_path, run, table, monkeypatch):
    new = ("--out", tmp_path / "new")
    (tmp_path / "a").write_text("1\n2\n")
    (tmp_path / "b").write_text("1\n")
    (tmp_path / "bad.csv").write_text("src,target\na,b\n")
    for words, message in (
        (("train", "translate", *new), "no training pairs: give --data"),
        (("train", "translate", "--data", tmp_path / "no.tsv", *new), "no.tsv: no such file"),
        (("train", "translate", "--data", f"{tmp_path / 'a'},{tmp_path / 'b'}", *new), "line 2 of"),
        (("train", "translate", "--data", table, "--source-column", "sorce", *new), "has no column 'sorce'"),
        (("train", "translate", "--data", table, "--atention", "dot", *new), "--attention"),
        (("train", "translate", "--data", table, "--attention", "dott", *new), "did you mean 'dot'"),
        (("train", "translate", "--recipe", "ptb-small", *new), "unrolled train lm"),
        (("translate", run, "--data", tmp_path / "no.txt"), "no.txt: no such file"),
        (("translate", run, "--data", tmp_path / "a"), "not in the model's vocabulary ('1', '2')"),
        (("translate", run, "--data", table, "--n-best", 9, "--beams", 5), "must lie in 1..5"),
        (("evaluate", run, "--data", tmp_path / "bad.csv"), "has no column 'source'"),
        (("generate", run), "holds a run of task 'translate', not 'lm'"),
    ):
        assert message in command(*words).error
    assert not (tmp_path / "new").exists()
    for raw, message in ((b"", "standard input is empty"), (b"ok\ncaf\xe9\n", "byte 0xe9 on line 2")):
        monkeypatch.setattr(sys, "stdin", FakeStdin(raw))
        assert message in command("translate", run).error


def test_a_run_of_another_task_is_refused(command, tiny_run, english_file):
    done = command("translate", tiny_run, "--data", english_file)
    assert "holds a run of task 'lm', not 'translate'" in done.error
