"""Cost of an n-gram model: time, memory, size and scoring rate on words of the Penn Treebank.

Run: python benchmarks/ngram.py [--order N] [--smoothing NAME] [--repeats R]

Each model is estimated in a separate process, to measure its peak memory. The time is the median of R
estimates, from the list of words to the model. The rates are medians of R scorings of the whole test text
from lists of words: as one text in which <eos> is a word, and as sentences. If KenLM's Python package is
installed, it scores the same lists for comparison, with the ARPA files written here.
"""

import argparse
import gc
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from unrolled.baselines.ngram import SMOOTHINGS, NGram
from unrolled.data import open_documents
from unrolled.symbols import EOS

try:
    import kenlm
except ImportError:
    kenlm = None

PARTS = ("1/4", "1/2", "1")


def read(part: str) -> list[list[str]]:
    """Return the lines of a part of the treebank, as lists of words."""
    return [
        line.split() for document in open_documents(f"@ptb/{part}") for line in document.text.splitlines()
    ]


def join_lines(lines: list[list[str]]) -> list[str]:
    """Return all lines as one text, with <eos> after each line."""
    return [token for line in lines for token in (*line, EOS)]


def read_memory(field: str) -> float:
    """Return the memory of this process in MB, from Linux: VmRSS is the current, VmHWM the peak."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 / 1e6 for row in rows if row.startswith(field))


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of several calls."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure_fit(part: str, order: int, smoothing: str, repeats: int) -> None:
    """Print the cost of estimating a model on this part of the training text, as JSON."""
    tokens = join_lines(read("train"))
    tokens = tokens[: int(len(tokens) * Fraction(part))]
    gc.collect()
    memory_before = read_memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    seconds = [median_seconds(lambda: NGram(order, smoothing).fit(tokens), 1)]
    peak = read_memory("VmHWM")
    seconds += [median_seconds(lambda: NGram(order, smoothing).fit(tokens), 1) for _ in range(repeats - 1)]
    cost = {
        "tokens": len(tokens),
        "before": memory_before,
        "peak": peak,
        "seconds": statistics.median(seconds),
    }
    print(json.dumps(cost))


def fit_in_process(part: str, args: argparse.Namespace) -> dict[str, float]:
    """Run :func:`measure_fit` in a separate process and return its result."""
    options = [part, "--order", args.order, "--smoothing", args.smoothing, "--repeats", args.repeats]
    command = [sys.executable, __file__, "--fit", *map(str, options)]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(process.stdout)


def make_kenlm_scorer(path: Path, *, sentences: bool) -> Callable[[list], float]:
    """Return a function that computes ln p of lists of words with KenLM."""
    model = kenlm.Model(str(path))

    def score_sentences(lines: list[list[str]]) -> float:
        return sum(model.score(" ".join(line)) for line in lines) * math.log(10)

    def score_text(tokens: list[str]) -> float:
        scores = model.full_scores(" ".join([EOS, *tokens]), bos=False, eos=False)
        next(scores)
        return sum(p for p, *_ in scores) * math.log(10)

    return score_sentences if sentences else score_text


def compare(name: str, train: list, test: list, count: int, args: argparse.Namespace) -> NGram:
    """Print the scoring rate and perplexity of unrolled and KenLM; return unrolled's model."""
    model = NGram(args.order, args.smoothing).fit(train)
    rate = count / median_seconds(lambda: model.score(test), args.repeats)
    print(f"{name}: unrolled {rate:,.0f} tokens/s, perplexity {model.perplexity(test):.3f}, {count:,} tokens")
    if kenlm is None or args.order == 1 or args.smoothing == "add-k":
        return model
    with tempfile.TemporaryDirectory() as folder:
        print(f"{name}: writing an ARPA file and reading it with KenLM and unrolled …", file=sys.stderr)
        path = Path(folder) / "model.arpa"
        writing_seconds = median_seconds(lambda: model.save_arpa(path), 1)
        theirs = make_kenlm_scorer(path, sentences=name == "sentences")
        reading_seconds = median_seconds(lambda: NGram.load_arpa(path), 1)
        size = path.stat().st_size / 1e6
    rate = count / median_seconds(lambda: theirs(test), args.repeats)
    print(f"{name}: KenLM    {rate:,.0f} tokens/s, perplexity {math.exp(-theirs(test) / count):.3f}")
    print(
        f"{name}: ARPA file of {size:.1f} MB, written in {writing_seconds:.1f} s, "
        f"read in {reading_seconds:.1f} s"
    )
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--order", type=int, default=5)
    parser.add_argument("--smoothing", choices=SMOOTHINGS, default="modified-kneser-ney")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--fit", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fit:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return measure_fit(args.fit, args.order, args.smoothing, args.repeats)
    print(f"order {args.order}, {args.smoothing}, medians of {args.repeats}")
    for part in PARTS:
        print(f"estimating on {part} of the training text …", file=sys.stderr)
        cost = fit_in_process(part, args)
        print(
            f"{part:>3} of the training text, {cost['tokens']:,} tokens: {cost['seconds']:.2f} s "
            f"({cost['tokens'] / cost['seconds']:,.0f} tokens/s), peak memory {cost['peak']:.0f} MB, "
            f"{cost['before']:.0f} MB of it before, with the words"
        )
    train, test = read("train"), read("test")
    print("estimating and scoring here …", file=sys.stderr)
    count = sum(len(line) + 1 for line in test)
    model = compare("one text", join_lines(train), join_lines(test), count, args)
    compare("sentences", train, test, count, args)
    if kenlm is None:
        print("KenLM's Python package is not installed: no comparison")
    print("order  distinct n-grams     bytes")
    for row in model.growth:
        print(f"{row.order:5}  {row.distinct:16,}  {row.bytes:8,}")
    print(f"  all  {sum(r.distinct for r in model.growth):16,}  {sum(r.bytes for r in model.growth):8,}")


if __name__ == "__main__":
    main()
