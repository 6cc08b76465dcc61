"""Reports as tables and as a plot."""

import io

from rich.console import Console
from test_bench_figures import report, result

from unrolled.bench.plan import Group
from unrolled.bench.plot import plot_report
from unrolled.bench.progress import group_bar
from unrolled.bench.tables import print_group, print_machine, summarise
from unrolled.bench.timing import Pairs


def print_to_text(print_function, *arguments):
    console = Console(file=io.StringIO(), width=110, highlight=False)
    print_function(*arguments, console)
    return console.file.getvalue()


def make_slow_result(case: str):
    return result(case=case, pairs=Pairs((0.008,) * 9, (0.004,) * 9, (7, 13)))


def test_the_table_of_layers_shows_its_numbers():
    results = [result(), make_slow_result("1,2,3,4")]
    text = print_to_text(
        print_group, Group("lstm, training step", "torch", (), "a note"), results, report(*results)
    )
    for words in ("T,B,I,H", "ours ms", "torch ms", "ratio", "GFLOP/s", "of ceiling", "path"):
        assert words in text
    row = next(line for line in text.splitlines() if "35,20,200,200" in line)
    assert row.split() == ["35,20,200,200", "2.00", "4.00", "2.00", "50.0", "50.0%", "aten"]
    assert "geometric mean of ratios 1.00, worst 0.50 at 1,2,3,4" in text
    assert text.rstrip().endswith("a note")


def test_the_summary_counts_pairs():
    assert "9 pairs" in summarise([make_slow_result("a")])
    assert "first look" not in summarise([make_slow_result("a")])
    assert "3 pairs (fewer than 9: for a first look only)" in summarise([result()])
    assert "geometric" not in summarise([result()])


def test_the_table_of_steps_shows_its_numbers():
    extra = {"loss_ours": 2.5, "loss_theirs": 2.25, "loss_difference": 0.25, "updates": 40.0}
    step = result(case="ptb-small", extra=extra | {"peak_bytes_ours": 2e8})
    text = print_to_text(print_group, Group("steps", "torch", ()), [step], report(step, kind="step"))
    assert "350,000" in text  # 700 tokens in 2 ms
    rows = [line.split() for line in text.splitlines() if "ptb-small" in line]
    assert rows[1] == ["ptb-small", "200", "–", "2.5000", "2.2500", "2.5e-01", "40"]


def test_the_machine_and_its_ceilings_are_named():
    text = print_to_text(print_machine, report())
    assert "1 thread on" in text
    assert "float32 ceiling: 100.0 GFLOP/s on 1 thread (torch.mm, 8×8×8; oneDNN absent)" in text
    assert "bfloat16 ceiling: 200.0 GFLOP/s" in text


def test_the_plot_is_written(tmp_path):
    results = [result(), result(series="gru inference", case="1,2,3,4"), result(peer="jax")]
    for kind, shown in (("layers", results), ("step", [result(case="ptb-small", series="training step")])):
        path = plot_report(report(*shown, kind=kind), tmp_path)
        assert path == tmp_path / "bench.png"
        assert path.read_bytes().startswith(b"\x89PNG")


def test_no_progress_bar_without_a_terminal(capsys):
    with group_bar("lstm", 2) as begin:
        begin("a")
        begin("b")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_progress_bar_on_a_terminal(monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    with group_bar("lstm", 2) as begin:
        begin("first size")
        begin("second size")
    assert "lstm" in stream.getvalue()
    assert "1/2" in stream.getvalue()
