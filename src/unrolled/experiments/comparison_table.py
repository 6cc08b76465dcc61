"""The table of a comparison: a DataFrame with one row per model, and the same table as text."""

import math
import statistics
from collections.abc import Sequence

from unrolled.experiments.metrics import Spread, get_metric_name
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
    """Return one row of the table.

    Args:
        outcomes: outcomes of one model, one per seed.
        metric: the metric to show.
        difference: difference of the loss from the model in the row above; None if it was not tested.
    """
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
    """Return the DataFrame of the rows that :func:`line_of` returned."""
    return pd.DataFrame(list(lines), columns=list(COLUMNS))


def format_table(
    table: pd.DataFrame, scale: float, counted: str, loss: str, loss_scale: float
) -> tuple[list[str], list[list[str]]]:
    """Return the column heads and the cells of the table as text.

    Args:
        table: from :func:`frame`.
        scale: factor for the metric (100 for fractions).
        counted: plural noun of a prediction, such as "tokens".
        loss: unit of the differences.
        loss_scale: factor from the loss to that unit.
    """
    metric = get_metric_name(str(table["metric"].iloc[0])) + (" %" if scale == 100 else "")
    heads = ["model", metric, f"Δ {loss} (95%)", "p", "size", "MB", "training", "epochs", f"{counted}/s"]
    rows = []
    for row in table.to_dict("records"):
        has_difference = not math.isnan(row["difference"])
        rows.append(
            [
                row["model"],
                _format_score(row, scale),
                _format_difference(row, loss_scale) if has_difference else "",
                _format_p(row["p"]) if has_difference else "",
                f"{format_count(row['size'])} {row['counted']}" if row["size"] else "–",
                _format_megabytes(row["bytes"]) if row["bytes"] else "–",
                format_duration(row["seconds"]),
                "" if math.isnan(row["epochs"]) else f"{row['epochs']:.3g}",
                format_count(row["rate"]),
            ]
        )
    return heads, rows


def to_markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def format_duration(seconds: float) -> str:
    """Return a duration as text: "0.25 s", "90 s", "2.5 min"."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _format_megabytes(count: float) -> str:
    size = count / 1e6
    return f"{size:,.1f}" if size >= 0.1 else f"{size:.1g}"


def _format_score(row: dict[str, float], scale: float) -> str:
    mean, sd = scale * row["mean"], scale * row["sd"]
    if not math.isfinite(mean):
        return "∞" if mean > 0 else "–"
    digits = 3 if abs(mean) < 10 else 2
    return f"{mean:.{digits}f}" + ("" if math.isnan(sd) else f" ± {sd:.{digits}f}")


def _format_difference(row: dict[str, float], scale: float) -> str:
    low, mean, high = (scale * row[name] for name in ("low", "difference", "high"))
    return f"{mean:+.3g}" if math.isnan(low) else f"{mean:+.3g} ({low:.3g} to {high:.3g})"


def _format_p(p: float) -> str:
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_count(count: float) -> str:
    """Return a count with three significant digits: 890, 4.6k, 37M, 1.5G; from 1000G on, all digits."""
    for unit in ("", "k", "M"):
        digits = f"{count:.3g}"
        if float(digits) < 1000:
            return digits + unit
        count /= 1000
    return f"{count:.3g}G" if count < 999.5 else f"{count:.0f}G"
