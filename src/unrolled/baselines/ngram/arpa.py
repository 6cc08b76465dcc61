"""The ARPA format: n-gram models as text, as read and written by KenLM and SRILM.

A model of sentences uses ``<s>`` and ``</s>``; ``</s>`` corresponds to ``<eos>`` here. A model of one running
text has ``<eos>`` as a word; ``<s>`` and ``</s>``, which other programs require, are written with probability
0. Probabilities and back-off weights are base-10 logarithms; −99 means a probability of 0.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.baselines.ngram.counts import Texts
from unrolled.baselines.ngram.marks import BOS, END
from unrolled.baselines.ngram.table import Floats, NGramTable, find_keys
from unrolled.baselines.ngram.vocabulary import TokenTable
from unrolled.errors import ConfigError, DataError
from unrolled.reading import open_file, plain_float
from unrolled.storage.output import write_output
from unrolled.symbols import EOS, EOS_ID, UNK

LOG_ZERO = -99.0
"""The logarithm that the format uses for a probability of 0."""
LARGEST = 30.0
"""Upper limit for the logarithm of a back-off weight, which may be above 1 in a pruned model."""
LONGEST_LINE = 1 << 20
TOLERANCE = 2e-3
"""Largest deviation from 1 of the sum of probabilities after a context: files are rounded, and pruned models
are rounded again."""


def write_arpa(path: Path, table: NGramTable, tokens: TokenTable) -> None:
    """Write a model; it is compressed if the file name ends with ``.gz``.

    Raises:
        ConfigError: if the format cannot represent the model (add-k above order 1; a token with a blank).
        RunError: if the file cannot be written.
    """
    if not table.blended and table.order > 1:
        raise ConfigError(
            "smoothing='add-k' is not a back-off model, the only kind that the ARPA format can store; choose "
            "another smoothing"
        )
    invalid = next((t for t in tokens.tokens if t.split() != [t]), None)
    if invalid is not None:
        raise ConfigError(
            f"the token {invalid!r} cannot be written to an ARPA file: words are separated by blanks"
        )
    data = "".join(_format_lines(table, tokens)).encode()
    write_output(path, data)


def _format_lines(table: NGramTable, tokens: TokenTable) -> Iterator[str]:
    names = [*tokens.tokens, BOS]
    end_line = "" if tokens.by_sentences else f"{LOG_ZERO:g}\t{END}\n"
    if tokens.by_sentences:
        names[EOS_ID] = END
    counts = [table.base + bool(end_line), *(len(k) for k in table.keys)]
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
            backoffs = _log10(table.backoffs[n - 1])
            rows = zip(logs, words, backoffs, strict=True)
            yield from (f"{p:.8g}\t{w}\t{b:.8g}\n" if b else f"{p:.8g}\t{w}\n" for p, w, b in rows)
        if n == 1:
            yield end_line
    yield "\n\\end\\\n"


def _contexts(table: NGramTable, n: int) -> list[int]:
    return (table.keys[n - 2] // table.base).tolist()


def _log10(p: Floats) -> list[float]:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(p.astype(np.float64)), LOG_ZERO).tolist()


class SumWarning(UserWarning):
    """The probabilities in an ARPA file do not add up to one."""


def read_arpa(path: Path, *, strict: bool = False) -> tuple[NGramTable, TokenTable]:
    """Read a model; it is decompressed if the file name ends with ``.gz``.

    Args:
        path: the file.
        strict: raise an error instead of a warning if probabilities do not add up to one.

    Raises:
        DataError: if the file is missing, damaged or truncated; or if ``strict`` is set and the probabilities
            do not add up to one.

    Warns:
        SumWarning: if the probabilities after some context do not add up to one, as in a pruned or hand-made
            file. The probabilities are used unchanged.
    """
    with open_file(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
        try:
            table, tokens = _Reader(path, text).read()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: is not an ARPA file, which is text in UTF-8 ({error})") from None
    problem = _check_sums(path, table, tokens)
    if problem and strict:
        raise DataError(f"{problem}; the file is damaged, or it is not a probability model")
    if problem:
        warnings.warn(f"{problem}; scores are those of the file", SumWarning, stacklevel=3)
    return table, tokens


class _Reader:
    """Parser of an ARPA file, which reads its lines once from top to bottom."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.file, self.line_number = path, file, 0

    def read(self) -> tuple[NGramTable, TokenTable]:
        sizes = self._read_header()
        logs, words, backoffs = self._read_section(1, sizes[0])
        sentences = EOS not in words
        tokens = _build_tokens(self.path, words, sentences=sentences)
        base = len(tokens.tokens) + 1
        word_ids = {**tokens.numbers, BOS: base - 1}
        word_ids |= {END: EOS_ID} if sentences else {END: -1}
        ids = np.array([word_ids[w] for w in words])
        probabilities = [_scatter(ids, logs, base, 0.0)]
        probabilities[0][base - 1] = 0.0  # lmplz writes 1 for <s>, which is never predicted
        all_backoffs = [_scatter(ids, backoffs, base, 1.0)]
        all_keys: list[Ids] = []
        for n, size in enumerate(sizes[1:], 2):
            logs, grams, backoffs = self._read_section(n, size)
            keys = self._build_keys(n, grams, word_ids, base, all_keys)
            order = np.argsort(keys)
            keys = keys[order]
            if (keys[1:] == keys[:-1]).any():
                raise self._error(f"the {n}-grams hold one n-gram twice")
            all_keys.append(keys)
            probabilities.append(_pow10(logs)[order])
            all_backoffs.append(_pow10(backoffs)[order])
        while not (line := self._next_line().strip()):
            pass
        if line != "\\end\\":
            raise self._error(f"'\\end\\' was expected, not {line!r}")
        return (
            NGramTable(
                len(tokens.tokens),
                tuple(all_keys),
                tuple(p.astype(np.float32) for p in probabilities),
                tuple(b.astype(np.float32) for b in all_backoffs[:-1]),
                blended=True,
            ),
            tokens,
        )

    def _read_header(self) -> list[int]:
        """Return the number of n-grams of each order."""
        while self._next_line().strip() != "\\data\\":
            pass
        sizes: list[int] = []
        while (line := self._next_line().strip()).startswith("ngram "):
            match = re.fullmatch(r"ngram +([0-9]+) *= *([0-9]{1,18})", line)
            if not match or match[1] != str(len(sizes) + 1):
                raise self._error(f"{line!r} is not 'ngram {len(sizes) + 1}=COUNT'")
            sizes.append(int(match[2]))
        if not sizes or line:
            raise self._error("a list of 'ngram N=COUNT' and an empty line were expected")
        return sizes

    def _read_section(self, n: int, size: int) -> tuple[list[float], list[str], list[float]]:
        """Return log10 p, the words, and log10 of the back-off weight of each n-gram."""
        while not (line := self._next_line().strip()):
            pass
        if line != f"\\{n}-grams:":
            raise self._error(f"'\\{n}-grams:' was expected, not {line!r}")
        logs, grams, backoffs = [], [], []
        for _ in range(size):
            # Programs separate fields by tabs or blanks; a word may contain other white space.
            fields = self._next_line().rstrip("\n").replace("\t", " ").split(" ")
            if "" in fields:
                fields = [f for f in fields if f]
            try:
                log = plain_float(fields[0])
                backoff = plain_float(fields[n + 1]) if len(fields) > n + 1 else 0.0
            except (ValueError, IndexError):
                log = backoff = np.nan
            if not (n + 1 <= len(fields) <= n + 2 and log <= 1e-5 and backoff < LARGEST):
                raise self._error(f"{' '.join(fields)!r} is not 'log10 p ≤ 0, {n} words, back-off weight'")
            logs.append(log)
            grams.append(" ".join(fields[1 : n + 1]))
            backoffs.append(backoff)
        if self._next_line().strip():
            raise self._error(f"there are more than the {size} {n}-grams announced at the top of the file")
        return logs, grams, backoffs

    def _build_keys(
        self, n: int, grams: Sequence[str], word_ids: dict[str, int], base: int, lower_keys: Sequence[Ids]
    ) -> Ids:
        """Return the keys of n-grams (see :class:`Level`) from the keys of the lower orders."""
        try:
            flat = [word_ids[w] for gram in grams for w in gram.split(" ")]
        except KeyError as error:
            raise self._error(
                f"the {n}-grams hold {error.args[0]!r}, which is not among the 1-grams"
            ) from None
        ids = np.array(flat, dtype=np.int64).reshape(len(grams), n)
        if (ids < 0).any():
            raise self._error(
                f"the {n}-grams hold {END}, but the model is of one running text ({EOS} is a word)"
            )
        if (ids[:, 1:] == base - 1).any():
            raise self._error(f"the {n}-grams hold {BOS} after another word")
        prefix = ids[:, 0]
        for m, keys in enumerate(lower_keys, 1):
            place, hit = find_keys(keys, prefix * base + ids[:, m])
            if not hit.all():
                gram = grams[int(np.flatnonzero(~hit)[0])]
                raise self._error(
                    f"the {n}-gram {gram!r} is in the file, but not the {m + 1}-gram that it begins with"
                )
            prefix = place
        return prefix * base + ids[:, n - 1]

    def _next_line(self) -> str:
        line = self.file.readline(LONGEST_LINE + 1)
        self.line_number += 1
        if len(line) > LONGEST_LINE:
            raise self._error(f"it is longer than {LONGEST_LINE >> 20} MiB")
        if not line:
            raise self._error("the file ends before '\\end\\': it was cut off; get the complete file")
        return line

    def _error(self, what: str) -> DataError:
        return DataError(f"{self.path}: line {self.line_number}: {what}")


def _build_tokens(path: Path, words: Sequence[str], *, sentences: bool) -> TokenTable:
    if len(set(words)) != len(words):
        raise DataError(f"{path}: the 1-grams hold one word twice")
    if sentences and END not in words:
        raise DataError(f"{path}: the 1-grams hold neither {END} nor {EOS}: texts would never end")
    names = [w for w in words if w not in (BOS, END, EOS, UNK)]
    return TokenTable([EOS, UNK, *names], len(names) + 2 if sentences else EOS_ID)


def _pow10(logs: Sequence[float]) -> Numbers:
    values = np.asarray(logs, np.float64)
    p: Numbers = np.where(values <= LOG_ZERO, 0.0, 10.0**values)
    return p


def _scatter(ids: Ids, logs: Sequence[float], base: int, default: float) -> Numbers:
    """Return an array (base,) with 10^log at the id of each word, and ``default`` elsewhere."""
    values = np.full(base, default)
    valid = ids >= 0
    values[ids[valid]] = _pow10(logs)[valid]
    return values


def _check_sums(path: Path, table: NGramTable, tokens: TokenTable) -> str:
    """Return a message about probabilities that do not add up to one; "" if all do.

    The sum after a context h is Σ p(w|h) + backoff(h) · (1 − Σ p(w|h')), both sums over the w seen after h,
    where h' is h without its first token.
    """
    problems: list[tuple[float, str]] = []
    count = 1
    total = float(table.probabilities[0].sum())
    if not abs(total - 1) <= TOLERANCE:
        problems.append((total, "the 1-grams"))
    for n in range(2, table.order + 1):
        keys = table.keys[n - 2]
        if not len(keys):
            continue
        contexts = len(table.backoffs[n - 2])
        parents = keys // table.base
        shorter = _score_without_first(table, n)
        seen = np.bincount(parents, table.probabilities[n - 1], minlength=contexts)
        below = np.bincount(parents, shorter, minlength=contexts)
        successors = np.bincount(parents, minlength=contexts)
        sums = np.where(successors > 0, seen + table.backoffs[n - 2] * (1 - below), 1.0)
        count += int((successors > 0).sum())
        wrong = np.flatnonzero(~(np.abs(sums - 1) <= TOLERANCE))
        context_ids = _get_ngram_tokens(table, n - 1, wrong)
        names = [*tokens.tokens, BOS]
        for total, context in zip(sums[wrong].tolist(), context_ids.tolist(), strict=True):
            problems.append((total, f"the {n}-grams after {' '.join(names[i] for i in context)!r}"))
    if not problems:
        return ""
    total, what = max(problems, key=lambda pair: abs(pair[0] - 1))
    others = f" (and those of {len(problems) - 1:,} more of {count:,} contexts)" if len(problems) > 1 else ""
    return f"{path}: the probabilities of {what} add up to {total:.4f}, not 1{others}"


def _get_ngram_tokens(table: NGramTable, n: int, ids: Ids) -> Ids:
    """Return the tokens (M, n) of n-grams, given their ids."""
    columns = []
    for keys in reversed(table.keys[: n - 1]):
        columns.append(keys[ids] % table.base)
        ids = keys[ids] // table.base
    return np.stack([ids, *reversed(columns)], axis=1)


def _score_without_first(table: NGramTable, n: int) -> Numbers:
    """Return p of every n-gram of order n without its first token."""
    rows = _get_ngram_tokens(table, n, np.arange(len(table.keys[n - 2])))[:, 1:]
    if n == 2:
        return table.probabilities[0].astype(np.float64)[rows[:, 0]]
    starts = np.arange(len(rows)) * (n - 1)
    with np.errstate(divide="ignore"):
        scored = np.exp(table.score(Texts(rows.ravel(), starts)))
    last: Numbers = scored.reshape(len(rows), n - 2)[:, -1]
    return last
