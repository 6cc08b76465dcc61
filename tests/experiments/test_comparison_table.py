"""The comparison table as a data frame, as text and as Markdown."""

import math

import pytest

from unrolled.experiments.comparison_table import (
    COLUMNS,
    format_count,
    format_duration,
    format_table,
    frame,
    line_of,
    to_markdown,
)
from unrolled.experiments.significance import Difference
from unrolled.tasks.base.outcome import Outcome


def outcome(value, seed=1, rung="lstm", **changes):
    figures = {"size": 4600, "counted": "parameters", "bytes": 18_400, "seconds": 30.0, "rate": 2000.0}
    return Outcome(rung, seed, {"accuracy": value}, **figures | {"epochs": 2.0} | changes)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0.25, "0.25"),
        (3, "3"),
        (890, "890"),
        (999, "999"),
        (999.6, "1k"),
        (1000, "1k"),
        (4567, "4.57k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_600, "1M"),
        (37_000_000, "37M"),
        (1.5e9, "1.5G"),
        (2e13, "20000G"),
    ],
)
def test_counts_are_abbreviated(count, expected):
    assert format_count(count) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.0123, "0.012 s"),
        (9.4, "9.4 s"),
        (10, "10 s"),
        (119, "119 s"),
        (120, "2.0 min"),
        (5400, "90.0 min"),
    ],
)
def test_durations_are_formatted(seconds, expected):
    assert format_duration(seconds) == expected


def test_a_line_averages_over_the_seeds():
    outcomes = [outcome(0.5, 1), outcome(0.7, 2, seconds=60.0, rate=1000.0, epochs=4.0)]
    line = line_of(outcomes, "accuracy", Difference(-0.1, -0.2, 0.0, 0.04))
    assert tuple(line) == COLUMNS
    assert line["mean"] == pytest.approx(0.6)
    assert line["sd"] == pytest.approx(math.sqrt(0.02))
    assert (line["seeds"], line["seconds"], line["epochs"], line["rate"]) == (2, 45.0, 3.0, 1500.0)
    assert (line["difference"], line["low"], line["high"], line["p"]) == (-0.1, -0.2, 0.0, 0.04)


def test_one_seed_or_infinite_scores_have_no_deviation():
    assert math.isnan(line_of([outcome(0.5)], "accuracy", None)["sd"])
    line = line_of([outcome(math.inf, 1), outcome(math.inf, 2)], "accuracy", None)
    assert line["mean"] == math.inf
    assert math.isnan(line["sd"])
    assert math.isnan(line["difference"])


def test_the_formatted_table():
    lines = [
        line_of([outcome(0.5, rung="most", size=0, counted="", bytes=0, epochs=None)], "accuracy", None),
        line_of([outcome(0.75), outcome(0.77, 2)], "accuracy", Difference(-0.26, -0.3, -0.2, 0.0005)),
        line_of([outcome(0.8, rung="gru", bytes=5e7)], "accuracy", Difference(0.01, -0.02, 0.03, 0.5)),
    ]
    heads, rows = format_table(frame(lines), 100.0, "texts", "% wrong", 100.0)
    assert heads == [
        "model",
        "accuracy %",
        "Δ % wrong (95%)",
        "p",
        "size",
        "MB",
        "training",
        "epochs",
        "texts/s",
    ]
    assert rows[0] == ["most", "50.00", "", "", "–", "–", "30 s", "", "2k"]
    assert rows[1] == [
        "lstm", "76.00 ± 1.41", "-26 (-30 to -20)", "< 0.001", "4.6k parameters", "0.02", "30 s", "2", "2k",
    ]  # fmt: skip
    assert rows[2][2:6] == ["+1 (-2 to 3)", "0.500", "4.6k parameters", "50.0"]


def test_infinite_and_missing_scores():
    lines = [line_of([outcome(value)], "accuracy", None) for value in (math.inf, math.nan, 3.14159)]
    _, rows = format_table(frame(lines), 1.0, "tokens", "nats/token", 1.0)
    assert [row[1] for row in rows] == ["∞", "–", "3.142"]


def test_markdown_escapes_pipes():
    assert to_markdown(["a", "b"], [["1", "x|y"]]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n"
