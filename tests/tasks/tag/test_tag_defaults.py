"""What is left to the data; what was given is kept."""

import itertools

import pytest

import unrolled as ur
from unrolled.data.tagged import Columns, Tagged
from unrolled.data.tagged.schemes import allowed, mark_of
from unrolled.tasks.tag.defaults import fill_defaults

QUICK = {"hidden": 4, "embedding": 4, "characters": 0, "epochs": 1, "threads": 1, "lr": 0.5}
SPANS = Tagged([["a", "b", "c", "d"], ["e", "f"]] * 8, [["B-X", "I-X", "O", "B-Y"], ["O", "B-Y"]] * 8)
POS = Tagged([["a", "b"]] * 8, [["N", "V"]] * 8)


def filled(tagged, **options):
    return fill_defaults(ur.Tagger(**options).config, tagged, Columns("1", "2"))


def test_spans_have_a_crf_and_are_selected_by_their_f1():
    config, notes = filled(SPANS)
    assert (config.tags.output, config.tags.scheme, config.tags.select) == ("crf", "bio", "span_f1")
    assert notes == (
        "tags mark spans as BIO (IOB2) (--scheme)",
        "the tags mark spans: --output crf, --select span_f1",
    )
    assert (config.corpus.word_column, config.corpus.tag_column) == ("1", "2")


def test_other_tags_have_a_softmax():
    config, notes = filled(POS)
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
def test_what_is_given_is_kept(options):
    config, _ = filled(SPANS, **options)
    ((name, value),) = options.items()
    assert getattr(config.corpus if name == "tag_column" else config.tags, name) == value


def test_label_smoothing_takes_the_softmax():
    assert filled(SPANS, label_smoothing=0.1)[0].tags.output == "softmax"


def test_broken_tags_are_counted_and_the_first_is_shown():
    broken = Tagged([["a", "b"], ["c", "d"]], [["B-X", "I-X"], ["O", "I-X"]])
    notes = filled(broken)[1]
    assert "1 tag does not follow BIO (IOB2), the first in sentence 2: 'd' I-X" in notes[1]


def test_each_fit_begins_with_the_options_that_were_given():
    tagger = ur.Tagger(**QUICK).fit(SPANS, progress=False)
    assert tagger.config.tags.output == "crf"
    assert tagger.fit(POS, progress=False).config.tags.output == "softmax"


LISTS = {
    "bio": ["B-X", "I-X", "O"],
    "iob1": ["I-X", "B-X", "O"],
    "iobes": ["B-X", "I-X", "E-X", "S-X", "O"],
    "bmes": ["B", "M", "E", "S"],
}


def broken(scheme, sentences):
    """Count the pairs of neighbours that a scheme does not have."""
    count = 0
    for sentence in sentences:
        marks = [None, *map(mark_of, sentence), None]
        count += sum(not allowed(scheme, a, b) for a, b in itertools.pairwise(marks))
    return count


@pytest.mark.parametrize("output", ["softmax", "crf"])
@pytest.mark.parametrize("scheme", LISTS)
def test_predictions_keep_to_the_scheme(output, scheme):
    """Of a network that hardly learnt, whose best tags one by one break it."""
    runs = [[*run] for run in itertools.product(LISTS[scheme], repeat=3) if not broken(scheme, [run])]
    data = Tagged([list("abc")] * len(runs), runs)
    options = QUICK | {"output": output, "scheme": scheme, "valid_fraction": 0.0, "max_steps": 1}
    words = [[*run] for run in itertools.product("abcxyz", repeat=4)][:200]
    predicted = ur.Tagger(**options).fit(data, progress=False).predict(words)
    assert broken(scheme, predicted) == 0


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


@pytest.mark.parametrize("pair", list(itertools.combinations(OPTIONS, 2)), ids=str)
def test_every_pair_of_options_goes_together(pair):
    options = pair[0] | pair[1]
    if options.get("output") == "crf" and options.keys() == EXCLUDE_EACH_OTHER:
        return
    for data in (SPANS, POS):
        config, _ = filled(data, **options)
        groups = (config.tags, config.words, config.corpus, config.training, config.network, config.cell)
        for name, value in options.items():
            kept = [getattr(group, name) for group in (*groups, config.dropout) if hasattr(group, name)]
            assert kept == [value]
