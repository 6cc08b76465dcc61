"""Parallel text: what is read, and what is refused by the line."""

import pytest

from unrolled.data import IGNORE, EncodedPairs, PairForm, pad_sources, pairs_of, read_pairs, read_sources
from unrolled.errors import DataError

NUMBERED = PairForm(source_column="2", target_column="1")


@pytest.fixture
def write(tmp_path):
    def put(name, text):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return put


def both(pairs):
    return list(zip(pairs.sources, pairs.targets, strict=True))


# Two files.


def test_two_files_are_aligned_by_line(write):
    a, b = write("a.de", "eins\r\n zwei \ndrei"), write("b.en", "one\ntwo\nthree\n")
    pairs = read_pairs(f"{a}, {b}", PairForm())
    assert both(pairs) == [("eins", "one"), ("zwei", "two"), ("drei", "three")]
    assert pairs.lines == [1, 2, 3]


def test_only_a_line_feed_ends_a_line_of_two_files(write):
    a, b = write("a", "x\u2028y\n"), write("b", "z\n")
    assert both(read_pairs(f"{a},{b}", PairForm())) == [("x y", "z")]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("1\n2\n3\n", "1\n", "a has 3 lines and .*b has 1: line 2 of .*a has no partner"),
        ("1\n", "1\n2\n", "line 2 of .*b has no partner"),
        ("1\n \n3\n", "1\n2\n\n", r"a side is blank on line 2, 3; fill it in, .*--blank drop"),
        ("1\n" + "\n" * 8, "1\n" * 9, "line 2, 3, 4, 5, 6 and 3 more"),
        ("", "1\n", "a: is empty"),
        (b"caf\xe9\n", "1\n", r"a: is not UTF-8 \(byte 0xe9 on line 1\)"),
    ],
)
def test_files_that_do_not_fit(write, a, b, message):
    with pytest.raises(DataError, match=message):
        read_pairs(f"{write('a', a)},{write('b', b)}", PairForm())


def test_blank_sides_are_left_out_if_asked_for(write):
    a, b = write("a", "1\n\n3\n4\n"), write("b", "1\n2\n \n4\n")
    pairs = read_pairs(f"{a},{b}", PairForm(blank="drop"))
    assert both(pairs) == [("1", "1"), ("4", "4")]
    assert pairs.lines == [1, 4]
    a, b = write("a", "x\n\n"), write("b", "\nx\n")
    with pytest.raises(DataError, match="holds no pairs"):
        read_pairs(f"{a},{b}", PairForm(blank="drop"))


def test_names_that_are_no_pairs(write, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.tsv: no such file"):
        read_pairs(tmp_path / "nowhere.tsv", PairForm())
    with pytest.raises(DataError, match="these are 3"):
        read_pairs("a,b,c", PairForm())
    with pytest.raises(DataError, match=r"give two files .* --separator"):
        read_pairs(write("one.txt", "a b\n"), PairForm())
    with pytest.raises(DataError, match="did you mean 'multi30k'"):
        read_pairs("@multi30/train.de,@multi30k/train.en", PairForm())


# Tables.


def test_columns_by_name(write):
    expected = [("a, b", 'say "x"'), ("c d", "e")]
    csv = write("t.csv", 'id,target,source\n1,"say ""x""","a, b"\n2,e,"c\nd"\n')
    tsv = write("t.tsv", 'source\ttarget\na, b\t"say ""x"""\nc d\te\n')
    jsonl = write(
        "t.jsonl", '{"source": "a, b", "target": "say \\"x\\""}\n\n{"target":"e","source":"c\\nd"}\n'
    )
    for path in (csv, tsv, jsonl):
        assert both(read_pairs(path, PairForm())) == expected
    assert read_pairs(csv, PairForm()).lines == [2, 4]
    assert read_pairs(jsonl, PairForm()).lines == [1, 3]


def test_columns_by_number_have_no_names_above_them(write):
    assert both(read_pairs(write("t.csv", "a,b,c\nd,e,f\n"), NUMBERED)) == [("b", "a"), ("e", "d")]


def test_a_separator_of_ones_own(write):
    path = write("dates.txt", 'may 3   _05-03\n"7"     _07\n')
    form = PairForm(separator="_", source_column="1", target_column="2")
    assert both(read_pairs(path, form)) == [("may 3", "05-03"), ('"7"', "07")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "t.csv",
            "src,target\na,b\n",
            r"no column 'source'.* its first line, 'src', 'target', names none: number",
        ),
        ("t.csv", "source,target\na\n", "line 2 has 1 columns and the first line 2"),
        ("t.csv", 'source,target\na,"b\n', "line 2 is not valid CSV .*; quote cells"),
        ("t.csv", "source,target\n", "holds no rows"),
        ("t.csv", "source,target\na,\n", "blank on line 2"),
        ("t.jsonl", '{"source": "a"}\n', "has no column 'target'; it has 'source'"),
        ("t.jsonl", '{"source": "a", "traget": "b"}\n', "did you mean 'traget'"),
        ("t.jsonl", '{"source": 3, "target": "b"}\n', "line 1 holds 3 where a text is needed"),
        ("t.jsonl", "\n[1]\n", "line 2 is not of its form: expected object"),
        ("t.jsonl", "{,}\n", "line 1 is not JSON"),
    ],
)
def test_tables_that_do_not_fit(write, name, text, message):
    with pytest.raises(DataError, match=message):
        read_pairs(write(name, text), PairForm())


def test_a_column_zero_is_refused(write):
    with pytest.raises(DataError, match="has no column '0'"):
        read_pairs(write("t.csv", "a,b\n"), PairForm(source_column="0", target_column="1"))


def test_sources_alone(write):
    text = write("a.txt", "x\n\n y\u2028z\n")
    assert read_sources(text, PairForm()) == ["x", "", " y\u2028z"]
    assert read_sources(write("t.tsv", "target\tsource\n1\ta\n"), PairForm()) == ["a"]
    assert read_sources(write("t.csv", "b,a\n"), NUMBERED) == ["a"]
    assert read_sources(write("d.txt", "may 3\njune_06\n"), PairForm("_", "1", "2")) == ["may 3", "june"]
    with pytest.raises(DataError, match="no column 'source'"):
        read_sources(write("t.tsv", "a\tb\n"), PairForm())


# From memory, and in batches.


def test_pairs_from_memory():
    assert both(pairs_of([("a", "b "), ["c", "d"]])) == [("a", "b"), ("c", "d")]
    for bad in ([("a",)], [("a", 3)], ["ab", "cd"], [("a", "b", "c")]):
        with pytest.raises(DataError, match=r"pair \d: a source and a target are needed"):
            pairs_of(bad)
    with pytest.raises(DataError, match="blank on line 2"):
        pairs_of([("a", "b"), ("", "b")])


def encoded(count=20, seed=0):
    import numpy as np

    rng = np.random.default_rng(seed)
    sides = [[rng.integers(2, 9, rng.integers(0, 7)) for _ in range(count)] for _ in range(2)]
    return EncodedPairs(*sides, eos=0)


def test_batches_hold_every_pair_once_and_nothing_else():
    pairs = encoded()
    found = []
    for batch in pairs.batches(6, seed=3):
        for b in range(len(batch.lengths)):
            s, t = int(batch.source.lengths[b]), int(batch.lengths[b])
            assert batch.source.tokens[s - 1 :, b].eq(0).all()
            assert batch.inputs[0, b] == 0
            assert batch.targets[t - 1, b] == 0
            assert batch.targets[t:, b].eq(IGNORE).all()
            assert batch.inputs[1:t, b].equal(batch.targets[: t - 1, b])
            found.append((batch.source.tokens[: s - 1, b].tolist(), batch.targets[: t - 1, b].tolist()))
    expected = [(s.tolist(), t.tolist()) for s, t in zip(pairs.sources, pairs.targets, strict=True)]
    assert sorted(found) == sorted(expected)
    assert sum(b.predictions for b in pairs.batches(6)) == pairs.predictions
    assert len(list(pairs.batches(6, seed=3))) == pairs.batch_count(6) == 4


def test_batches_are_the_same_for_a_seed_and_others_for_another():
    def targets(seed):
        return [b.targets.tolist() for b in encoded(40).batches(4, seed)]

    assert targets(1) == targets(1)
    assert targets(1) != targets(2)


def test_pairs_within_a_length():
    pairs = encoded().within(3)
    assert 0 < len(pairs) < 20
    assert max(len(s) for s in [*pairs.sources, *pairs.targets]) == 3


def test_padded_sources():
    pairs = encoded(5)
    batch = pad_sources(pairs.sources, 0)
    assert batch.lengths.tolist() == [len(s) + 1 for s in pairs.sources]
    assert batch.tokens.shape == (max(len(s) for s in pairs.sources) + 1, 5)


@pytest.mark.parametrize(
    ("files", "form", "count", "first"),
    [
        (
            ("multi30k/train.de", "multi30k/train.en"),
            PairForm(),
            29_000,
            ("Zwei junge weiße Männer sind", "Two young, White males"),
        ),
        (
            ("toy-seq2seq/date.txt",),
            PairForm("_", "1", "2"),
            50_000,
            ("september 27, 1994", "1994-09-27"),
        ),
        (
            ("agnews/test.csv",),
            PairForm("", "3", "2"),
            7_600,
            ("Unions representing workers", "Fears for T N pension after talks"),
        ),
    ],
)
def test_published_pairs(published, files, form, count, first):
    pairs = read_pairs(",".join(str(published(f)) for f in files), form)
    assert len(pairs) == count
    assert pairs.sources[0].startswith(first[0])
    assert pairs.targets[0].startswith(first[1])
