"""Pairs from two aligned files or one table: what is read, the notes, and errors with line numbers."""

import gzip

import pytest

from unrolled.data import PairForm, read_pairs, read_sources
from unrolled.data.tables import TableConfig
from unrolled.errors import DataError

NUMBERED = PairForm(source_column="2", target_column="1")
STRICT = PairForm(missing="error")


@pytest.fixture
def write(tmp_path):
    """``write("a.tsv", text)`` returns the path of a file."""

    def put(name, text):
        path = tmp_path / name
        raw = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return put


def get_pairs(pairs):
    return list(zip(pairs.sources, pairs.targets, strict=True))


def join_notes(pairs):
    return "\n".join(pairs.notes)


# Two files.


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_two_files_are_aligned_by_line(write, ending):
    a, b = write(f"a.de{ending}", "eins\r\n zwei \ndrei"), write(f"b.en{ending}", "one\ntwo\nthree\n")
    pairs = read_pairs(f"{a}, {b}", PairForm())
    assert get_pairs(pairs) == [("eins", "one"), ("zwei", "two"), ("drei", "three")]
    assert pairs.lines == [1, 2, 3]
    assert f"source is a.de{ending}, target is b.en{ending} (--data b.en" in join_notes(pairs)


def test_only_a_line_feed_ends_a_line_of_two_files(write):
    a, b = write("a", "x\u2028y\n"), write("b", "z\n")
    assert get_pairs(read_pairs(f"{a},{b}", PairForm())) == [("x y", "z")]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("1\n2\n3\n", "1\n", "a has 3 lines and .*b has 1: line 2 of .*a has no partner"),
        ("1\n", "1\n2\n", "line 2 of .*b has no partner"),
        ("1\n \n3\n", "1\n2\n\n", r"a side is blank on lines 2, 3; fill it in, .*--missing drop"),
        ("1\n" + "\n" * 8, "1\n" * 9, "lines 2, 3, 4, 5, 6 and 3 more"),
        ("", "1\n", "a: is empty"),
        (b"caf\xe9\n", "1\n", r"a: is not UTF-8 \(byte 0xe9 on line 1\)"),
    ],
)
def test_files_that_do_not_match(write, a, b, message):
    with pytest.raises(DataError, match=message):
        read_pairs(f"{write('a', a)},{write('b', b)}", STRICT)


def test_blank_lines_at_the_end_of_one_file_are_ignored(write):
    a, b = write("a", "1\n2\n"), write("b", "1\n2\n\n \n")
    assert get_pairs(read_pairs(f"{a},{b}", STRICT)) == [("1", "1"), ("2", "2")]


def test_pairs_without_a_side_are_left_out_and_counted(write):
    a, b = write("a", "1\n\n3\n4\n\n"), write("b", "1\n2\n \n4\n\n")
    pairs = read_pairs(f"{a},{b}", PairForm())
    assert get_pairs(pairs) == [("1", "1"), ("4", "4")]
    assert pairs.lines == [1, 4]
    assert (
        "2 of 5 pairs are left out because one side is blank (lines 2, 3); to stop with an error instead, "
        "use --missing error" in join_notes(pairs)
    )
    a, b = write("a", "x\n\n"), write("b", "\nx\n")
    with pytest.raises(DataError, match="holds no pairs"):
        read_pairs(f"{a},{b}", PairForm())


def test_the_encoding_applies_to_both_files(write):
    a, b = write("a", "été\n".encode("cp1252")), write("b", "œuf\n".encode("cp1252"))
    pairs = read_pairs(f"{a},{b}", PairForm(TableConfig(encoding="cp1252")))
    assert get_pairs(pairs) == [("été", "œuf")]


def test_sources_that_are_not_pairs_are_refused(write, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.tsv: no such file"):
        read_pairs(tmp_path / "nowhere.tsv", PairForm())
    with pytest.raises(DataError, match="got 3 files"):
        read_pairs("a,b,c", PairForm())
    with pytest.raises(DataError, match=r"holds one text per line; give two files .* --separator"):
        read_pairs(write("one.txt", "a b\nc\n"), PairForm())
    with pytest.raises(DataError, match="did you mean 'multi30k'"):
        read_pairs("@multi30/train.de,@multi30k/train.en", PairForm())


# One table.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.txt", "Go.\tVa !\nRun!\tCours !\nHi.\tSalut.\n"),
        ("t.txt", "Go. ||| Va !\nRun! ||| Cours !\nHi. ||| Salut.\n"),
        ("t.txt", "Go._Va !\nRun!_Cours !\nHi._Salut.\n"),
        ("t", "Go. => Va !\nRun! => Cours !\nHi. => Salut.\n"),
        ("t.tsv", "Go.\tVa !\nRun!\tCours !\nHi.\tSalut.\n"),
        ("t.tsv.gz", "source\ttarget\nGo.\tVa !\nRun!\tCours !\nHi.\tSalut.\n"),
        ("t.csv", "Go.,Va !\nRun!,Cours !\nHi.,Salut.\n"),
        ("t.csv", "English;French\nGo.;Va !\nRun!;Cours !\nHi.;Salut.\n"),
        (
            "t.csv",
            "tgt,src\nVa !,Go.\nCours !,Run!\nSalut.,Hi.\n",
        ),
        ("t.jsonl", '{"en":"Go.","fr":"Va !"}\n{"en":"Run!","fr":"Cours !"}\n{"en":"Hi.","fr":"Salut."}\n'),
        ("t.json", '[{"en":"Go.","fr":"Va !"},{"en":"Run!","fr":"Cours !"},{"en":"Hi.","fr":"Salut."}]'),
        (
            "t.jsonl",
            "".join(
                f'{{"id": {i}, "translation": {{"en": "{e}", "fr": "{f}"}}}}\n'
                for i, (e, f) in enumerate([("Go.", "Va !"), ("Run!", "Cours !"), ("Hi.", "Salut.")])
            ),
        ),
        ("t.tsv", "Go.\tVa !\tCC-BY 2.0 #1\nRun!\tCours !\tCC-BY 2.0 #2\nHi.\tSalut.\tCC-BY 2.0 #3\n" * 2),
        ("t.csv", "id,sentence_en,sentence_fr\n1,Go.,Va !\n2,Run!,Cours !\n3,Hi.,Salut.\n"),
        ("t.csv", "1,Go.,Va !\n2,Run!,Cours !\n3,Hi.,Salut.\n"),
    ],
    ids=lambda value: value if value.startswith("t") and len(value) < 10 else "",
)
def test_one_file_needs_no_options(write, name, text):
    pairs = read_pairs(write(name, text), PairForm())
    assert get_pairs(pairs)[:3] == [("Go.", "Va !"), ("Run!", "Cours !"), ("Hi.", "Salut.")]
    assert "columns: source is " in join_notes(pairs)
    assert "--source-column" in join_notes(pairs)


def test_column_names_take_precedence_over_their_order(write):
    text = "id,answer,question,topic\n" + "".join(f"{i},yes {i},is {i} it?,a{i}\n" for i in range(5))
    pairs = read_pairs(write("t.csv", text), PairForm())
    assert get_pairs(pairs)[0] == ("is 0 it?", "yes 0")
    assert "source is 'question', target is 'answer'" in join_notes(pairs)


def test_sources_may_share_a_prefix(write):
    row = "{0}\tplease translate {0}a\tb{0}\thttps://example.org/{0}\n"
    pairs = read_pairs(write("t.tsv", "".join(row.format(i) for i in range(5))), PairForm())
    assert get_pairs(pairs)[0] == ("please translate 0a", "b0")
    two = "".join(f"please translate {i}a\tb{i}\n" for i in range(5))
    assert len(read_pairs(write("t.tsv", two), PairForm())) == 5


def test_more_than_two_columns_of_text_are_ambiguous(write):
    text = "".join(f"a {i}\tb {i}\tc {i}\n" for i in range(5))
    with pytest.raises(DataError, match=r"3 of its 3 columns hold text \(column 1, column 2, column 3\)"):
        read_pairs(write("t.tsv", text), PairForm())
    assert get_pairs(read_pairs(write("t.tsv", text), PairForm(source_column="3", target_column="1")))[0] == (
        "c 0",
        "a 0",
    )


def test_the_second_column_follows_from_the_given_one(write):
    table = write("t.csv", "x y,z\na,b\n")
    pairs = read_pairs(table, PairForm(source_column="z"))
    assert get_pairs(pairs) == [("b", "a")]
    assert "target is 'x y'" in join_notes(pairs)
    with pytest.raises(DataError, match="source and target are one column"):
        read_pairs(table, PairForm(source_column="z", target_column="2"))


def test_two_possible_separators_are_ambiguous(write):
    with pytest.raises(DataError, match=r"';' and '_': either may separate .* --separator ';' or"):
        read_pairs(write("t.txt", "a;b_c\nd;e_f\n"), PairForm())
    pairs = read_pairs(write("t.txt", "a;b_c\nd;e_f\n"), PairForm(TableConfig(separator="_")))
    assert get_pairs(pairs) == [("a;b", "c"), ("d;e", "f")]


def test_a_quotation_mark_far_down_the_file_is_a_character(write):
    text = "".join(f"Go {i}.\tVa {i} !\n" for i in range(1500)) + '"Go" is a word.\t"Va" est un mot.\n'
    for name in ("t.txt", "t.tsv"):
        pairs = read_pairs(write(name, text), PairForm())
        assert get_pairs(pairs)[-1] == ('"Go" is a word.', '"Va" est un mot.')
        assert "quotation marks are characters" in join_notes(pairs) or name == "t.txt"


def test_quoted_cells_and_line_numbers(write):
    expected = [("a, b", 'say "x"'), ("c d", "e")]
    csv = write("t.csv", 'id,target,source\n1,"say ""x""","a, b"\n2,e,"c\nd"\n')
    jsonl = write(
        "t.jsonl", '{"source": "a, b", "target": "say \\"x\\""}\n\n{"target":"e","source":"c\\nd"}\n'
    )
    for path in (csv, jsonl):
        assert get_pairs(read_pairs(path, PairForm())) == expected
    assert read_pairs(csv, PairForm()).lines == [2, 4]
    assert read_pairs(jsonl, PairForm()).lines == [1, 3]


def test_columns_by_number(write):
    assert get_pairs(read_pairs(write("t.csv", "a,b,c\nd,e,f\n"), NUMBERED)) == [("b", "a"), ("e", "d")]


@pytest.mark.parametrize(
    ("name", "text", "form", "message"),
    [
        ("t.csv", "source,target\na\n", PairForm(), "line 2 has 1 column and the first line 2"),
        ("t.csv", 'source,target\na,"b\n', PairForm(), "line 2 is not valid CSV .*; quote cells"),
        ("t.csv", "source,target\n", PairForm(), "holds no rows"),
        ("t.csv", "source,target\na,\n", STRICT, "blank on line 2"),
        ("t.csv", "source,target\na,\n", PairForm(), "holds no pairs"),
        ("t.jsonl", '{"source": "a"}\n', PairForm(), "holds one text per line"),
        ("t.jsonl", '{"source": 3, "target": "b"}\n', PairForm(), "line 1 holds 3 where a text is needed"),
        ("t.jsonl", "\n[1]\n", PairForm(), "holds one text per line"),
        ("t.jsonl", "{,}\n", PairForm(), "line 1 is not JSON"),
        ("t.csv", "a,b\n", PairForm(source_column="0", target_column="1"), "has no column '0'"),
        ("t.csv", "src,tgt\na,b\n", PairForm(source_column="sorce"), "no column 'sorce'"),
    ],
)
def test_unusable_tables_are_reported(write, name, text, form, message):
    with pytest.raises(DataError, match=message):
        read_pairs(write(name, text), form)


# Sources alone.


def test_sources_alone(write):
    form = PairForm(TableConfig(separator="_"), "1", "2")
    assert read_sources(write("a.txt", "x\n\n y\u2028z\n"), PairForm()).texts == ["x", "", " y\u2028z"]
    assert read_sources(write("t.tsv", "target\tsource\n1\ta\n"), PairForm()).texts == ["a"]
    assert read_sources(write("t.csv", "b,a\n"), NUMBERED).texts == ["a"]
    assert read_sources(write("d.txt", "may 3_05-03\njune_06\n"), form).texts == ["may 3", "june"]
    assert read_sources(write("d.txt", "may 3\njune\n"), form).texts == ["may 3", "june"]
    assert read_sources(write("one.csv", "anything\na\n"), PairForm(TableConfig(header="yes"))).texts == ["a"]
    with pytest.raises(DataError, match=r"the source may be any of column 1, column 2; .*--source-column"):
        read_sources(write("t.tsv", "a\tb\nc\td\n"), PairForm())


@pytest.mark.parametrize(
    ("files", "form", "count", "first"),
    [
        (
            ("multi30k/train.de", "multi30k/train.en"),
            PairForm(),
            29_000,
            ("Zwei junge weiße Männer sind", "Two young, White males"),
        ),
        (("toy-seq2seq/date.txt",), PairForm(), 50_000, ("september 27, 1994", "1994-09-27")),
        (("fra-eng/fra.txt",), PairForm(), 142_787, ("Go.", "Va !")),
        (
            ("agnews/test.csv",),
            PairForm(source_column="3", target_column="2"),
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


@pytest.mark.parametrize("header", ["Deutsch\tEnglish", "français\tDeutsch", "de\ten", "日本語\tEnglish"])
def test_language_names_are_a_header(tmp_path, header):
    (tmp_path / "t.tsv").write_text(header + "\nguten Tag\tgood day\nein Hut\ta hat\n", encoding="utf-8")
    assert len(read_pairs(tmp_path / "t.tsv", PairForm())) == 2


def test_a_file_with_one_side_is_refused(tmp_path):
    (tmp_path / "train.txt").write_text('one, two\n"three\nfour, five, six\n')
    with pytest.raises(DataError, match="holds one text per line; give two files"):
        read_pairs(tmp_path / "train.txt", PairForm())


def test_a_translation_memory_is_refused(tmp_path):
    (tmp_path / "m.tmx").write_text('<?xml version="1.0"?>\n<tmx version="1.4">\n<body/>\n</tmx>\n')
    with pytest.raises(DataError, match=r"is a translation memory \(TMX\).* give two files"):
        read_pairs(tmp_path / "m.tmx", PairForm())
