"""BLEU by source length for several trained translators, such as with and without attention.

Run: python benchmarks/translation_by_length.py --data test.de,test.en RUN RUN …

For example, on Multi30k:
    unrolled train translate --recipe multi30k-de-en --epochs 16 --out runs/attention
    unrolled train translate --recipe multi30k-de-en --epochs 16 --attention none --out runs/plain
    python benchmarks/translation_by_length.py runs/attention runs/plain \
        --data @multi30k/test_2016_flickr.de,@multi30k/test_2016_flickr.en
"""

import argparse

from rich.console import Console
from rich.table import Table

import unrolled as ur


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    scores = []
    for run in args.runs:
        translator = ur.load(run)
        name = f"{run} (attention={translator.config.network.attention})"
        scores.append((name, translator.evaluate(args.data, progress=True)))
    table = Table(title=f"BLEU by words of the source, {scores[0][1].bleu_signature}", title_justify="left")
    table.add_column("run", overflow="fold")
    for row in scores[0][1].by_length:
        table.add_column(f"{row.words}\n({row.pairs:,})", justify="right")
    table.add_column("all", justify="right")
    for name, score in scores:
        table.add_row(name, *(f"{row.bleu:.2f}" for row in score.by_length), f"{score.overlap.bleu:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
