"""What an n-gram model costs: time, memory, size and scoring rate on words of the Penn Treebank.

Run: python benchmarks/ngram.py [--order N] [--smoothing NAME] [--repeats R]

Each estimate is made in a process of its own, so that its peak of memory is its own; the time is the median
of R estimates, from the list of words to the model. The rates are medians of R scorings of the whole test
text from lists of words, as one text in which <eos> is a word, and as sentences. If KenLM's Python package is
installed, its queries over the ARPA files written here, from the same lists, stand beside.
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
    """Lines of words."""
    return [
        line.split() for document in open_documents(f"@ptb/{part}") for line in document.text.splitlines()
    ]


def joined(lines: list[list[str]]) -> list[str]:
    """One text."""
    return [token for line in lines for token in (*line, EOS)]


def memory(field: str) -> float:
    """MB of this process, VmRSS now or VmHWM at the most, as Linux tells them."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 / 1e6 for row in rows if row.startswith(field))


def timed(work: Callable[[], object], repeats: int) -> float:
    """Median seconds."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def measure_fit(part: str, order: int, smoothing: str, repeats: int) -> None:
    """Print, as JSON, what estimates on this part of the training text cost."""
    tokens = joined(read("train"))
    tokens = tokens[: int(len(tokens) * Fraction(part))]
    gc.collect()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the most is counted from here on
    seconds = [timed(lambda: NGram(order, smoothing).fit(tokens), 1)]
    after = memory("VmHWM")
    seconds += [timed(lambda: NGram(order, smoothing).fit(tokens), 1) for _ in range(repeats - 1)]
    found = {"tokens": len(tokens), "before": before, "peak": after, "seconds": statistics.median(seconds)}
    print(json.dumps(found))


def fit_elsewhere(part: str, args: argparse.Namespace) -> dict[str, float]:
    """Return what :func:`measure_fit` prints in a process of its own."""
    options = [part, "--order", args.order, "--smoothing", args.smoothing, "--repeats", args.repeats]
    words = [sys.executable, __file__, "--fit", *map(str, options)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def kenlm_scorer(path: Path, *, sentences: bool) -> Callable[[list], float]:
    """Return a function from lists of words to their ln p by KenLM."""
    model = kenlm.Model(str(path))

    def of_sentences(lines: list[list[str]]) -> float:
        return sum(model.score(" ".join(line)) for line in lines) * math.log(10)

    def of_text(tokens: list[str]) -> float:
        found = model.full_scores(" ".join([EOS, *tokens]), bos=False, eos=False)
        next(found)
        return sum(p for p, *_ in found) * math.log(10)

    return of_sentences if sentences else of_text


def compare(name: str, train: list, test: list, count: int, args: argparse.Namespace) -> NGram:
    """Print rate and perplexity of both programs."""
    model = NGram(args.order, args.smoothing).fit(train)
    rate = count / timed(lambda: model.score(test), args.repeats)
    print(f"{name}: unrolled {rate:,.0f} tokens/s, perplexity {model.perplexity(test):.3f}, {count:,} tokens")
    if kenlm is None or args.order == 1 or args.smoothing == "add-k":
        return model
    with tempfile.TemporaryDirectory() as folder:
        print(f"{name}: an ARPA file is written, and read by KenLM and again by unrolled …", file=sys.stderr)
        path = Path(folder) / "model.arpa"
        seconds = timed(lambda: model.save_arpa(path), 1)
        theirs = kenlm_scorer(path, sentences=name == "sentences")
        again = timed(lambda: NGram.load_arpa(path), 1)
        size = path.stat().st_size / 1e6
    rate = count / timed(lambda: theirs(test), args.repeats)
    print(f"{name}: KenLM    {rate:,.0f} tokens/s, perplexity {math.exp(-theirs(test) / count):.3f}")
    print(f"{name}: ARPA file of {size:.1f} MB, written in {seconds:.1f} s, read again in {again:.1f} s")
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
        cost = fit_elsewhere(part, args)
        print(
            f"{part:>3} of the training text, {cost['tokens']:,} tokens: {cost['seconds']:.2f} s "
            f"({cost['tokens'] / cost['seconds']:,.0f} tokens/s), memory at the peak {cost['peak']:.0f} MB, "
            f"{cost['before']:.0f} MB before, the words among them"
        )
    train, test = read("train"), read("test")
    print("estimating and scoring here …", file=sys.stderr)
    count = sum(len(line) + 1 for line in test)
    model = compare("one text", joined(train), joined(test), count, args)
    compare("sentences", train, test, count, args)
    if kenlm is None:
        print("KenLM's Python package is not installed: nothing stands beside")
    print("order  distinct n-grams     bytes")
    for row in model.growth:
        print(f"{row.order:5}  {row.distinct:16,}  {row.bytes:8,}")
    print(f"  all  {sum(r.distinct for r in model.growth):16,}  {sum(r.bytes for r in model.growth):8,}")


if __name__ == "__main__":
    main()
