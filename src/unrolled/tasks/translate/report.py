"""The printed scores of a translator and its baselines, and sample outputs."""

from typing import Any

from rich.console import Console
from rich.table import Table

from unrolled.console import print_table
from unrolled.tasks.translate.score import cut_notes
from unrolled.tasks.translate.task import Translator

COLUMNS = ("bleu", "chrf", "rouge1", "rouge2", "rouge_l", "exact_match")
HEADS = ("BLEU", "chrF2", "ROUGE-1", "ROUGE-2", "ROUGE-L", "exact %")


def print_scores(translator: Translator, console: Console) -> str:
    """Print scores and samples; return the command to try next."""
    for part, title in (("valid", "held-out pairs"), ("test", "test pairs")):
        if part in translator.result:
            result = translator.result[part]
            print_table(_table(translator, result, f"{title}: {result['pairs']:,}"), console)
            console.print(
                f"perplexity {result['perplexity']:.3f}; {result['bleu_signature']}, "
                f"{result['chrf_signature']}; written in {result['seconds']:.1f} s",
                style="dim",
            )
            for note in cut_notes(result["cut"], result["pairs"]):
                console.print(note)
    for number, sample in enumerate(translator.result.get("samples", []), 1):
        console.rule(f"sample {number}", style="dim")
        for name, text in sample.items():
            console.print(f"{name:<9} {text}", markup=False)
    return "unrolled translate {run} --data FILE"


def _table(translator: Translator, result: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("output")
    for head in HEADS:
        table.add_column(head, justify="right")
    rows = [(f"{name}", overlap) for name, overlap in result["baselines"].items()]
    rows.append((f"this {translator.config.cell.name}", result))
    for name, overlap in rows:
        table.add_row(name, *(f"{overlap[column]:.2f}" for column in COLUMNS))
    return table
