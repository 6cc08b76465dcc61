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
from unrolled.baselines.ngram.marks import strip_sentence_marks
from unrolled.cli.arguments import parse
from unrolled.config import require
from unrolled.console import print_table
from unrolled.data import open_texts
from unrolled.errors import DataError
from unrolled.storage.output import check_output, parse_output_path
from unrolled.symbols import EOS, UNK
from unrolled.tasks.base.show_notes import show_notes
from unrolled.terminal import Terminal
from unrolled.training.progress_display import spinner
from unrolled.wording import counted

Tokens = list[str] | list[list[str]]
DEFAULT_ORDER = 5


@dataclass(frozen=True)
class Arguments:
    """Estimate an n-gram language model from a text. Shows the growth of its state space, and can score a
    text, write an ARPA file and generate text.

    Give --data to train on, or --arpa to read a model.
    """

    data: str = ""
    """Text to train on: a file, a folder, several (a.txt,b.txt), a pattern ('books/*.txt'), or a data set
    such as @ptb/train. Words are separated by white space."""

    arpa: str = ""
    """Model to read instead, in ARPA format, from any program. .gz files are decompressed."""

    strict: bool = False
    """With --arpa: raise an error instead of a warning if probabilities do not sum to one."""

    order: int = 0
    """Order N: each token is predicted from the N − 1 tokens before it. 0: 5, or less if all texts are
    shorter."""

    smoothing: Smoothing = "modified-kneser-ney"
    """Probability of unseen n-grams: zero (mle), from adding k to each count (add-k), or from shorter
    n-grams (the others)."""

    k: float = 1.0
    """Number that add-k adds to every count."""

    unit: Literal["word", "char"] = "word"
    """Tokens: words, with <eos> at the end of each line, or characters."""

    mode: Literal["stream", "sentence"] = "stream"
    """stream: n-grams continue across lines. sentence: each line is independent and begins with <s>."""

    min_frequency: int = 1
    """Tokens with a lower frequency are replaced by <unk>."""

    encoding: str = "utf-8"
    """Encoding of the texts, such as latin-1, cp1252 or utf-16. A byte order mark takes precedence."""

    test: str = ""
    """Text to score."""

    out: str = ""
    """ARPA file to write, for KenLM, SRILM and others. With the extension .gz, it is compressed."""

    length: int = 40
    """Number of tokens in the printed sample; 0: no sample."""

    seed: int = 1
    """Random seed of the sample."""

    overwrite: bool = False
    """Replace the file of --out."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(
        bool(args.data) != bool(args.arpa), "give --data (a text to train on) or --arpa (a model to read)"
    )
    require(args.mode == "stream" or args.unit == "word", "--mode sentence needs --unit word")
    inputs = (args.data, args.test, args.arpa)
    require(
        not args.out or args.out not in inputs, f"--out {args.out}: is also an input file; give another name"
    )
    if args.out:
        check_output(parse_output_path(args.out), overwrite=args.overwrite)
    require(args.length >= 0, f"--length {args.length}: must not be negative")
    if args.test:
        open_texts(args.test, args.encoding)  # fails here, before the model is estimated
    model, seconds, source = _make_model(args)
    print(f"{source} in {seconds:.2f} s")
    console = Terminal(highlight=False)
    print_table(_growth_table(model), console)
    if args.out:
        with spinner(f"writing {args.out}", shown=True):
            model.save_arpa(args.out)
        print(f"written: {args.out}")
    if args.test:
        _print_score(model, args)
    if args.length:
        separator = "" if args.unit == "char" else " "
        tokens = model.generate(args.length, seed=args.seed)
        console.rule(f"sample (seed {args.seed})", style="dim")
        console.print(
            separator.join("\n" if t == EOS else t for t in tokens).replace("\n ", "\n"), markup=False
        )
    return 0


def _make_model(args: Arguments) -> tuple[NGram, float, str]:
    """Return the model, the seconds to make it, and how it was made, to be printed."""
    if args.arpa:
        start = time.perf_counter()
        with spinner(f"reading {args.arpa}", shown=True), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SumWarning)
            model = NGram.load_arpa(args.arpa, strict=args.strict)
        show_notes(f"note: {warning.message}" for warning in caught)
        return model, time.perf_counter() - start, f"read a model of order {model.order}"
    with spinner(f"reading {args.data}", shown=True):
        tokens, notes = read_tokens(
            args.data, args.unit, sentences=args.mode == "sentence", encoding=args.encoding
        )
    show_notes(notes)
    order = args.order or _default_order(tokens)
    model = NGram(order, args.smoothing, k=args.k, min_frequency=args.min_frequency)
    start = time.perf_counter()
    with spinner("counting", shown=True), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DiscountWarning)
        model.fit(tokens)
    if caught:
        other_orders = f" (also for {counted(len(caught) - 1, 'other order')})" if len(caught) > 1 else ""
        print(f"note: {caught[0].message}{other_orders}")
    count = sum(len(t) + 1 for t in tokens) if args.mode == "sentence" else len(tokens)
    source = f"estimated from {counted(count, 'token')} with a vocabulary of {len(model.vocabulary):,}"
    return model, time.perf_counter() - start, source


def _default_order(tokens: Tokens) -> int:
    """Return 5, or the length of the longest sentence with its boundary marks if less (with a note)."""
    longest = max(len(t) + 2 for t in tokens) if isinstance(tokens[0], list) else len(tokens) + 1
    if longest < DEFAULT_ORDER:
        show_notes([f"order {longest}: no text is long enough for order {DEFAULT_ORDER} (--order)"])
    return min(DEFAULT_ORDER, longest)


def read_tokens(
    source: str, unit: str, *, sentences: bool, encoding: str = "utf-8"
) -> tuple[Tokens, tuple[str, ...]]:
    """Return the tokens of a text, and notes on how it was read.

    The tokens are a flat list with ``<eos>``, or, with ``sentences``, one list for each line that is not
    blank. For words, the marks ``<s>`` and ``</s>`` at the ends of a line are removed.

    Raises:
        DataError: if the text cannot be read or has no tokens.
    """
    texts = open_texts(source, encoding)
    notes = list(texts.notes)
    if unit == "char":
        tokens: Tokens = [character for d in texts.documents for character in d.text]
    else:
        # Split only at "\n", like the language models.
        lines = [line.split() for d in texts.documents for line in d.text.removesuffix("\n").split("\n")]
        unmarked = [list(strip_sentence_marks(line)) for line in lines]
        marked = sum(len(a) != len(b) for a, b in zip(lines, unmarked, strict=True))
        if marked:
            line_count = counted(marked, "line")
            notes.append(f"{source}: <s> and </s> at the ends of {line_count} are read as boundaries")
        sentence_lines = [b for a, b in zip(lines, unmarked, strict=True) if a]
        tokens = sentence_lines if sentences else [w for line in unmarked for w in (*line, EOS)]
    if not tokens:
        raise DataError(f"{source}: has no tokens")
    return tokens, tuple(notes)


def _growth_table(model: NGram) -> Table:
    table = Table(title="state space", title_justify="left")
    for head in ("order", "distinct n-grams", "possible", "MB"):
        table.add_column(head, justify="right")
    for g in model.growth:
        table.add_row(str(g.order), f"{g.distinct:,}", f"{g.possible:.2g}", f"{g.bytes / 1e6:.2f}")
    total = sum(g.bytes for g in model.growth)
    table.add_row("all", f"{sum(g.distinct for g in model.growth):,}", "", f"{total / 1e6:.2f}")
    return table


def _print_score(model: NGram, args: Arguments) -> None:
    with spinner(f"reading {args.test}", shown=True):
        tokens, notes = read_tokens(
            args.test, args.unit, sentences=model.by_sentences, encoding=args.encoding
        )
    show_notes(notes)
    start = time.perf_counter()
    scores = model.score(tokens)
    seconds = time.perf_counter() - start
    flat = [t for part in tokens for t in ([part] if isinstance(part, str) else [*part, EOS])]
    vocabulary = set(model.vocabulary)
    unknown = np.array([t == UNK or t not in vocabulary for t in flat])
    print(
        f"{args.test}: perplexity {_perplexity(scores):.2f}, {len(scores):,} predictions with "
        f"{flat.count(EOS):,} <eos> and {unknown.sum():,} <unk>, {len(scores) / seconds:,.0f} tokens/s"
    )
    if unknown.any():
        print(f"  without the <unk>: perplexity {_perplexity(scores[~unknown]):.2f}")


def _perplexity(scores: NDArray[np.float64]) -> float:
    nats = -float(scores.mean()) if len(scores) else 0.0
    return math.exp(nats) if nats < 700 else math.inf
