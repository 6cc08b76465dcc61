"""The progress output during training."""

import io
import math

import pytest

from unrolled.training import Progress, Validation
from unrolled.training import bar as module
from unrolled.training.bar import ProgressBar, describe_token_loss


class Terminal(io.StringIO):
    def isatty(self):
        return True


def progress(step, **values):
    return Progress(step=step, tokens=100 * step, seconds=0.5 * step, **values)


def show_training(stream, steps=4):
    bar = ProgressBar("word", stream, describe=describe_token_loss("word"))
    bar.on_train_begin(Progress(), 1000)
    for step in range(1, steps + 1):
        bar.on_step_end(progress(step), 2.0, 0.1)
    bar.on_validation_begin()
    bar.on_validation_end(progress(steps, best=1.5, best_step=steps), Validation(1.5, 1.5), True)
    bar.on_step_end(progress(steps + 1), 2.0, 0.1)
    bar.on_validation_end(
        progress(steps + 1, best=1.5, best_step=steps), Validation(1.75, 1.75, {"macro_f1": 0.5}), False
    )
    bar.on_train_end(progress(steps + 1))
    return stream.getvalue()


def test_without_a_terminal_each_validation_prints_a_line():
    lines = show_training(io.StringIO()).splitlines()
    assert len(lines) == 2
    bits = 1.5 / math.log(2)
    assert lines[0].startswith("step 4: held-out 1.5000 nats")
    assert f"perplexity {math.exp(1.5):.2f}" in lines[0]
    assert f"{bits:.3f} bits/word" in lines[0]
    assert "best so far" in lines[0]
    assert "macro f1 0.5000 (best at step 4)" in lines[1]


def test_progress_lines_are_printed_periodically(monkeypatch):
    monkeypatch.setattr(module, "LINE_SECONDS", -1.0)
    lines = show_training(io.StringIO()).splitlines()
    first = lines[0]
    assert first.startswith("step 1/1,000")
    assert "loss 2.000" in first
    assert "200 words/s" in first  # 100 tokens in half a second
    assert "8:19 left" in first  # 999 steps of half a second
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("steps", "minutes", "progress_text", "time_text"),
    [
        (None, 1.0, "step 4 ", "0:58 left"),  # 4 steps of half a second each, out of a minute
        (1000, 1.0, "step 4/1,000 ", "0:58 left"),
        (10, 1.0, "step 4/10 ", "0:03 left"),  # the step limit comes first
    ],
)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_time_limit_is_counted_down(monkeypatch, steps, minutes, progress_text, time_text, stream):
    monkeypatch.setattr(module, "LINE_SECONDS", -1.0)
    monkeypatch.setenv("COLUMNS", "150")
    stream = stream()
    bar = ProgressBar("word", stream, minutes=minutes)
    bar.on_train_begin(Progress(), steps)
    bar.on_step_end(progress(4), 2.0, 0.1)
    bar.on_train_end(progress(4))
    assert progress_text in stream.getvalue()
    assert time_text in stream.getvalue()


def test_on_a_terminal_the_bar_is_drawn_and_closed():
    output = show_training(Terminal())
    assert "held-out 1.5000 nats" in output
    assert "\x1b[?25l" in output  # the cursor is hidden and shown again
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_dumb_terminal_gets_lines(monkeypatch, name):
    monkeypatch.setenv("TERM", name)
    monkeypatch.setattr(module, "LINE_SECONDS", -1.0)
    output = show_training(Terminal())
    assert "step 1/1,000  loss 2.000" in output
    assert "\x1b[?25l" not in output


@pytest.mark.parametrize("nats", [0.0, 800.0, math.inf, math.nan])
def test_extreme_losses_do_not_fail(nats):
    bar = ProgressBar("word", io.StringIO(), describe=describe_token_loss("word"))
    bar.on_train_begin(Progress(), 10)
    bar.on_step_end(Progress(step=1), nats, 0.1)
    bar.on_validation_end(Progress(step=1, best=nats, best_step=1), Validation(nats, nats), True)
    bar.on_train_end(Progress(step=1))
