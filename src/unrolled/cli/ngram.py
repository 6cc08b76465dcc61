"""``unrolled ngram``: an n-gram language model from a text, or from an ARPA file."""

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from unrolled.baselines.ngram import DiscountWarning, NGram, Smoothing, SumWarning
from unrolled.baselines.ngram.marks import bare_sentence
from unrolled.cli.arguments import parse
from unrolled.config import require
from unrolled.console import print_table
from unrolled.data import open_texts
from unrolled.errors import DataError
from unrolled.storage.output import check_output, named_file
from unrolled.symbols import EOS, UNK
from unrolled.tasks.base.show_notes import show_notes
from unrolled.terminal import Terminal
from unrolled.training.waiting import spinner
from unrolled.wording import counted

Tokens = list[str] | list[list[str]]
USUAL_ORDER = 5


@dataclass(frozen=True)
class Arguments:
    """Count the n-grams of a text and estimate a language model; show how its state space grows, score a text
    with it, write it as an ARPA file, or write text with it.

    Give --data to learn from, or --arpa to read a model.
    """

    data: str = ""
    """Text to learn from: a file, a folder, several (a.txt,b.txt), a pattern ('books/*.txt'), or a data set
    such as @ptb/train. Words are what white space separates."""

    arpa: str = ""
    """Or a model in ARPA format, whoever wrote it; .gz is unpacked."""

    strict: bool = False
    """With --arpa: refuse probabilities that do not add up to one, rather than warn."""

    order: int = 0
    """N: a token is predicted from the N − 1 before it. 0 takes 5, or less where no text is so long."""

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

    encoding: str = "utf-8"
    """Of the texts, such as latin-1, cp1252 or utf-16; a byte order mark goes before it."""

    test: str = ""
    """Text to score."""

    out: str = ""
    """ARPA file to write; KenLM and SRILM read it. A name that ends with .gz is packed."""

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
        open_texts(args.test, args.encoding)  # before the work, not after it
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
        with spinner(f"reading {args.arpa}", shown=True), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", SumWarning)
            model = NGram.load_arpa(args.arpa, strict=args.strict)
        show_notes(f"note: {note.message}" for note in said)
        return model, time.perf_counter() - began, f"read a model of order {model.order}"
    with spinner(f"reading {args.data}", shown=True):
        tokens, read = read_tokens(
            args.data, args.unit, sentences=args.mode == "sentence", encoding=args.encoding
        )
    show_notes(read)
    order = args.order or _usual_order(tokens)
    model = NGram(order, args.smoothing, k=args.k, min_frequency=args.min_frequency)
    began = time.perf_counter()
    with spinner("counting", shown=True), warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", DiscountWarning)
        model.fit(tokens)
    if notes:
        more = f" (and so in {len(notes) - 1} other orders)" if len(notes) > 1 else ""
        print(f"note: {notes[0].message}{more}")
    count = sum(len(t) + 1 for t in tokens) if args.mode == "sentence" else len(tokens)
    kinds = len(model.vocabulary)
    return (
        model,
        time.perf_counter() - began,
        f"estimated from {counted(count, 'token')} of {counted(kinds, 'kind')}",
    )


def _usual_order(tokens: Tokens) -> int:
    """Return 5, or as much as the longest sentence with its two ends has, and say so."""
    longest = max(len(t) + 2 for t in tokens) if isinstance(tokens[0], list) else len(tokens) + 1
    if longest < USUAL_ORDER:
        show_notes([f"order {longest}: no text is longer (--order)"])
    return min(USUAL_ORDER, longest)


def read_tokens(
    source: str, unit: str, *, sentences: bool, encoding: str = "utf-8"
) -> tuple[Tokens, tuple[str, ...]]:
    """Return the tokens of a text, and notes on how it was read.

    They are flat with ``<eos>``, or a list for each line that is not blank. Of words, the marks ``<s>`` and
    ``</s>`` at the ends of a line are taken off.

    Raises:
        DataError: if it cannot be read, or holds none.
    """
    texts = open_texts(source, encoding)
    notes = list(texts.notes)
    if unit == "char":
        tokens: Tokens = [sign for d in texts.documents for sign in d.text]
    else:
        # Split at "\n" alone, as the language models do.
        lines = [line.split() for d in texts.documents for line in d.text.removesuffix("\n").split("\n")]
        bare = [list(bare_sentence(line)) for line in lines]
        marked = sum(len(a) != len(b) for a, b in zip(lines, bare, strict=True))
        if marked:
            notes.append(f"{source}: <s> and </s> at the ends of {marked:,} lines are taken for these ends")
        bare_lines = [b for a, b in zip(lines, bare, strict=True) if a]
        tokens = bare_lines if sentences else [w for line in bare for w in (*line, EOS)]
    if not tokens:
        raise DataError(f"{source}: holds no tokens")
    return tokens, tuple(notes)


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
        tokens, notes = read_tokens(
            args.test, args.unit, sentences=model.by_sentences, encoding=args.encoding
        )
    show_notes(notes)
    began = time.perf_counter()
    scores = model.score(tokens)
    seconds = time.perf_counter() - began
    flat = [t for part in tokens for t in ([part] if isinstance(part, str) else [*part, EOS])]
    known = set(model.vocabulary)
    unknown = np.array([t == UNK or t not in known for t in flat])
    print(
        f"{args.test}: perplexity {_perplexity(scores):.2f}, {len(scores):,} predictions with "
        f"{flat.count(EOS):,} <eos> and {unknown.sum():,} <unk>, {len(scores) / seconds:,.0f} tokens/s"
    )
    if unknown.any():
        print(f"  without the <unk>: perplexity {_perplexity(scores[~unknown]):.2f}")


def _perplexity(scores: NDArray[np.float64]) -> float:
    nats = -float(scores.mean()) if len(scores) else 0.0
    return math.exp(nats) if nats < 700 else math.inf
