"""The ARPA format: n-gram models as text, which KenLM and SRILM read and write.

A model of sentences has ``<s>`` and ``</s>``, the latter being our ``<eos>``. A model of one running text has
``<eos>`` as a word; ``<s>`` and ``</s>``, which readers ask for, then stand there with no probability.
Probabilities and back-off weights are base-10 logarithms; −99 stands for a probability of 0.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from unrolled.baselines.ngram.counts import Ids, Texts
from unrolled.baselines.ngram.marks import BOS, END
from unrolled.baselines.ngram.table import Floats, NGramTable, Numbers, find
from unrolled.baselines.ngram.vocabulary import TokenTable
from unrolled.errors import ConfigError, DataError
from unrolled.reading import open_file, plain_float
from unrolled.storage.output import write_output
from unrolled.symbols import EOS, EOS_ID, UNK

NOTHING = -99.0
LARGEST = 30.0
"""A back-off weight may be above 1 in a pruned model, but its logarithm does not reach this."""
LONGEST_LINE = 1 << 20
TOLERANCE = 2e-3
"""How far the probabilities after a context may be from adding up to one: files are rounded, and pruned
models are rounded again."""


def write_arpa(path: Path, table: NGramTable, tokens: TokenTable) -> None:
    """Write a model, packed if the name of the file ends with ``.gz``.

    Raises:
        ConfigError: if the format cannot hold it (add-k above order 1; a token with a blank in it).
        RunError: if the file cannot be written.
    """
    if not table.blended and table.order > 1:
        raise ConfigError(
            "smoothing='add-k' is not a back-off model, and the ARPA format holds no other; choose another "
            "smoothing"
        )
    odd = next((t for t in tokens.tokens if t.split() != [t]), None)
    if odd is not None:
        raise ConfigError(f"the token {odd!r} cannot stand in an ARPA file: words are parted by blanks")
    data = "".join(_lines(table, tokens)).encode()
    write_output(path, data)


def _lines(table: NGramTable, tokens: TokenTable) -> Iterator[str]:
    names = [*tokens.tokens, BOS]
    extra = "" if tokens.by_sentences else f"{NOTHING:g}\t{END}\n"
    if tokens.by_sentences:
        names[EOS_ID] = END
    counts = [table.base + bool(extra), *(len(k) for k in table.keys)]
    yield "\\data\\\n"
    yield from (f"ngram {n}={count}\n" for n, count in enumerate(counts, 1))
    words = names
    for n in range(1, table.order + 1):
        if n > 1:
            last = (table.keys[n - 2] % table.base).tolist()
            words = [f"{words[h]} {names[w]}" for h, w in zip(_contexts(table, n), last, strict=True)]
        yield f"\n\\{n}-grams:\n"
        logs = _log10(table.probabilities[n - 1])
        if n == table.order:
            yield from (f"{p:.8g}\t{w}\n" for p, w in zip(logs, words, strict=True))
        else:
            rests = _log10(table.rests[n - 1])
            rows = zip(logs, words, rests, strict=True)
            yield from (f"{p:.8g}\t{w}\t{r:.8g}\n" if r else f"{p:.8g}\t{w}\n" for p, w, r in rows)
        if n == 1:
            yield extra
    yield "\n\\end\\\n"


def _contexts(table: NGramTable, n: int) -> list[int]:
    return (table.keys[n - 2] // table.base).tolist()


def _log10(p: Floats) -> list[float]:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(p.astype(np.float64)), NOTHING).tolist()


class SumWarning(UserWarning):
    """Probabilities of a file do not add up to one."""


def read_arpa(path: Path, *, strict: bool = False) -> tuple[NGramTable, TokenTable]:
    """Read a model, unpacked if the name of the file ends with ``.gz``.

    Args:
        path: the file.
        strict: refuse probabilities that do not add up to one, rather than warn.

    Raises:
        DataError: if the file is missing, damaged or cut off.

    Warns:
        SumWarning: if the probabilities after some context do not add up to one: of a pruned or hand-made
            file. Scores are those of the file.
    """
    with open_file(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
        try:
            table, tokens = _Reader(path, text).read()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: is not an ARPA file, which is text in UTF-8 ({error})") from None
    said = _wrong_sums(path, table, tokens)
    if said and strict:
        raise DataError(f"{said}; the file is damaged, or it is not a probability model")
    if said:
        warnings.warn(f"{said}; scores are those of the file", SumWarning, stacklevel=3)
    return table, tokens


class _Reader:
    """The lines of a file, read once from top to bottom."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file, self.number = path, file, 0

    def read(self) -> tuple[NGramTable, TokenTable]:
        sizes = self._header()
        logs, words, rests = self._section(1, sizes[0])
        sentences = EOS not in words
        tokens = _tokens(self.path, words, sentences=sentences)
        base = len(tokens.tokens) + 1
        numbers = {**tokens.numbers, BOS: base - 1}
        numbers |= {END: EOS_ID} if sentences else {END: -1}
        ids = np.array([numbers[w] for w in words])
        probabilities = [_spread(ids, logs, base, 0.0)]
        probabilities[0][base - 1] = 0.0  # lmplz writes 1 for what is never predicted
        all_rests = [_spread(ids, rests, base, 1.0)]
        all_keys: list[Ids] = []
        for n, size in enumerate(sizes[1:], 2):
            logs, grams, rests = self._section(n, size)
            keys = self._keys(n, grams, numbers, base, all_keys)
            order = np.argsort(keys)
            keys = keys[order]
            if (keys[1:] == keys[:-1]).any():
                raise self._wrong(f"the {n}-grams hold one of them twice")
            all_keys.append(keys)
            probabilities.append(_power(logs)[order])
            all_rests.append(_power(rests)[order])
        while not (line := self._next().strip()):
            pass
        if line != "\\end\\":
            raise self._wrong(f"'\\end\\' was expected, not {line!r}")
        return (
            NGramTable(
                len(tokens.tokens),
                tuple(all_keys),
                tuple(p.astype(np.float32) for p in probabilities),
                tuple(r.astype(np.float32) for r in all_rests[:-1]),
                blended=True,
            ),
            tokens,
        )

    def _header(self) -> list[int]:
        """Return how many n-grams there are of each order."""
        while self._next().strip() != "\\data\\":
            pass
        sizes: list[int] = []
        while (line := self._next().strip()).startswith("ngram "):
            found = re.fullmatch(r"ngram +([0-9]+) *= *([0-9]{1,18})", line)
            if not found or found[1] != str(len(sizes) + 1):
                raise self._wrong(f"{line!r} is not 'ngram {len(sizes) + 1}=COUNT'")
            sizes.append(int(found[2]))
        if not sizes or line:
            raise self._wrong("a list of 'ngram N=COUNT' and an empty line were expected")
        return sizes

    def _section(self, n: int, size: int) -> tuple[list[float], list[str], list[float]]:
        """Return log10 p, words and log10 of the back-off weight of each n-gram."""
        while not (line := self._next().strip()):
            pass
        if line != f"\\{n}-grams:":
            raise self._wrong(f"'\\{n}-grams:' was expected, not {line!r}")
        logs, grams, rests = [], [], []
        for _ in range(size):
            # Tabs or blanks part the fields, as programs differ; a word may hold other white space.
            fields = self._next().rstrip("\n").replace("\t", " ").split(" ")
            if "" in fields:
                fields = [f for f in fields if f]
            try:
                log, rest = plain_float(fields[0]), plain_float(fields[n + 1]) if len(fields) > n + 1 else 0.0
            except (ValueError, IndexError):
                log = rest = np.nan
            if not (n + 1 <= len(fields) <= n + 2 and log <= 1e-5 and rest < LARGEST):
                raise self._wrong(f"{' '.join(fields)!r} is not 'log10 p ≤ 0, {n} words, back-off weight'")
            logs.append(log)
            grams.append(" ".join(fields[1 : n + 1]))
            rests.append(rest)
        if self._next().strip():
            raise self._wrong(f"there are more than the {size} {n}-grams that the head of the file tells of")
        return logs, grams, rests

    def _keys(
        self, n: int, grams: Sequence[str], numbers: dict[str, int], base: int, known: Sequence[Ids]
    ) -> Ids:
        try:
            flat = [numbers[w] for gram in grams for w in gram.split(" ")]
        except KeyError as error:
            raise self._wrong(
                f"the {n}-grams hold {error.args[0]!r}, which is not among the 1-grams"
            ) from None
        ids = np.array(flat, dtype=np.int64).reshape(len(grams), n)
        if (ids < 0).any():
            raise self._wrong(f"the {n}-grams hold {END}, and the words are those of one running text")
        if (ids[:, 1:] == base - 1).any():
            raise self._wrong(f"the {n}-grams hold {BOS} after another word")
        here = ids[:, 0]
        for m, keys in enumerate(known, 1):
            place, hit = find(keys, here * base + ids[:, m])
            if not hit.all():
                gram = grams[int(np.flatnonzero(~hit)[0])]
                raise self._wrong(
                    f"the {n}-gram {gram!r} is there, but not the {m + 1}-gram that it begins with"
                )
            here = place
        return here * base + ids[:, n - 1]

    def _next(self) -> str:
        line = self.file.readline(LONGEST_LINE + 1)
        self.number += 1
        if len(line) > LONGEST_LINE:
            raise self._wrong(f"it is longer than {LONGEST_LINE >> 20} MiB")
        if not line:
            raise self._wrong("the file ends before '\\end\\': it was cut off; get it whole")
        return line

    def _wrong(self, what: str) -> DataError:
        return DataError(f"{self.path}: line {self.number}: {what}")


def _tokens(path: Path, words: Sequence[str], *, sentences: bool) -> TokenTable:
    if len(set(words)) != len(words):
        raise DataError(f"{path}: the 1-grams hold one word twice")
    if sentences and END not in words:
        raise DataError(f"{path}: the 1-grams hold neither {END} nor {EOS}: texts would never end")
    names = [w for w in words if w not in (BOS, END, EOS, UNK)]
    return TokenTable([EOS, UNK, *names], len(names) + 2 if sentences else EOS_ID)


def _power(logs: Sequence[float]) -> Numbers:
    values = np.asarray(logs, np.float64)
    p: Numbers = np.where(values <= NOTHING, 0.0, 10.0**values)
    return p


def _spread(ids: Ids, logs: Sequence[float], base: int, otherwise: float) -> Numbers:
    """Return the values of the words at their numbers."""
    values = np.full(base, otherwise)
    there = ids >= 0
    values[ids[there]] = _power(logs)[there]
    return values


def _wrong_sums(path: Path, table: NGramTable, tokens: TokenTable) -> str:
    """Say which probabilities do not add up to one, and how many; "" if all do.

    After a context h: Σ p(w|h) over the w seen + rest(h) · (1 − Σ p(w|h') over the same w), h' being h
    without its first token.
    """
    found: list[tuple[float, str]] = []
    count = 1
    total = float(table.probabilities[0].sum())
    if not abs(total - 1) <= TOLERANCE:
        found.append((total, "the 1-grams"))
    for n in range(2, table.order + 1):
        keys = table.keys[n - 2]
        if not len(keys):
            continue
        contexts = len(table.rests[n - 2])
        parents = keys // table.base
        shorter = _shorter(table, n)
        seen = np.bincount(parents, table.probabilities[n - 1], minlength=contexts)
        below = np.bincount(parents, shorter, minlength=contexts)
        kinds = np.bincount(parents, minlength=contexts)
        sums = np.where(kinds > 0, seen + table.rests[n - 2] * (1 - below), 1.0)
        count += int((kinds > 0).sum())
        wrong = np.flatnonzero(~(np.abs(sums - 1) <= TOLERANCE))
        spelt = _spell(table, n - 1, wrong)
        names = [*tokens.tokens, BOS]
        for total, context in zip(sums[wrong].tolist(), spelt.tolist(), strict=True):
            found.append((total, f"the {n}-grams after {' '.join(names[i] for i in context)!r}"))
    if not found:
        return ""
    total, what = max(found, key=lambda pair: abs(pair[0] - 1))
    more = f" (and so of {len(found) - 1:,} more of {count:,} contexts)" if len(found) > 1 else ""
    return f"{path}: the probabilities of {what} add up to {total:.4f}, not 1{more}"


def _spell(table: NGramTable, n: int, ids: Ids) -> Ids:
    """Return the tokens (M, n) of n-grams by their ids."""
    columns = []
    for keys in reversed(table.keys[: n - 1]):
        columns.append(keys[ids] % table.base)
        ids = keys[ids] // table.base
    return np.stack([ids, *reversed(columns)], axis=1)


def _shorter(table: NGramTable, n: int) -> Numbers:
    """Return p of every n-gram of order n without its first token."""
    rows = _spell(table, n, np.arange(len(table.keys[n - 2])))[:, 1:]
    if n == 2:
        return table.probabilities[0].astype(np.float64)[rows[:, 0]]
    starts = np.arange(len(rows)) * (n - 1)
    with np.errstate(divide="ignore"):
        scored = np.exp(table.score(Texts(rows.ravel(), starts)))
    last: Numbers = scored.reshape(len(rows), n - 2)[:, -1]
    return last
