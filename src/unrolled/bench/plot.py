"""Plot of a report: the ratio to each peer and the fraction of the ceiling, for each case."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrolled.bench.result import Report, Result
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import save_figure

PICTURE = "bench.png"
COLORS = {"rnn": "tab:green", "gru": "tab:orange", "lstm": "tab:blue"}
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
FINE_TICKS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2, 2.5, 3, 3.5, 4)
SERIES_OFFSET = 0.07
"""Horizontal offset between two series, as a fraction of the distance between two cases."""


def plot_report(report: Report, folder: Path) -> Path:
    """Plot ``bench.png`` in the folder, with one column for each peer. Returns its path."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    peers = list(dict.fromkeys(r.peer for r in report.results))
    cases = list(dict.fromkeys(r.case for r in report.results))
    width = max(6.5, 2.5 + 1.1 * len(cases))
    figure = Figure(figsize=(width * len(peers), 8), layout="constrained")
    axes = figure.subplots(2, len(peers), sharex=True, sharey="row", squeeze=False)
    for (above, below), peer in zip(axes.T, peers, strict=True):
        peer_results = [r for r in report.results if r.peer == peer]
        _draw(above, report, cases, peer_results, [r.ratio for r in peer_results])
        _draw(below, report, cases, peer_results, [100 * report.share_of_ceiling(r) for r in peer_results])
        above.axhline(1.0, color="black", linewidth=0.8)
        above.set_title(f"times faster than {peer}")
        below.set_xticks(range(len(cases)), [_label(c, report.kind) for c in cases], fontsize=9)
        below.set_xlim(-0.5, len(cases) - 0.5)
    _scale_ratios(axes[0, 0], [r.ratio for r in report.results])
    axes[0, 0].set_ylabel("ratio of median times")
    axes[1, 0].set_ylim(0, max(100.0, *(105 * report.share_of_ceiling(r) for r in report.results)))
    axes[1, 0].set_ylabel("% of the fastest matrix product")
    lines_by_label = {text: line for axis in axes[0] for line, text in zip(*_legend(axis), strict=True)}
    figure.legend(
        lines_by_label.values(), lines_by_label.keys(), loc="outside lower center", ncols=6, fontsize=9
    )
    figure.suptitle(_title(report), fontsize=10)
    return save_figure(figure, folder / PICTURE)


def _draw(
    axis: Any, report: Report, cases: list[str], peer_results: list[Result], values: Sequence[float]
) -> None:
    """Plot one line for each series. Points are joined only for layers, whose cases have an order."""
    series_names = list(dict.fromkeys(r.series for r in peer_results))
    for number, series in enumerate(series_names):
        line = [(r, v) for r, v in zip(peer_results, values, strict=True) if r.series == series]
        offset = SERIES_OFFSET * (number - (len(series_names) - 1) / 2)
        positions = [cases.index(r.case) + offset for r, _ in line]
        style = _style(line[0][0], joined=report.kind == "layers")
        axis.plot(positions, [v for _, v in line], label=series, **style)
    axis.grid(alpha=0.3)


def _style(result: Result, *, joined: bool) -> dict[str, Any]:
    """Return the line style: colour by cell, solid for training, dashed for inference."""
    color = next((c for cell, c in COLORS.items() if cell in result.series.split()), "tab:purple")
    inference = "inference" in result.series
    line = "--" if inference else "-"
    return {
        "color": color,
        "marker": "s" if inference else "o",
        "linestyle": line if joined else "none",
        "markerfacecolor": "white" if inference else color,
        "linewidth": 0.8,
    }


def _scale_ratios(axis: Any, ratios: Sequence[float]) -> None:
    """Use a log scale, so that twice as fast is as far above 1 as half as fast is below it."""
    low, high = min(0.9, *ratios) / 1.1, max(1.1, *ratios) * 1.1
    ticks = [t for t in (FINE_TICKS if high / low < 6 else TICKS) if low <= t <= high]
    axis.set_yscale("log")
    axis.set_ylim(low, high)
    axis.minorticks_off()
    axis.set_yticks(ticks, [f"{t:g}" for t in ticks])


def _legend(axis: Any) -> tuple[list[Any], list[str]]:
    lines, texts = axis.get_legend_handles_labels()
    return lines, texts


def _label(case: str, kind: str) -> str:
    if kind != "layers":
        return case
    steps, batch, inputs, hidden = case.split(",")
    return f"T {steps}, B {batch}\nI {inputs}, H {hidden}"


def _title(report: Report) -> str:
    m = report.machine
    count = int(m["threads"])
    ceilings = ", ".join(f"{c.precision} {c.gflops:.0f} GFLOP/s" for c in report.ceilings)
    return (
        f"unrolled {m['unrolled']} bench {report.kind} on {label_text(m['processor'])}, {count} "
        f"thread{'s' * (count != 1)}\ntorch {m['torch']}; ceiling: {ceilings}"
    )
