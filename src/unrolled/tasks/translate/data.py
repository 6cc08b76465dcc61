"""From files to what a translator is trained and scored on."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data import EncodedPairs, PairForm, Pairs, pairs_of, read_pairs
from unrolled.data.pairs import is_folder, open_folder
from unrolled.errors import DataError
from unrolled.tasks.base.unknown import Unknown
from unrolled.tasks.translate.config import PairsConfig, TranslatorConfig
from unrolled.text import EOS_ID, UNK_ID, PairTokenizer
from unrolled.text.tokenizer import Ids, Tokenizer
from unrolled.training.records import Count
from unrolled.unknown import unknown_share

UNITS = {"char": "character", "word": "word", "bpe": "piece"}

PairSource = str | Path | Pairs
"""Files by name, or pairs in memory."""


@dataclass(frozen=True)
class SplitPairs:
    """Texts to train on, to validate with, and to score at the end."""

    train: Pairs
    valid: Pairs | None
    test: Pairs | None
    notes: tuple[str, ...] = ()
    """What was taken for what, and left out."""


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
    unknown_share: float
    """Of the targets; see :func:`unrolled.unknown.unknown_share`."""
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def as_source(data: Any, targets: Any, form: PairForm) -> PairSource:
    """Return what a caller gives as the name of files, or as pairs.

    Args:
        data: ``"train.de,train.en"``, a table or folder by name, a list of (source, target), a DataFrame; or
            sources, or the file that holds them.
        targets: of the sources, in the same form.
        form: columns of a DataFrame, and what is done about missing sides.

    Raises:
        DataError: for any other shape.
    """
    if isinstance(data, str | Path) and "\n" not in str(data):
        return data if targets is None else f"{data},{targets}"
    if targets is None and isinstance(data, tuple) and len(data) == 2 and _are_sides(data):
        return pairs_of(*data, form)
    return pairs_of(data, targets, form)


def _are_sides(data: tuple[Any, Any]) -> bool:
    """Tell whether a tuple is (sources, targets) and not two pairs."""
    return all(not isinstance(side, str | tuple) and hasattr(side, "__len__") for side in data)


def open_pairs(source: PairSource, form: PairForm) -> Pairs:
    """Return pairs to score.

    Raises:
        DataError: see :func:`read_pairs`.
    """
    return source if isinstance(source, Pairs) else read_pairs(source, form)


def split_pairs(config: TranslatorConfig, data: PairSource, valid: PairSource) -> SplitPairs:
    """Read pairs, and hold out the last of them where no others are given.

    Of a folder the held-out and test pairs are taken too, where no others are given.

    Raises:
        DataError: see :func:`read_pairs`; or no pair is left for a part.
    """
    corpus, notes, test = config.corpus, [], config.corpus.test
    if not isinstance(data, Pairs) and is_folder(data):
        folder = open_folder(data)
        data, valid, test = folder.train, valid or folder.valid, test or folder.test
        parts = (("training", data), ("held-out", valid), ("test", test))
        notes += [f"{part} pairs: {_names(source)}" for part, source in parts if source]
    given = open_pairs(data, config.form)
    others = _others(config.form, given)
    tested, held_out = (open_pairs(source, others) if source else None for source in (test, valid))
    count = len(given)
    test_count = 0 if test else _share(given, corpus.test_fraction, "--test-fraction")
    valid_count = 0 if valid else _share(given, corpus.valid_fraction, "--valid-fraction")
    learned = count - test_count - valid_count
    if learned < 1:
        raise DataError(f"{given.name}: {count:,} pairs are too few to train on and hold some out")
    for part in (held_out, tested):
        notes += [f"{part.name}: {note}" for note in part.notes if note not in given.notes] if part else []
    return SplitPairs(
        given.part(0, learned),
        given.part(learned, learned + valid_count) if valid_count else held_out,
        given.part(count - test_count, count) if test_count else tested,
        (*given.notes, *notes),
    )


def _others(form: PairForm, pairs: Pairs) -> PairForm:
    """Return the form of tables with the columns that some pairs came from."""
    source, target = pairs.columns
    return replace(form, source_column=source, target_column=target) if source else form


def _names(source: PairSource) -> str:
    return ", ".join(Path(part).name for part in str(source).split(","))


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
        DataError: if all training pairs are too long, or a held-out text is mostly unknown.
    """
    every = encode(split.train, tokenizer, config.read_at_most)
    train = every.within(config.max_length) if config.max_length else every
    if not len(train):
        raise DataError(
            f"{split.train.name}: every pair is longer than --max-length {config.max_length} tokens on a side"
        )
    valid = None
    unknown = SidesUnknown(_count(train.sources), _count(train.targets))
    share = unknown_share(np.concatenate([np.append(ids, EOS_ID) for ids in train.targets]))
    too_long = len(every) - len(train)
    facts: dict[str, Any] = {
        "pairs": len(train),
        "too_long": too_long,
        "held_out_pairs": len(split.valid) if split.valid else 0,
        "source_tokens": sum(len(s) for s in train.sources),
        "target_tokens": train.predictions,
        "unknown": asdict(unknown),
        "vocabulary": {"source": tokenizer.source.size, "target": tokenizer.target.size},
        "target_words": max(1, round(np.mean([len(t.split()) for t in split.train.targets]))),
        "sha256": fingerprint(train),
    }
    if split.valid:
        valid = encode(split.valid, tokenizer, config.read_at_most)
    facts["held_out_sha256"] = fingerprint(valid) if valid else ""
    notes = [*split.notes, *_length_notes(too_long, len(every), config)]
    if config.read_at_most:
        notes += read_notes(split.train.sources, tokenizer, config.read_at_most)
    for part, name in ((split.valid, "held-out"), (split.test, "test")):
        notes += pair_notes(part, tokenizer, unknown, share, name) if part else []
    return PairMaterial(train, valid, unknown, share, facts, tuple(notes))


def pair_notes(
    pairs: Pairs, tokenizer: PairTokenizer, seen: SidesUnknown, share: float, name: str
) -> list[str]:
    """Say how many tokens of each side are unknown, if any are.

    Args:
        pairs: to look at.
        tokenizer: of both sides.
        seen: unknown tokens of the training pairs.
        share: of unknown targets; see :func:`unrolled.unknown.unknown_share`.
        name: of the pairs.

    Raises:
        DataError: if most are, and the model saw none in training.
    """
    return [
        *unknown_notes(pairs.sources, tokenizer.source, seen.source, f"{name} sources"),
        *unknown_notes(pairs.targets, tokenizer.target, seen.target, f"{name} targets", share),
    ]


def unknown_notes(
    texts: Sequence[str], tokenizer: Tokenizer, seen: int, name: str = "sources", share: float = 0.0
) -> list[str]:
    """Do the same for texts of one side; ``seen`` counts those of the training texts."""
    if tokenizer.kind == "bpe":
        return []
    unknown = Unknown.of(texts, tokenizer)
    if not seen:
        unknown.refuse_foreign(name)
    return list(unknown.notes(name, UNITS[tokenizer.kind], share))


def read_notes(sources: Sequence[str], tokenizer: PairTokenizer, read_at_most: int) -> list[str]:
    """Say how many sources are not read to their end, if any are not."""
    longer = sum(len(tokenizer.encode_source(text)) > read_at_most for text in sources)
    if not (read_at_most and longer):
        return []
    return [f"{longer:,} of {len(sources):,} sources are read up to {read_at_most} tokens (--read-at-most)"]


def _length_notes(dropped: int, count: int, config: PairsConfig) -> list[str]:
    if not dropped:
        return []
    return [
        f"{dropped:,} of {count:,} training pairs have over {config.max_length} tokens on a side and are "
        "left out (--max-length)"
    ]


def fingerprint(pairs: EncodedPairs) -> str:
    """Return the SHA-256 of the token numbers, by which a resumed run knows its pairs."""
    digest = hashlib.sha256()
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        for ids in (source, target):
            digest.update(len(ids).to_bytes(8, "little") + ids.astype("<i8").tobytes())
    return digest.hexdigest()


def _count(texts: Sequence[Ids]) -> int:
    return sum(int((ids == UNK_ID).sum()) for ids in texts)
