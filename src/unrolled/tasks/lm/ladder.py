"""The ladder of language models: counting, windows, recurrence, and mixtures of them."""

import itertools
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.baselines.interpolation import fit_weights, mix
from unrolled.baselines.ngram import (
    SMOOTHINGS,
    DiscountWarning,
    NGramTable,
    Smoothing,
    Texts,
    UnigramCache,
    count_ngrams,
    estimate,
    read_arpa,
)
from unrolled.config import with_options
from unrolled.data import TokenStream, open_documents
from unrolled.data.fingerprint import fingerprint
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.networks import CELLS
from unrolled.tasks.base.outcome import Numbers, Outcome, Tried, Units
from unrolled.tasks.lm.data import Tokens, all_ids, check_known, make_corpus, tokenize
from unrolled.tasks.lm.job import score_tokens
from unrolled.tasks.lm.split_text import split_text
from unrolled.tasks.lm.task import SCORING_ROWS, UNITS, LanguageModel
from unrolled.text import EOS_ID, train_tokenizer
from unrolled.text.tokenizer import Ids

NAMED: dict[str, tuple[Smoothing, int]] = {
    "unigram": ("add-k", 1),
    "bigram": ("modified-kneser-ney", 2),
    "trigram": ("modified-kneser-ney", 3),
}
_SHORT = re.compile(r"kn([1-9]\d*)")
_LONG = re.compile(rf"({'|'.join(SMOOTHINGS)})-([1-9]\d*)")
CACHE, ARPA = "cache", ".arpa"
Numbering = tuple[Ids, int]
"""The number that a model read from a file gives each token, and that of its opening symbol."""
BLOCK_TOKENS = 50
"""Tokens of an item where lines or sentences do not end with ``<eos>``."""


class LanguageLadder(Ladder):
    """Models of the next token, all over the same tokens."""

    task: ClassVar[str] = "lm"
    rungs: ClassVar[tuple[str, ...]] = (
        "unigram",
        "bigram",
        "trigram",
        "kn5",
        "feed-forward",
        "tdnn",
        "elman",
        "jordan",
        "gru",
        "lstm",
        "lstm+kn5",
    )
    others: ClassVar[tuple[str, ...]] = (
        "knN",
        *(f"{s}-N" for s in SMOOTHINGS),
        "FILE.arpa",
        "A+B (a mixture)",
        "cache (in mixtures)",
    )
    metric: ClassVar[str] = "perplexity"
    metrics: ClassVar[tuple[str, ...]] = LanguageModel.metrics
    counted: ClassVar[str] = "tokens"
    loss: ClassVar[str] = "nats/token"

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`; without test text, the parts of the text are written to the folder."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no text to learn from: give data (a file, a folder, a data set) or a recipe")
        said = ""
        if not corpus.test:
            corpus, said = split_text(corpus, folder)
            self.config = with_options(
                self.config, {name: getattr(corpus, name) for name in ("data", "valid", "test")}
            )
        documents = open_documents(corpus.data)
        self.tokenizer = train_tokenizer(self.config.text, [d.text for d in documents])
        found = make_corpus(corpus, documents, self.tokenizer)
        held_out = open_documents(corpus.test)
        check_known(held_out, self.tokenizer, found.facts["unknown"], corpus.test)
        if found.valid is None:
            raise ConfigError("valid_fraction=0: the weights of networks and mixtures need held-out text")
        self.train_tokens, self.valid = found.train, found.valid
        self.test = tokenize(held_out, self.tokenizer, corpus.mode)
        self.notes: dict[str, str] = {}
        self.characters = len(self.tokenizer.decode(all_ids(self.test)[1:].tolist()))
        texts = (self.train_tokens, self.valid, self.test)
        self.fingerprint = fingerprint(self.tokenizer.tokens, *([all_ids(t)] for t in texts))
        if self.config.text.tokenizer == "char" and not self.asked:
            self.shown = "bits_per_character"
        unit = UNITS[self.config.text.tokenizer]
        return (
            f"{self.train_tokens.predictions:,} {unit}s to learn from, {self.valid.predictions:,} held out, "
            f"{self.test.predictions:,} to predict, {self.tokenizer.size:,} kinds{said}"
        )

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """See :meth:`Ladder.check`; a file must be there, and the networks of mixtures possible."""
        super().check(config, rungs, metric, seeds)
        for part in dict.fromkeys(part for rung in rungs for part in rung.split("+")):
            cls.network(config, part)
            if part.endswith(ARPA) and not Path(part).is_file():
                raise ConfigError(f"models: {part}: no such file")

    @classmethod
    def knows(cls, rung: str) -> bool:
        """See :meth:`Ladder.knows`."""
        parts = rung.split("+")
        if len(parts) == 1:
            return _simple(rung)
        return len(set(parts)) == len(parts) and all(
            p == CACHE or _simple(p) or p.partition(":")[0] in CELLS for p in parts
        )

    @classmethod
    def parts_of(cls, rung: str) -> tuple[str, ...]:
        """See :meth:`Ladder.parts_of`; the cache is no rung."""
        names = rung.split("+")
        return tuple(name for name in names if name != CACHE) if len(names) > 1 else ()

    def varies(self, rung: str) -> bool:
        """See :meth:`Ladder.varies`; a mixture with a network in it does."""
        return any(super(LanguageLadder, self).varies(part) for part in self.parts_of(rung) or [rung])

    def simple(self, rung: str, seed: int) -> Tried:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        table, renumber = self._table(rung)
        outcome = Outcome(
            rung,
            seed,
            {},
            seconds=time.perf_counter() - began,
            size=sum(table.distinct),
            counted="n-grams",
            bytes=sum(table.sizes),
            note=self.notes.get(rung, ""),
        )
        return self._scored(outcome, lambda tokens: table.score(self._texts(tokens, renumber)))

    def _table(self, rung: str) -> tuple[NGramTable, Numbering | None]:
        """Estimate a model, or read one whose words are numbered otherwise.

        Raises:
            DataError: if a file cannot be read, or is of other tokens or another mode.
        """
        if rung.endswith(ARPA):
            table, words = read_arpa(Path(rung))
            mode = "sentence" if words.by_sentences else "stream"
            if mode != self.config.corpus.mode:
                raise DataError(
                    f"{rung}: is a model with mode={mode!r}, which a model with "
                    f"mode={self.config.corpus.mode!r} cannot be compared with"
                )
            odd = sorted(set(self.tokenizer.tokens) ^ set(words.tokens))
            if odd:
                raise DataError(
                    f"{rung}: {len(odd)} tokens are known to it or from the training text but not to both "
                    f"({', '.join(map(repr, odd[:5]))} …): models of other tokens cannot be compared"
                )
            return table, (np.array([words.numbers[t] for t in self.tokenizer.tokens]), words.opening)
        smoothing, order = _parse(rung)
        counts = count_ngrams(self._texts(self.train_tokens), order, self.tokenizer.size)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always", DiscountWarning)
            table = estimate(counts, smoothing)
        said = [str(w.message) for w in found if issubclass(w.category, DiscountWarning)]
        more = f" (and so in {len(said) - 1} other orders)" if len(said) > 1 else ""
        self.notes[rung] = said[0] + more if said else ""
        return table, None

    def _texts(self, tokens: Tokens, renumber: Numbering | None = None) -> Texts:
        """Return tokens as texts with their openings, renumbered where a model has numbers of its own."""
        if isinstance(tokens, TokenStream):
            edges = np.append(tokens.starts, tokens.predictions)
            parts = [tokens.ids[b + 1 : e + 1] for b, e in itertools.pairwise(edges)]
            opening = EOS_ID
        else:
            parts = [np.append(s, EOS_ID) for s in tokens.items]
            opening = self.tokenizer.size
        if renumber is not None:
            numbers, opening = renumber
            parts = [numbers[p] for p in parts]
        return Texts.opened(parts, opening)

    def mix(self, rung: str, seed: int, parts: Mapping[str, Tried]) -> Tried:
        """See :meth:`Ladder.mix`; the weights are those under which the held-out text is most likely."""
        names = rung.split("+")
        mixed = [self._cache(seed) if name == CACHE else parts[name] for name in names]
        began = time.perf_counter()
        weights = fit_weights([part.extra["valid"] for part in mixed])
        fitting = time.perf_counter() - began
        outcomes = [part.outcome for part in mixed]
        valid, test = (mix([part.extra[text] for part in mixed], weights) for text in ("valid", "test"))
        epochs = [o.epochs for o in outcomes if o.epochs is not None]
        outcome = Outcome(
            rung,
            seed,
            self._figures(test),
            seconds=sum(o.seconds for o in outcomes) + fitting,
            rate=1 / sum(1 / o.rate for o in outcomes),
            size=sum(o.size for o in outcomes),
            counted=" + ".join(dict.fromkeys(o.counted for o in outcomes if o.counted)),
            bytes=sum(o.bytes for o in outcomes),
            epochs=max(epochs, default=None),
            note=" + ".join(f"{w:.2f} {n}" for w, n in zip(weights, names, strict=True)),
        )
        return Tried(outcome, self._units(test), {"valid": valid, "test": test})

    def _cache(self, seed: int) -> Tried:
        cache = UnigramCache(self.tokenizer.tokens)
        empty = Outcome(CACHE, seed, {}, seconds=0.0, bytes=8 * cache.size)
        return self._scored(empty, lambda tokens: cache.score_ids(all_ids(tokens)[1:]))

    def _scored(self, outcome: Outcome, score: Callable[[Tokens], Numbers]) -> Tried:
        """Score held-out and test text by ln p of each token; fill in scores and rate."""
        valid = score(self.valid)
        began = time.perf_counter()
        test = score(self.test)
        rate = len(test) / (time.perf_counter() - began)
        outcome = replace(outcome, scores=self._figures(test), rate=rate)
        return Tried(outcome, self._units(test), {"valid": valid, "test": test})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        assert task.tokenizer.tokens == self.tokenizer.tokens
        test = -score_tokens(task.model, self.test, SCORING_ROWS)
        return Scored(self._figures(test), self._units(test), {"test": test}, len(test))

    def after_network(self, task: Any) -> dict[str, Numbers]:
        """Return ln p of the held-out text, by which mixtures are weighted."""
        return {"valid": -score_tokens(task.model, self.valid, SCORING_ROWS)}

    def _figures(self, scores: Numbers) -> dict[str, float]:
        nats = -float(scores.sum())
        mean = nats / len(scores)
        return {
            "nats_per_token": mean,
            "perplexity": float(np.exp(mean)) if mean < 700 else float("inf"),
            "bits_per_character": nats / np.log(2) / max(self.characters, 1),
        }

    def _units(self, scores: Numbers) -> Units:
        """Return the loss of each line or sentence; of stretches of text where these have no ends."""
        ids = all_ids(self.test)[1:]
        ends = ids == EOS_ID
        if ends.sum() * BLOCK_TOKENS * 4 < len(ids):
            return Units.by_item(-scores, np.arange(len(ids)) // BLOCK_TOKENS)
        return Units.by_item(-scores, np.cumsum(ends) - ends)


def _simple(rung: str) -> bool:
    return rung in NAMED or rung.endswith(ARPA) or bool(_SHORT.fullmatch(rung) or _LONG.fullmatch(rung))


def _parse(rung: str) -> tuple[Smoothing, int]:
    if rung in NAMED:
        return NAMED[rung]
    if found := _SHORT.fullmatch(rung):
        return "modified-kneser-ney", int(found[1])
    found = _LONG.fullmatch(rung)
    assert found is not None, rung
    smoothing = next(s for s in SMOOTHINGS if s == found[1])
    return smoothing, int(found[2])


LADDER = LanguageLadder
