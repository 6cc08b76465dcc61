"""Defaults of a tagger that depend on the data: columns, tagging scheme, output layer, validation metric."""

from dataclasses import replace

from unrolled.data.tagged import Columns, Tagged
from unrolled.data.tagged.schemes import Found, are_spans, find_scheme
from unrolled.errors import ConfigError
from unrolled.tasks.tag.config import TaggedConfig, TaggerConfig, TagsConfig
from unrolled.wording import counted

SCHEME_NAMES = {"bio": "BIO (IOB2)", "iob1": "IOB1", "iobes": "IOBES", "bilou": "BILOU", "bmes": "BMES"}


def fill_defaults(
    config: TaggerConfig, tagged: Tagged, columns: Columns, held_out: Tagged | None = None
) -> tuple[TaggerConfig, tuple[str, ...]]:
    """Return the configuration with all defaults filled in, and notes on the choices.

    Args:
        config: configuration from the user; options that are set are kept.
        tagged: training sentences.
        columns: the columns that were read.
        held_out: held-out sentences; None if there are none.

    Raises:
        ConfigError: if an option needs tags that mark spans, and the training tags do not.
    """
    detected = find_scheme(tagged.tags)
    scheme = config.tags.scheme if config.tags.scheme != "auto" else detected.scheme or "none"
    notes = _scheme_notes(detected, config.tags, tagged)
    tags = _fill_tags(config, scheme, spans=bool(detected.scheme))
    if tags.select == "span_f1" != config.tags.select and held_out and not _has_spans(held_out):
        tags = replace(tags, select="accuracy")
        notes.append("the held-out part has no spans: weights are selected by accuracy (--valid, --select)")
    if tags.output != config.tags.output and detected.scheme:
        notes.append(f"the tags mark spans: --output {tags.output}, --select {tags.select}")
    distinct = {tag for sentence in tagged.tags for tag in sentence}
    if len(distinct) == 1:
        notes.append(f"all words have the tag {next(iter(distinct))!r}: there is nothing to learn")
    return replace(config, corpus=_fill_corpus(config.corpus, columns), tags=tags), tuple(notes)


def _has_spans(tagged: Tagged) -> bool:
    return are_spans({tag for sentence in tagged.tags for tag in sentence})


def _fill_corpus(corpus: TaggedConfig, columns: Columns) -> TaggedConfig:
    word, tag = corpus.word_column or columns.word, corpus.tag_column or columns.tag
    return replace(corpus, word_column=word, tag_column=tag)


def _fill_tags(config: TaggerConfig, scheme: str, *, spans: bool) -> TagsConfig:
    tags = config.tags
    output, select = tags.output, tags.select
    if output == "auto":
        output = "crf" if spans and not config.training.label_smoothing else "softmax"
    if select == "auto":
        select = "span_f1" if spans else "accuracy"
    if not spans and select == "span_f1":
        raise ConfigError(
            "select='span_f1' needs tags that mark spans, such as BIO or IOBES; the training tags do not"
        )
    if not spans and scheme != "none":
        raise ConfigError(
            f"scheme={scheme!r}: is for tags that mark spans, such as B-PER I-PER O; the training tags do not"
        )
    return TagsConfig(output=output, scheme=scheme, select=select)  # type: ignore[arg-type]


def _scheme_notes(detected: Found, tags: TagsConfig, tagged: Tagged) -> list[str]:
    if not detected.scheme or tags.scheme != "auto":
        return []
    name = SCHEME_NAMES[detected.scheme]
    notes = [f"tags mark spans as {name} (--scheme)"]
    if detected.broken:
        sentence, word = detected.broken[0]
        first = f"{tagged.words[sentence][word]!r:.40} {tagged.tags[sentence][word]}"
        count = len(detected.broken)
        notes.append(
            f"{counted(count, 'tag')} {'does' if count == 1 else 'do'} not follow {name}, the first in "
            f"sentence {sentence + 1}: {first}; training uses the tags unchanged, predictions follow the "
            "scheme (--scheme none: predictions may be any tags)"
        )
    return notes
