"""Reading, splitting and encoding of text pairs."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.data import EncodedPairs, PairForm, Pairs, build_pairs, read_pairs
from unrolled.data.pairs import is_folder, open_folder
from unrolled.errors import DataError
from unrolled.tasks.base.unknown import UnknownTokens
from unrolled.tasks.translate.config import PairsConfig, TranslatorConfig
from unrolled.text import EOS_ID, UNK_ID, PairTokenizer
from unrolled.text.tokenizer import Tokenizer
from unrolled.training.records import Count
from unrolled.unknown import unknown_share

UNITS = {"char": "character", "word": "word", "bpe": "piece"}
"""Noun for a token, by tokenizer."""

PairSource = str | Path | Pairs
"""Names of files, or pairs in memory."""


@dataclass(frozen=True)
class SplitPairs:
    """Pairs of texts for training, validation and test."""

    train: Pairs
    valid: Pairs | None
    test: Pairs | None
    notes: tuple[str, ...] = ()
    """How the files were read, and which pairs were left out."""


@dataclass(frozen=True)
class UnknownCounts:
    """Number of ``<unk>`` tokens in the sources and in the targets of the training pairs."""

    source: Count
    target: Count


@dataclass(frozen=True)
class TranslatorData:
    """Training and held-out pairs, and information about them for the report."""

    train: EncodedPairs
    valid: EncodedPairs | None
    unknown: UnknownCounts
    unknown_share: float
    """Weight of ``<unk>``, from the training targets; see :func:`unrolled.unknown.unknown_share`."""
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`TaskData`."""


def to_pair_source(data: Any, targets: Any, form: PairForm) -> PairSource:
    """Convert the arguments of ``fit`` or ``evaluate`` into file names or pairs.

    Args:
        data: ``"train.de,train.en"``, the name of a table or folder, a list of (source, target), a DataFrame;
            or sources, or the name of a file with them.
        targets: targets, in the same form as the sources; None if ``data`` contains them.
        form: columns of a DataFrame, and the handling of missing sources and targets.

    Raises:
        DataError: if the data have another form.
    """
    if isinstance(data, str | Path) and "\n" not in str(data):
        return data if targets is None else f"{data},{targets}"
    if targets is None and isinstance(data, tuple) and len(data) == 2 and _is_sources_and_targets(data):
        return build_pairs(*data, form)
    return build_pairs(data, targets, form)


def _is_sources_and_targets(data: tuple[Any, Any]) -> bool:
    """Return whether a tuple is (sources, targets), not two pairs."""
    return all(not isinstance(side, str | tuple) and hasattr(side, "__len__") for side in data)


def open_pairs(source: PairSource, form: PairForm) -> Pairs:
    """Return the pairs of a source; files are read.

    Raises:
        DataError: see :func:`read_pairs`.
    """
    return source if isinstance(source, Pairs) else read_pairs(source, form)


def split_pairs(config: TranslatorConfig, data: PairSource, valid: PairSource) -> SplitPairs:
    """Read pairs, and split off the last ones as held-out and test pairs unless these are given.

    If ``data`` is a folder, its held-out and test pairs are used unless others are given.

    Args:
        config: configuration of the translator.
        data: training pairs.
        valid: held-out pairs; "" if none are given.

    Raises:
        DataError: see :func:`read_pairs`; or if a part has no pairs.
    """
    corpus, notes, test = config.corpus, [], config.corpus.test
    if not isinstance(data, Pairs) and is_folder(data):
        folder = open_folder(data)
        data, valid, test = folder.train, valid or folder.valid, test or folder.test
        parts = (("training", data), ("held-out", valid), ("test", test))
        notes += [f"{part} pairs: {_file_names(source)}" for part, source in parts if source]
    pairs = open_pairs(data, config.form)
    same_columns = _with_columns_of(config.form, pairs)
    test_pairs, valid_pairs = (
        open_pairs(source, same_columns) if source else None for source in (test, valid)
    )
    count = len(pairs)
    test_count = 0 if test else _held_out_count(pairs, corpus.test_fraction, "--test-fraction")
    valid_count = 0 if valid else _held_out_count(pairs, corpus.valid_fraction, "--valid-fraction")
    train_count = count - test_count - valid_count
    if train_count < 1:
        raise DataError(f"{pairs.name}: {count:,} pairs are too few to train on and hold some out")
    for part in (valid_pairs, test_pairs):
        notes += [f"{part.name}: {note}" for note in part.notes if note not in pairs.notes] if part else []
    return SplitPairs(
        pairs.part(0, train_count),
        pairs.part(train_count, train_count + valid_count) if valid_count else valid_pairs,
        pairs.part(count - test_count, count) if test_count else test_pairs,
        (*pairs.notes, *notes),
    )


def _with_columns_of(form: PairForm, pairs: Pairs) -> PairForm:
    """Return the form with the columns from which ``pairs`` were read, if they come from a table."""
    source, target = pairs.columns
    return replace(form, source_column=source, target_column=target) if source else form


def _file_names(source: PairSource) -> str:
    return ", ".join(Path(part).name for part in str(source).split(","))


def _held_out_count(pairs: Pairs, fraction: float, option: str) -> int:
    count = int(len(pairs) * fraction)
    if fraction and not count:
        raise DataError(
            f"{pairs.name}: {len(pairs):,} pairs are too few to hold out {fraction:g} of them; give more, or "
            f"{option} 0"
        )
    return count


def encode(pairs: Pairs, tokenizer: PairTokenizer, read_at_most: int) -> EncodedPairs:
    """Return pairs as token ids, with at most ``read_at_most`` tokens of each source (0: all)."""
    limit = read_at_most or None
    sources = [tokenizer.encode_source(text)[:limit] for text in pairs.sources]
    return EncodedPairs(sources, [tokenizer.encode_target(text) for text in pairs.targets], EOS_ID)


def cut_pairs(pairs: EncodedPairs, steps: int) -> EncodedPairs:
    """Return pairs with each side cut to ``steps`` tokens, ``<eos>`` included."""
    sources, targets = ([ids[: steps - 1] for ids in side] for side in (pairs.sources, pairs.targets))
    return EncodedPairs(sources, targets, pairs.eos)


def encode_split(split: SplitPairs, tokenizer: PairTokenizer, config: PairsConfig) -> TranslatorData:
    """Encode training and held-out pairs, and check the held-out and test pairs for unknown tokens.

    Raises:
        DataError: if all training pairs are too long, or most tokens of held-out or test texts are unknown.
    """
    all_pairs = encode(split.train, tokenizer, config.read_at_most)
    train = all_pairs.within(config.max_length) if config.max_length else all_pairs
    if not len(train):
        raise DataError(
            f"{split.train.name}: every pair is longer than --max-length {config.max_length} tokens on a side"
        )
    valid = None
    unknown = UnknownCounts(_count_unknown(train.sources), _count_unknown(train.targets))
    share = unknown_share(np.concatenate([np.append(ids, EOS_ID) for ids in train.targets]))
    too_long = len(all_pairs) - len(train)
    data_info: dict[str, Any] = {
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
    data_info["held_out_sha256"] = fingerprint(valid) if valid else ""
    notes = [*split.notes, *_length_notes(too_long, len(all_pairs), config)]
    if config.read_at_most:
        notes += truncation_notes(split.train.sources, tokenizer, config.read_at_most)
    for part, name in ((split.valid, "held-out"), (split.test, "test")):
        notes += unknown_pair_notes(part, tokenizer, unknown, share, name) if part else []
    return TranslatorData(train, valid, unknown, share, data_info, tuple(notes))


def unknown_pair_notes(
    pairs: Pairs, tokenizer: PairTokenizer, in_training: UnknownCounts, share: float, name: str
) -> list[str]:
    """Return notes on the number of unknown tokens in sources and in targets; empty without any.

    Args:
        pairs: pairs to check.
        tokenizer: tokenizers of both sides.
        in_training: number of unknown tokens in the training pairs.
        share: weight of ``<unk>``; see :func:`unrolled.unknown.unknown_share`.
        name: name of the pairs in the notes.

    Raises:
        DataError: if most tokens are unknown, and training had no unknown tokens.
    """
    return [
        *unknown_notes(pairs.sources, tokenizer.source, in_training.source, f"{name} sources"),
        *unknown_notes(pairs.targets, tokenizer.target, in_training.target, f"{name} targets", share),
    ]


def unknown_notes(
    texts: Sequence[str], tokenizer: Tokenizer, in_training: int, name: str = "sources", share: float = 0.0
) -> list[str]:
    """Return a note on the number of unknown tokens in texts of one side; see :func:`unknown_pair_notes`."""
    if tokenizer.kind == "bpe":
        return []
    unknown = UnknownTokens.of(texts, tokenizer)
    if not in_training:
        unknown.check_mostly_known(name)
    return list(unknown.notes(name, UNITS[tokenizer.kind], share))


def truncation_notes(sources: Sequence[str], tokenizer: PairTokenizer, read_at_most: int) -> list[str]:
    """Return a note on the number of sources with more than ``read_at_most`` tokens; empty without any."""
    longer = sum(len(tokenizer.encode_source(text)) > read_at_most for text in sources)
    if not (read_at_most and longer):
        return []
    verb = "is" if longer == 1 else "are"
    return [
        f"{longer:,} of {len(sources):,} sources {verb} read up to {read_at_most} tokens (--read-at-most)"
    ]


def _length_notes(dropped: int, count: int, config: PairsConfig) -> list[str]:
    if not dropped:
        return []
    have, are = ("has", "is") if dropped == 1 else ("have", "are")
    return [
        f"{dropped:,} of {count:,} training pairs {have} over {config.max_length} tokens on a side and "
        f"{are} left out (--max-length)"
    ]


def fingerprint(pairs: EncodedPairs) -> str:
    """Return the SHA-256 of the token ids, with which a resumed run checks its pairs."""
    digest = hashlib.sha256()
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        for ids in (source, target):
            digest.update(len(ids).to_bytes(8, "little") + ids.astype("<i8").tobytes())
    return digest.hexdigest()


def _count_unknown(texts: Sequence[Ids]) -> int:
    return sum(int((ids == UNK_ID).sum()) for ids in texts)
