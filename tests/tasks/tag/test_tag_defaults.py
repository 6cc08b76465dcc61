"""Defaults that follow from the data; given options are kept."""

import itertools

import pytest

import unrolled as ur
from unrolled.data.tagged import Columns, Tagged
from unrolled.data.tagged.schemes import is_allowed, parse_tag
from unrolled.tasks.tag.defaults import fill_defaults

QUICK = {"hidden": 4, "embedding": 4, "characters": 0, "epochs": 1, "threads": 1, "lr": 0.5}
SPANS = Tagged([["a", "b", "c", "d"], ["e", "f"]] * 8, [["B-X", "I-X", "O", "B-Y"], ["O", "B-Y"]] * 8)
POS = Tagged([["a", "b"]] * 8, [["N", "V"]] * 8)


def fill(tagged, **options):
    return fill_defaults(ur.Tagger(**options).config, tagged, Columns("1", "2"))


def test_span_tags_get_a_crf_and_span_f1():
    config, notes = fill(SPANS)
    assert (config.tags.output, config.tags.scheme, config.tags.select) == ("crf", "bio", "span_f1")
    assert notes == (
        "tags mark spans as BIO (IOB2) (--scheme)",
        "the tags mark spans: --output crf, --select span_f1",
    )
    assert (config.corpus.word_column, config.corpus.tag_column) == ("1", "2")


def test_other_tags_get_a_softmax():
    config, notes = fill(POS)
    assert (config.tags.output, config.tags.scheme, config.tags.select) == ("softmax", "none", "accuracy")
    assert notes == ()


@pytest.mark.parametrize(
    "options",
    [
        {"output": "softmax"},
        {"select": "loss"},
        {"scheme": "none"},
        {"tag_column": "-1"},
        {"select": "accuracy"},
    ],
)
def test_given_options_are_kept(options):
    config, _ = fill(SPANS, **options)
    ((name, value),) = options.items()
    assert getattr(config.corpus if name == "tag_column" else config.tags, name) == value


def test_label_smoothing_selects_the_softmax():
    assert fill(SPANS, label_smoothing=0.1)[0].tags.output == "softmax"


def test_invalid_tags_are_counted_in_a_note():
    tagged = Tagged([["a", "b"], ["c", "d"]], [["B-X", "I-X"], ["O", "I-X"]])
    notes = fill(tagged)[1]
    assert "1 tag does not follow BIO (IOB2), the first in sentence 2: 'd' I-X" in notes[1]


def test_each_fit_starts_from_the_given_options():
    tagger = ur.Tagger(**QUICK).fit(SPANS, progress=False)
    assert tagger.config.tags.output == "crf"
    assert tagger.fit(POS, progress=False).config.tags.output == "softmax"


SCHEMES = {
    "bio": ["B-X", "I-X", "O"],
    "iob1": ["I-X", "B-X", "O"],
    "iobes": ["B-X", "I-X", "E-X", "S-X", "O"],
    "bmes": ["B", "M", "E", "S"],
}


def count_violations(scheme, sentences):
    """Count the pairs of neighbouring tags that a scheme does not allow."""
    count = 0
    for sentence in sentences:
        marks = [None, *map(parse_tag, sentence), None]
        count += sum(not is_allowed(scheme, a, b) for a, b in itertools.pairwise(marks))
    return count


@pytest.mark.parametrize("output", ["softmax", "crf"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_predictions_follow_the_scheme(output, scheme):
    """With a barely trained network, whose most probable tags alone would violate the scheme."""
    tag_sequences = [
        [*sequence]
        for sequence in itertools.product(SCHEMES[scheme], repeat=3)
        if not count_violations(scheme, [sequence])
    ]
    data = Tagged([list("abc")] * len(tag_sequences), tag_sequences)
    options = QUICK | {"output": output, "scheme": scheme, "valid_fraction": 0.0, "max_steps": 1}
    words = [[*sequence] for sequence in itertools.product("abcxyz", repeat=4)][:200]
    predicted = ur.Tagger(**options).fit(data, progress=False).predict(words)
    assert count_violations(scheme, predicted) == 0


OPTIONS = [
    {"output": "crf"},
    {"output": "softmax"},
    {"select": "loss"},
    {"select": "accuracy"},
    {"scheme": "none"},
    {"characters": 0},
    {"min_frequency": 1},
    {"lowercase": False},
    {"label_smoothing": 0.1},
    {"valid_fraction": 0.0},
    {"bidirectional": False},
    {"cell": "gru"},
    {"missing": "error"},
    {"character_dropout": 0.1},
    {"dropout_word": 0.2},
]
EXCLUDE_EACH_OTHER = {"output", "label_smoothing"}


@pytest.mark.thin(4)
@pytest.mark.parametrize("pair", list(itertools.combinations(OPTIONS, 2)), ids=str)
def test_every_pair_of_options_is_accepted(pair):
    options = pair[0] | pair[1]
    if options.get("output") == "crf" and options.keys() == EXCLUDE_EACH_OTHER:
        return
    for data in (SPANS, POS):
        config, _ = fill(data, **options)
        groups = (config.tags, config.words, config.corpus, config.training, config.network, config.cell)
        for name, value in options.items():
            values = [getattr(group, name) for group in (*groups, config.dropout) if hasattr(group, name)]
            assert values == [value]
