"""From files to what a translator is trained and scored on."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data import EncodedPairs, Pairs, pairs_of, read_pairs
from unrolled.errors import DataError
from unrolled.tasks.translate.config import PairsConfig
from unrolled.text import EOS_ID, UNK_ID, PairTokenizer
from unrolled.text.tokenizer import Ids, Tokenizer
from unrolled.training.records import Count

PairSource = str | Path | Sequence[tuple[str, str]]
"""Two files or a table by name, or pairs in memory."""


@dataclass(frozen=True)
class SplitPairs:
    """Texts to train on, to validate with, and to score at the end."""

    train: Pairs
    valid: Pairs | None
    test: Pairs | None


@dataclass(frozen=True)
class SidesUnknown:
    """Tokens of the training pairs that are ``<unk>``, by side."""

    source: Count
    target: Count


@dataclass(frozen=True)
class PairMaterial:
    """Training and held-out pairs, and facts about them for the report."""

    train: EncodedPairs
    valid: EncodedPairs | None
    unknown: SidesUnknown
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def open_pairs(source: PairSource, config: PairsConfig) -> Pairs:
    """Return pairs to score, in the form that a configuration describes.

    Raises:
        DataError: see :func:`read_pairs`.
    """
    if isinstance(source, str | Path):
        return read_pairs(source, config.form)
    return pairs_of(source)


def split_pairs(config: PairsConfig, data: PairSource, valid: PairSource) -> SplitPairs:
    """Read pairs, and hold out the last of them where no others are given.

    Raises:
        DataError: see :func:`read_pairs`; or no pair is left for a part.
    """
    given = read_pairs(data, config.training_form) if isinstance(data, str | Path) else pairs_of(data)
    test = open_pairs(config.test, config) if config.test else None
    held_out = open_pairs(valid, config) if valid else None
    count = len(given)
    tested = 0 if config.test else _share(given, config.test_fraction, "--test-fraction")
    validated = 0 if valid else _share(given, config.valid_fraction, "--valid-fraction")
    learned = count - tested - validated
    if learned < 1:
        raise DataError(f"{given.name}: {count:,} pairs are too few to train on and hold some out")
    return SplitPairs(
        given.part(0, learned),
        given.part(learned, learned + validated) if validated else held_out,
        given.part(count - tested, count) if tested else test,
    )


def _share(pairs: Pairs, fraction: float, option: str) -> int:
    share = int(len(pairs) * fraction)
    if fraction and not share:
        raise DataError(
            f"{pairs.name}: {len(pairs):,} pairs are too few to hold out {fraction:g} of them; give more, or "
            f"{option} 0"
        )
    return share


def encode(pairs: Pairs, tokenizer: PairTokenizer, read_at_most: int) -> EncodedPairs:
    """Return pairs as token numbers."""
    limit = read_at_most or None
    sources = [tokenizer.encode_source(text)[:limit] for text in pairs.sources]
    return EncodedPairs(sources, [tokenizer.encode_target(text) for text in pairs.targets], EOS_ID)


def cut_pairs(pairs: EncodedPairs, steps: int) -> EncodedPairs:
    """Return pairs of which each side has so many steps at most, the ``<eos>`` that follows it included."""
    sources, targets = ([ids[: steps - 1] for ids in side] for side in (pairs.sources, pairs.targets))
    return EncodedPairs(sources, targets, pairs.eos)


def make_material(split: SplitPairs, tokenizer: PairTokenizer, config: PairsConfig) -> PairMaterial:
    """Encode training and held-out pairs.

    Raises:
        DataError: if all training pairs are too long, or a held-out one has tokens that no model can know.
    """
    every = encode(split.train, tokenizer, config.read_at_most)
    train = every.within(config.max_length) if config.max_length else every
    if not len(train):
        raise DataError(
            f"{split.train.name}: every pair is longer than --max-length {config.max_length} tokens on a side"
        )
    valid = None
    unknown = SidesUnknown(_count(train.sources), _count(train.targets))
    facts = {
        "pairs": len(train),
        "too_long": len(every) - len(train),
        "held_out_pairs": len(split.valid) if split.valid else 0,
        "source_tokens": sum(len(s) for s in train.sources),
        "target_tokens": train.predictions,
        "unknown": asdict(unknown),
        "vocabulary": {"source": tokenizer.source.size, "target": tokenizer.target.size},
        "target_words": max(1, round(np.mean([len(t.split()) for t in split.train.targets]))),
        "sha256": fingerprint(train),
    }
    if split.valid:
        check_known(split.valid, tokenizer, unknown)
        valid = encode(split.valid, tokenizer, config.read_at_most)
    facts["held_out_sha256"] = fingerprint(valid) if valid else ""
    return PairMaterial(train, valid, unknown, facts)


def check_known(pairs: Pairs, tokenizer: PairTokenizer, unknown: SidesUnknown) -> None:
    """Refuse pairs with tokens that a model cannot know, for it never saw <unk>.

    Raises:
        DataError: naming the first such line.
    """
    for side, texts, by, seen in (
        ("source", pairs.sources, tokenizer.source, unknown.source),
        ("target", pairs.targets, tokenizer.target, unknown.target),
    ):
        check_known_texts(texts, pairs.lines, by, seen, f"{pairs.name}: the {side}")


def check_known_texts(
    texts: Sequence[str], lines: Sequence[int], tokenizer: Tokenizer, seen: int, name: str
) -> None:
    """Refuse texts with tokens that a model cannot know; ``seen`` counts <unk> in training.

    Raises:
        DataError: naming the first such line.
    """
    if seen or tokenizer.kind == "bpe":
        return
    for line, text in zip(lines, texts, strict=True):
        missing = tokenizer.unknown(text)
        if missing:
            shown = ", ".join(repr(t) for t in missing[:5])
            raise DataError(
                f"{name} on line {line} holds what the model has never seen ({shown}): take it out, or train "
                "with --min-frequency 2 or more, or with --tokenizer bpe"
            )


def fingerprint(pairs: EncodedPairs) -> str:
    """Return the SHA-256 of the token numbers, by which a resumed run knows its pairs."""
    digest = hashlib.sha256()
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        for ids in (source, target):
            digest.update(len(ids).to_bytes(8, "little") + ids.astype("<i8").tobytes())
    return digest.hexdigest()


def _count(texts: Sequence[Ids]) -> int:
    return sum(int((ids == UNK_ID).sum()) for ids in texts)
