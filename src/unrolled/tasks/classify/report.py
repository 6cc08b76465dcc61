"""The printed scores of a classifier."""

from rich.console import Console
from rich.table import Table

from unrolled.console import print_table
from unrolled.tasks.classify.task import Classifier
from unrolled.wording import counted


def print_scores(classifier: Classifier, console: Console) -> str:
    """Print the scores of the model and the baselines; return the command to try next."""
    result = classifier.result
    parts = [part for part in ("valid", "test") if part in result]
    if parts:
        table = Table(title=_title(classifier), title_justify="left")
        table.add_column("model")
        for part in parts:
            name = "held out" if part == "valid" else "test"
            for heading in (f"accuracy, {name}", "macro F1"):
                table.add_column(heading, justify="right")
        for name, scores in result.get("baselines", {}).items():
            cells = [[_percent(scores.get(part)), ""] for part in parts]
            table.add_row(name, *(cell for pair in cells for cell in pair))
        model_cells = [_percent(result[p][metric]) for p in parts for metric in ("accuracy", "macro_f1")]
        table.add_row(f"this {classifier.config.cell.name}", *model_cells)
        print_table(table, console)
    return "unrolled predict {run} --data FILE"


def _title(classifier: Classifier) -> str:
    data_info = classifier.data_info
    counts = [
        f"{classifier.result[p]['examples']:,} {n}"
        for p, n in (("valid", "held out"), ("test", "test"))
        if p in classifier.result
    ]
    examples = counted(data_info["examples"], classifier.unit)
    return f"{examples}, {', '.join(counts)}, {counted(len(data_info['classes']), 'label')}"


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.2f}%"
