"""``unrolled ngram``: an n-gram language model from a text, or from an ARPA file."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

from unrolled.baselines.ngram import DiscountWarning, NGram, Smoothing
from unrolled.cli.arguments import parse
from unrolled.config import require
from unrolled.console import print_table
from unrolled.data import open_documents
from unrolled.errors import DataError
from unrolled.storage.output import check_output, named_file
from unrolled.symbols import EOS, UNK
from unrolled.terminal import Terminal
from unrolled.training.waiting import spinner

Tokens = list[str] | list[list[str]]


@dataclass(frozen=True)
class Arguments:
    """Count the n-grams of a text and estimate a language model; show how its state space grows, score a text
    with it, write it as an ARPA file, or write text with it.

    Give --data to learn from, or --arpa to read a model.
    """

    data: str = ""
    """Text to learn from: a file, a folder, or a data set such as @ptb/train. Words are what white space
    separates."""

    arpa: str = ""
    """Or a model in ARPA format, whoever wrote it."""

    order: int = 5
    """N: a token is predicted from the N − 1 before it."""

    smoothing: Smoothing = "modified-kneser-ney"
    """What unseen n-grams get: nothing (mle), k each (add-k), or what shorter n-grams say."""

    k: float = 1.0
    """What add-k adds to every count."""

    unit: Literal["word", "char"] = "word"
    """Tokens are words, each line ending with <eos>, or characters."""

    mode: Literal["stream", "sentence"] = "stream"
    """stream: n-grams run on from line to line. sentence: every line begins with <s> and stands alone."""

    min_frequency: int = 1
    """Tokens that are rarer become <unk>."""

    test: str = ""
    """Text to score."""

    out: str = ""
    """ARPA file to write; KenLM and SRILM read it."""

    length: int = 40
    """Tokens of the sample that is written; 0 writes none."""

    seed: int = 1
    """Of the sample."""

    overwrite: bool = False
    """Replace the file that --out names."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(
        bool(args.data) != bool(args.arpa), "give --data (a text to learn from) or --arpa (a model to read)"
    )
    require(args.mode == "stream" or args.unit == "word", "--mode sentence goes with --unit word")
    read_from = (args.data, args.test, args.arpa)
    require(
        not args.out or args.out not in read_from, f"--out {args.out}: is what is read; give another name"
    )
    if args.out:
        check_output(named_file(args.out), overwrite=args.overwrite)
    require(args.length >= 0, f"--length {args.length}: must not be negative")
    if args.test:
        open_documents(args.test)  # before the work, not after it
    model, seconds, read = _model(args)
    print(f"{read} in {seconds:.2f} s")
    console = Terminal(highlight=False)
    print_table(_growth(model), console)
    if args.out:
        with spinner(f"writing {args.out}", shown=True):
            model.save_arpa(args.out)
        print(f"written: {args.out}")
    if args.test:
        _score(model, args)
    if args.length:
        joint = "" if args.unit == "char" else " "
        tokens = model.generate(args.length, seed=args.seed)
        console.rule(f"sample (seed {args.seed})", style="dim")
        console.print(joint.join("\n" if t == EOS else t for t in tokens).replace("\n ", "\n"), markup=False)
    return 0


def _model(args: Arguments) -> tuple[NGram, float, str]:
    """Return the model, the time to get it, and what was read."""
    if args.arpa:
        began = time.perf_counter()
        with spinner(f"reading {args.arpa}", shown=True):
            model = NGram.load_arpa(args.arpa)
        return model, time.perf_counter() - began, f"read a model of order {model.order}"
    model = NGram(args.order, args.smoothing, k=args.k, min_frequency=args.min_frequency)
    with spinner(f"reading {args.data}", shown=True):
        tokens = read_tokens(args.data, args.unit, sentences=args.mode == "sentence")
    began = time.perf_counter()
    with spinner("counting", shown=True), warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", DiscountWarning)
        model.fit(tokens)
    if notes:
        more = f" (and so in {len(notes) - 1} other orders)" if len(notes) > 1 else ""
        print(f"note: {notes[0].message}{more}")
    count = sum(len(t) + 1 for t in tokens) if args.mode == "sentence" else len(tokens)
    kinds = len(model.vocabulary)
    return model, time.perf_counter() - began, f"estimated from {count:,} tokens of {kinds:,} kinds"


def read_tokens(source: str, unit: str, *, sentences: bool) -> Tokens:
    """Return the tokens of a text: flat with ``<eos>``, or a list for each line that is not blank.

    Raises:
        DataError: if it cannot be read, or holds none.
    """
    texts = [d.text for d in open_documents(source)]
    if unit == "char":
        tokens: Tokens = [sign for text in texts for sign in text]
    elif sentences:
        tokens = [line.split() for text in texts for line in text.split("\n") if line.strip()]
    else:
        tokens = [w for text in texts for line in text.splitlines() for w in (*line.split(), EOS)]
    if not tokens:
        raise DataError(f"{source}: holds no tokens")
    return tokens


def _growth(model: NGram) -> Table:
    table = Table(title="state space", title_justify="left")
    for head in ("order", "distinct n-grams", "possible", "MB"):
        table.add_column(head, justify="right")
    for g in model.growth:
        table.add_row(str(g.order), f"{g.distinct:,}", f"{g.possible:.2g}", f"{g.bytes / 1e6:.2f}")
    total = sum(g.bytes for g in model.growth)
    table.add_row("all", f"{sum(g.distinct for g in model.growth):,}", "", f"{total / 1e6:.2f}")
    return table


def _score(model: NGram, args: Arguments) -> None:
    with spinner(f"reading {args.test}", shown=True):
        tokens = read_tokens(args.test, args.unit, sentences=model.by_sentences)
    began = time.perf_counter()
    scores = model.score(tokens)
    seconds = time.perf_counter() - began
    flat = [t for part in tokens for t in ([part] if isinstance(part, str) else [*part, EOS])]
    known = set(model.vocabulary)
    unknown = sum(t == UNK or t not in known for t in flat)
    print(
        f"{args.test}: perplexity {model.perplexity(tokens):.2f}, {len(scores):,} predictions with "
        f"{flat.count(EOS):,} <eos> and {unknown:,} <unk>, {len(scores) / seconds:,.0f} tokens/s"
    )
