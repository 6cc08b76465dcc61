"""Tagged sentences from CoNLL-U and from columns."""

import pytest

from unrolled.data.tagged import Columns, parse_conllu, read_tagged
from unrolled.errors import DataError

CONLLU = """\
# sent_id = 1
1-2\tIt's\t_\t_\t_\t_\t_\t_\t_\t_
1\tIt\tit\tPRON\tPRP\tCase=Nom\t3\tnsubj\t_\t_
2\t's\tbe\tAUX\tVBZ\t_\t3\tcop\t_\t_
3\tlate\tlate\tADJ\tJJ\t_\t0\troot\t_\t_
3.1\tvery\tvery\tADV\tRB\t_\t_\t_\t3:advmod\t_

# sent_id = 2
1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No

"""
COLUMNS = "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\n\nPeter NNP B-PER\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.conllu"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_words_of_conllu_without_ranges_and_empty_nodes(file):
    found = read_tagged(file(CONLLU), Columns())
    assert found.words == [["It", "'s", "late"], ["Go"]]
    assert found.tags == [["PRON", "AUX", "ADJ"], ["VERB"]]
    assert read_tagged(file(CONLLU), Columns("lemma", "xpos")).tags == [["PRP", "VBZ", "JJ"], ["VB"]]


def test_conllu_is_written_as_it_was_read(file):
    assert "".join(s.serialize() for s in parse_conllu(file(CONLLU), CONLLU)) == CONLLU


def test_columns(file):
    found = read_tagged(file(COLUMNS, "t.txt"), Columns("1", "-1"))
    assert found.words == [["EU", "rejects"], ["Peter"]]
    assert found.tags == [["B-ORG", "O"], ["B-PER"]]
    assert read_tagged(file(COLUMNS, "t.txt"), Columns("1", "2")).tags == [["NNP", "VBZ"], ["NNP"]]


@pytest.mark.parametrize(
    ("name", "text", "columns", "message"),
    [
        ("t.conllu", CONLLU, Columns("form", "pos"), "no column 'pos'; choose one of form"),
        ("t.conllu", CONLLU.replace("ADJ", "_"), Columns(), r"sentence 1, word 3 \('late'\) has no upos"),
        ("t.conllu", "no columns here\n", Columns(), "line 1 has 1 fields between tabs, CoNLL-U has 10"),
        ("t.conllu", CONLLU.replace("ADJ\tJJ", "ADJ JJ"), Columns(), "line 5 has 9 fields"),
        ("t.conllu", CONLLU.replace("1\tGo", "one\tGo"), Columns(), "not CoNLL-U"),
        ("t.conllu", "# only = a comment\n", Columns(), "holds no words"),
        ("t.txt", COLUMNS, Columns(), "is not .conllu, so its columns are numbered"),
        ("t.txt", COLUMNS, Columns("1", "0"), "so its columns are numbered"),
        ("t.txt", "a X\nb\n", Columns("1", "2"), r"line 2 has 1 columns \(word in 1, tag in 2"),
        ("t.txt", "-DOCSTART-\n", Columns("1", "2"), "holds no sentences"),
    ],
)
def test_what_cannot_be_used_is_named(file, name, text, columns, message):
    with pytest.raises(DataError, match=message):
        read_tagged(file(text, name), columns)


@pytest.mark.parametrize("source", ["@ud_english-ew/train", "@ud_english-ewt", "@ud_english-ewt/valid"])
def test_unknown_sets_are_answered_with_known_ones(source):
    with pytest.raises(DataError, match=r"ud_english-ewt"):
        read_tagged(source, Columns())


@pytest.mark.slow
def test_the_published_treebank(published):
    path = published("ud_english-ewt/en_ewt-ud-test.conllu")
    found = read_tagged("@ud_english-ewt/test", Columns())
    assert len(found.words) == 2077
    assert sum(map(len, found.words)) == 25_094
    assert len({tag for sentence in found.tags for tag in sentence}) == 17
    text = path.read_text(encoding="utf-8")
    assert "".join(s.serialize() for s in parse_conllu(path, text)) == text


@pytest.mark.parametrize("number", ["1" * 5000, "1-" + "2" * 5000, "1.1.1", "١", ""])
def test_ids_are_short_numbers(tmp_path, number):
    (tmp_path / "t.conllu").write_text(CONLLU.replace("\n2\t", f"\n{number}\t", 1))
    with pytest.raises(DataError, match=r"t\.conllu: not CoNLL-U"):
        read_tagged(tmp_path / "t.conllu", Columns())
