"""Print the scores of a language model and of counting baselines, and sampled text."""

import math

from rich.console import Console
from rich.table import Table

from unrolled.console import print_table
from unrolled.tasks.lm.task import LanguageModel

SAMPLES = 2
SAMPLE_LENGTH = {"char": 400, "word": 60, "bpe": 120}


def print_scores(lm: LanguageModel, console: Console) -> str:
    """Print scores and samples; return the next command to try."""
    if "valid" in lm.result:
        print_table(_table(lm), console)
    if "test" in lm.result:
        test = lm.result["test"]
        console.print(
            f"test: perplexity {test['perplexity']:.2f}, {test['bits_per_character']:.4f} "
            f"bits/character, {test['tokens']:,} predictions"
        )
    kind = lm.tokenizer.kind
    for seed in range(1, SAMPLES + 1):
        console.rule(f"sample {seed} (temperature 0.8)", style="dim")
        text = lm.generate("", SAMPLE_LENGTH[kind], temperature=0.8, seed=seed)
        console.print(text.strip("\n"), markup=False)
    return "unrolled generate {run} --prompt TEXT"


def _table(lm: LanguageModel) -> Table:
    valid = lm.result["valid"]
    to_bits = valid["tokens"] / max(valid["characters"], 1) / math.log(2)
    title = (
        f"held-out text: {valid['tokens']:,} tokens ({valid['eos']:,} <eos>, {valid['unknown']:,} "
        f"<unk>), {valid['characters']:,} characters, vocabulary {valid['vocabulary']:,}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("model")
    for column in ("bits/character", "perplexity", "nats/token"):
        table.add_column(column, justify="right")
    baselines = lm.result["baselines"].items()
    rows = [(f"{name.replace('_', '-')} (counting)", nats) for name, nats in baselines if math.isfinite(nats)]
    rows.append((f"this {lm.config.cell.name}", valid["nats_per_token"]))
    for name, nats in rows:
        table.add_row(name, f"{nats * to_bits:.3f}", f"{math.exp(min(nats, 700)):.2f}", f"{nats:.4f}")
    return table
