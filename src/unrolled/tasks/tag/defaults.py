"""Defaults that follow the data: columns, scheme of the tags, output layer, figure to select by."""

from dataclasses import replace

from unrolled.data.tagged import Columns, Tagged
from unrolled.data.tagged.schemes import Found, are_spans, find_scheme
from unrolled.errors import ConfigError
from unrolled.tasks.tag.config import TaggedConfig, TaggerConfig, TagsConfig

NAMES = {"bio": "BIO (IOB2)", "iob1": "IOB1", "iobes": "IOBES", "bilou": "BILOU", "bmes": "BMES"}


def fill_defaults(
    config: TaggerConfig, tagged: Tagged, columns: Columns, held_out: Tagged | None = None
) -> tuple[TaggerConfig, tuple[str, ...]]:
    """Return the configuration with every option settled, and a note for each choice.

    Args:
        config: options as they were given; those that were given are kept.
        tagged: training sentences.
        columns: that were read.
        held_out: held-out sentences; None if there are none.

    Raises:
        ConfigError: if an option needs tags of spans, and these mark none.
    """
    found = find_scheme(tagged.tags)
    scheme = config.tags.scheme if config.tags.scheme != "auto" else found.scheme or "none"
    notes = _scheme_notes(found, config.tags, tagged)
    tags = _fill_tags(config, scheme, spans=bool(found.scheme))
    if tags.select == "span_f1" != config.tags.select and held_out and not _has_spans(held_out):
        tags = replace(tags, select="accuracy")
        notes.append("the held-out part has no spans: weights are kept by accuracy (--valid, --select)")
    if tags.output != config.tags.output and found.scheme:
        notes.append(f"the tags mark spans: --output {tags.output}, --select {tags.select}")
    kinds = {tag for sentence in tagged.tags for tag in sentence}
    if len(kinds) == 1:
        notes.append(f"all words have the tag {next(iter(kinds))!r}: there is nothing to tell apart")
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
            "select='span_f1' needs tags that mark spans (BIO or IOBES tags, say); these are others"
        )
    if not spans and scheme != "none":
        raise ConfigError(
            f"scheme={scheme!r}: is for tags that mark spans, as B-PER I-PER O; these are others"
        )
    return TagsConfig(output=output, scheme=scheme, select=select)  # type: ignore[arg-type]


def _scheme_notes(found: Found, tags: TagsConfig, tagged: Tagged) -> list[str]:
    if not found.scheme or tags.scheme != "auto":
        return []
    notes = [f"tags mark spans as {NAMES[found.scheme]} (--scheme)"]
    if found.broken:
        sentence, word = found.broken[0]
        first = f"{tagged.words[sentence][word]!r:.40} {tagged.tags[sentence][word]}"
        notes.append(
            f"{len(found.broken):,} tags do not keep to {NAMES[found.scheme]}, the first in sentence "
            f"{sentence + 1}: {first}; they are learnt as they are, predictions keep to the scheme "
            "(--scheme none: predictions need not)"
        )
    return notes
