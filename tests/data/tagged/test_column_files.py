"""Column files: what is detected, what is refused, and that writing restores the file byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.tagged import Columns, open_tagged, read_tagged
from unrolled.data.tagged.column_file import read_column_file
from unrolled.data.tagged.lines import Lines
from unrolled.errors import DataError

CONLL = "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\n\nPeter NNP B-PER\n"
GERMEVAL = (
    "#\thttp://a.b/c\t[2010-07-04]\t\n1\tin\tO\tO\n2\tBonner\tB-LOC\tB-LOC\n3\tUniversität\tI-LOC\tO\n\n"
    "#\thttp://a.b/d\t[2010-07-05]\t\n1\tBerlin\tB-LOC\tO\n2\t#\tO\tO\t\n\n"
)


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_the_first_column_is_the_word_and_the_last_the_tag(file):
    parsed = open_tagged(file(CONLL))
    assert parsed.words == [["EU", "rejects"], ["Peter"]]
    assert parsed.tags == [["B-ORG", "O"], ["B-PER"]]
    assert parsed.columns == Columns("1", "3")
    assert parsed.notes[0] == (
        "3 columns separated by blanks: the word is column 1, the tag is column 3 "
        "(--word-column, --tag-column)"
    )
    assert read_tagged(file(CONLL), Columns("1", "2")).tags == [["NNP", "VBZ"], ["NNP"]]
    assert read_tagged(file(CONLL), Columns("1", "-2")).tags == [["NNP", "VBZ"], ["NNP"]]


@pytest.mark.parametrize(
    "text",
    [
        "# id 0a domain=en\nthe _ _ O\nriver _ _ B-LOC\n\n# id 3d domain=en\na _ _ O\n\n",
        "#begin document (x); 0\nthe O\nriver B-LOC\n\n#end document\n#begin document (y); 0\na O\n",
        "# newdoc\nthe\tO\nriver\tB-LOC\n\n# text = a river\na\tO\n",
        "# x=1 y=2\nthe O\nriver B-LOC\n\na O\n",
    ],
)
def test_lines_before_a_sentence_that_begin_with_a_hash_are_comments(file, text):
    parsed = open_tagged(file(text))
    assert parsed.words == [["the", "river"], ["a"]]
    assert parsed.tags == [["O", "B-LOC"], ["O"]]
    assert "starting with #" in parsed.notes[-1]
    assert parsed.with_tags(parsed.tags) == text


@pytest.mark.parametrize("text", ["# #\n5 CD\n\na # \n# #\n"])
def test_a_hash_whose_tag_occurs_inside_a_sentence_is_a_word(file, text):
    assert open_tagged(file(text)).words == [["#", "5"], ["a", "#"]]


def test_empty_columns_are_not_the_tag(file):
    assert open_tagged(file("1 a X _ _\n2 b Y _ _\n\n")).columns == Columns("2", "3")


@pytest.mark.parametrize("text", ["#\tO\ntag\tO\n\n#jobs\tO\nnow\tO\n", "# O\ntag O\n\n#jobs O\nnow O\n"])
def test_a_hash_with_a_known_tag_is_a_word(file, text):
    assert open_tagged(file(text)).words == [["#", "tag"], ["#jobs", "now"]]


def test_a_column_that_counts_words_and_nested_tags(file):
    parsed = open_tagged(file(GERMEVAL))
    assert parsed.columns == Columns("2", "3")
    assert parsed.words == [["in", "Bonner", "Universität"], ["Berlin", "#"]]
    assert parsed.tags == [["O", "B-LOC", "I-LOC"], ["B-LOC", "O"]]
    assert "column 3 is used as the tag" in parsed.notes[1]
    assert parsed.with_tags(parsed.tags) == GERMEVAL


def test_words_between_tabs_may_contain_blanks(file):
    parsed = open_tagged(file("New York\tB-LOC\nis big\tO\n10 000\tO\n"))
    assert parsed.words == [["New York", "is big", "10 000"]]


def test_a_no_break_space_is_part_of_a_word(file):
    assert read_tagged(file("10\u00a0000 NUM\neuros NOUN\n")).words == [["10\u00a0000", "euros"]]


def test_unicode_line_separators_are_part_of_a_word(file):
    assert read_tagged(file("a\u2028b X\nc\x85d Y\n")).words == [["a\u2028b", "c\x85d"]]


def test_a_header_names_the_columns(file):
    parsed = open_tagged(file("word\tpos\tner\nAnn\tNNP\tB-PER\nsings\tVBZ\tO\n"))
    assert parsed.words == [["Ann", "sings"]]
    assert "the tag is column 3 (ner)" in parsed.notes[0]
    assert read_tagged(file("word\tpos\tner\nAnn\tNNP\tB-PER\n\n"), Columns("word", "pos")).tags == [["NNP"]]


def test_conllu_plus_names_its_columns(file):
    text = "# global.columns = ID FORM UPOS NER\n1-2\tvámonos\t_\t_\n1\tvamos\tVERB\tO\n2\tnos\tPRON\tB-X\n\n"
    assert read_tagged(file(text, "t.conllup")).words == [["vamos", "nos"]]
    assert read_tagged(file(text, "t.conllup"), Columns("form", "upos")).tags == [["VERB", "PRON"]]


def test_a_file_without_blank_lines_is_reported(file):
    parsed = open_tagged(file("a X\nb Y\n" * 3000))
    assert parsed.notes[-1] == "no blank lines: all 6,000 words are one sentence"
    parsed = open_tagged(file("a X\nb Y\n. .\n" * 300))
    assert parsed.words == [["a", "b", "."]] * 300
    assert parsed.notes[-1] == "no blank lines: 300 sentences end at . ? ! 。 ؟ ।"
    assert parsed.with_tags(parsed.tags) == "a X\nb Y\n. .\n" * 300


@pytest.mark.parametrize(
    "text",
    [CONLL, CONLL.replace("\n", "\r\n"), "\ufeff" + CONLL, CONLL.rstrip(), CONLL.replace("\n\n", "\n \t\n")],
)
def test_writing_the_same_tags_restores_every_byte(file, text):
    parsed = open_tagged(file(text))
    assert parsed.words == [["EU", "rejects"], ["Peter"]]
    assert parsed.with_tags(parsed.tags) == text


def test_other_tags_replace_the_old_or_form_a_new_column(file):
    parsed = open_tagged(file(CONLL))
    changed = parsed.with_tags([["X", "Y"], ["Z"]])
    assert changed == CONLL.replace("B-ORG", "X").replace("VBZ O", "VBZ Y").replace("B-PER", "Z")
    words = read_column_file(Lines("t", ["a", "b ", "", "c"]), Columns(), tagged=False)
    assert words.tags == [[None, None], [None]]
    assert words.with_tags([["X", "Y"], ["Z"]]) == "a\tX\nb\tY\n\nc\tZ"


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (
            "Ann B-PER\nlives O\nhere\n\n",
            Columns("1", "-1"),
            "line 3 has 1 field separated by blanks.* have 2",
        ),
        ("Ann\tB-PER\nlives\tO\nhere\t\n\n", Columns("1", "-1"), "line 3, word 'here' has no tag"),
        ("Ann NNP B-PER\nlives VBZ O\nhere RB\n\n", Columns("1", "-1"), "line 3 has 2 fields"),
        ("Ann O\nlives O\nin New York O\n", Columns(), "line 3 has 4 fields separated by blanks"),
        ("Ann\tO\nNew York O\n\nlives\tO\n", Columns(), "line 2 has 1 field separated by tabs"),
        ("# c\nAnn O\n# a b c\nlives O\n", Columns(), "line 3 has 4 fields"),
        ("Ann\tO\n\tO\n", Columns(), "line 2, there is a tag without a word"),
        (CONLL, Columns("1", "9"), r"has no column 9, it has 3 columns \(--tag-column\)"),
        (CONLL, Columns("1", "0"), "no column '0'; its columns are numbered from 1 to 3"),
        (CONLL, Columns("form", "upos"), "no column 'form'; its columns are numbered from 1 to 3"),
        ("a\nb\n\nc\n", Columns(), "has words in column 1 and no column of tags"),
        ("-DOCSTART-\n", Columns("1", "2"), "holds no sentences"),
        (
            "It was late.\nThey all went home, and slept.\nGood.\n\nWell then\n",
            Columns(),
            "is not a file of tagged",
        ),
    ],
)
def test_unusable_files_are_reported(file, text, columns, message):
    with pytest.raises(DataError, match=message):
        read_tagged(file(text), columns)


WORD = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="#\ufeff"),
    min_size=1,
)
SENTENCES = st.lists(st.lists(st.tuples(WORD, st.sampled_from(["X", "Y", "B-Z"])), min_size=1), min_size=1)


@given(SENTENCES, st.sampled_from(["\t", " ", "  "]), st.sampled_from(["\n", "\r\n"]))
def test_reading_and_writing_round_trip(sentences, between, end):
    text = (end * 2).join(end.join(f"{word}{between}{tag}" for word, tag in s) for s in sentences) + end
    if text.startswith("-DOCSTART-"):
        return
    parsed = read_column_file(Lines("t", text.split("\n")), Columns("1", "2"))
    assert [list(zip(w, t, strict=True)) for w, t in zip(parsed.words, parsed.tags, strict=True)] == sentences
    assert parsed.with_tags(parsed.tags) == text
