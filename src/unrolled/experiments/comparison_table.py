"""The models of a comparison side by side: a DataFrame, and the same as text."""

import math
import statistics
from collections.abc import Sequence

from unrolled.experiments.figures import Spread, words_of
from unrolled.experiments.significance import Difference
from unrolled.extras import extra
from unrolled.tasks.base.outcome import Outcome

with extra("compare", "a comparison of models"):
    import pandas as pd

COLUMNS = (
    "model",
    "metric",
    "mean",
    "sd",
    "seeds",
    "difference",
    "low",
    "high",
    "p",
    "size",
    "counted",
    "bytes",
    "seconds",
    "epochs",
    "rate",
    "note",
)


def line_of(outcomes: Sequence[Outcome], metric: str, difference: Difference | None) -> dict[str, object]:
    """Return the figures of a rung over its seeds, and of its difference from the rung above."""
    score = Spread.of([o.scores[metric] for o in outcomes])
    epochs = [o.epochs for o in outcomes if o.epochs is not None]
    d = difference
    return {
        "model": outcomes[0].model,
        "metric": metric,
        "mean": score.mean,
        "sd": score.deviation,
        "seeds": score.count,
        "difference": d.mean if d else math.nan,
        "low": d.low if d else math.nan,
        "high": d.high if d else math.nan,
        "p": d.p if d else math.nan,
        "size": max(o.size for o in outcomes),
        "counted": outcomes[0].counted,
        "bytes": max(o.bytes for o in outcomes),
        "seconds": statistics.fmean(o.seconds for o in outcomes),
        "epochs": statistics.fmean(epochs) if epochs else math.nan,
        "rate": statistics.median(o.rate for o in outcomes),
        "note": outcomes[0].note,
    }


def frame(lines: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Return a row for each rung."""
    return pd.DataFrame(list(lines), columns=list(COLUMNS))


def shown(
    table: pd.DataFrame, scale: float, counted: str, loss: str, loss_scale: float
) -> tuple[list[str], list[list[str]]]:
    """Return heads and cells for people.

    Args:
        table: what :func:`frame` gave.
        scale: what the metric is multiplied by (100 for shares).
        counted: what the rate counts.
        loss: what differences are measured in.
        loss_scale: what they are multiplied by to be that.
    """
    metric = words_of(str(table["metric"].iloc[0])) + (" %" if scale == 100 else "")
    heads = ["model", metric, f"Δ {loss} (95%)", "p", "size", "MB", "training", "epochs", f"{counted}/s"]
    rows = []
    for row in table.to_dict("records"):
        tested = not math.isnan(row["difference"])
        rows.append(
            [
                row["model"],
                _spread(row, scale),
                _difference(row, loss_scale) if tested else "",
                _p(row["p"]) if tested else "",
                f"{brief(row['size'])} {row['counted']}" if row["size"] else "–",
                _megabytes(row["bytes"]) if row["bytes"] else "–",
                duration(row["seconds"]),
                "" if math.isnan(row["epochs"]) else f"{row['epochs']:.3g}",
                brief(row["rate"]),
            ]
        )
    return heads, rows


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _megabytes(count: float) -> str:
    size = count / 1e6
    return f"{size:,.1f}" if size >= 0.1 else f"{size:.1g}"


def _spread(row: dict[str, float], scale: float) -> str:
    mean, sd = scale * row["mean"], scale * row["sd"]
    if not math.isfinite(mean):
        return "∞" if mean > 0 else "–"
    digits = 3 if abs(mean) < 10 else 2
    return f"{mean:.{digits}f}" + ("" if math.isnan(sd) else f" ± {sd:.{digits}f}")


def _difference(row: dict[str, float], scale: float) -> str:
    low, mean, high = (scale * row[name] for name in ("low", "difference", "high"))
    return f"{mean:+.3g}" if math.isnan(low) else f"{mean:+.3g} ({low:.3g} to {high:.3g})"


def _p(p: float) -> str:
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def brief(count: float) -> str:
    """Return a count with at most three digits: 890, 4.6k, 37M; billions as they are."""
    for unit in ("", "k", "M"):
        shown = f"{count:.3g}"
        if float(shown) < 1000:
            return shown + unit
        count /= 1000
    return f"{count:.3g}G" if count < 999.5 else f"{count:.0f}G"
