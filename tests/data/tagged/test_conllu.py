"""Tagged sentences from CoNLL-U."""

import pytest

from unrolled.data.tagged import Columns, open_tagged, read_tagged
from unrolled.errors import DataError

CONLLU = """\
# sent_id = 1
# checked by hand
#no blank
# a=b
1-2\tIt's\t_\t_\t_\t_\t_\t_\t_\t_
1\tIt\tit\tPRON\tPRP\tCase=Nom|Number=Sing\t3\tnsubj\t_\tNER=O
2\t's\tbe\tAUX\tVBZ\t_\t3\tcop\t_\t_
3\tlate\tlate\tADJ\tJJ\tDegree=Pos\t0\troot\t_\tSpaceAfter=No|NER=B-X
3.1\tvery\tvery\tADV\tRB\t_\t_\t_\t3:advmod\t_

# sent_id = 2
# note = one
# note = two
1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No

"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.conllu"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_ranges_and_empty_nodes_are_not_words(file):
    parsed = open_tagged(file(CONLLU))
    assert parsed.words == [["It", "'s", "late"], ["Go"]]
    assert parsed.tags == [["PRON", "AUX", "ADJ"], ["VERB"]]
    assert parsed.columns == Columns("form", "upos")
    assert parsed.lines == [[6, 7, 8], [14]]
    assert parsed.notes == ("CoNLL-U: the word is form, the tag is upos (--word-column, --tag-column)",)


@pytest.mark.parametrize(
    ("column", "tags"),
    [
        ("xpos", ["PRP", "VBZ", "JJ", "VB"]),
        ("5", ["PRP", "VBZ", "JJ", "VB"]),
        ("deprel", ["nsubj", "cop", "root", "root"]),
        ("lemma", ["it", "be", "late", "go"]),
        ("FEATS", ["Case=Nom|Number=Sing", "_", "Degree=Pos", "_"]),
        ("feats:Case", ["Nom", "_", "_", "_"]),
        ("misc:NER", ["O", "_", "B-X", "_"]),
        ("NER", ["O", "_", "B-X", "_"]),
        ("misc", ["NER=O", "_", "SpaceAfter=No|NER=B-X", "SpaceAfter=No"]),
    ],
)
def test_every_column_and_key_can_be_the_tag(file, column, tags):
    parsed = read_tagged(file(CONLLU), Columns(tag=column))
    assert [tag for sentence in parsed.tags for tag in sentence] == tags


def test_lemmas_can_be_the_words(file):
    assert read_tagged(file(CONLLU), Columns("lemma", "xpos")).words == [["it", "be", "late"], ["go"]]


@pytest.mark.parametrize("column", ["upos", "feats", "misc:NER", "feats:Case", "misc"])
@pytest.mark.parametrize("text", [CONLLU, CONLLU.replace("\n", "\r\n"), "\ufeff" + CONLLU, CONLLU.rstrip()])
def test_writing_the_same_tags_restores_every_byte(file, column, text):
    parsed = open_tagged(file(text), Columns(tag=column))
    assert parsed.with_tags(parsed.tags) == text


def test_writing_other_tags_changes_nothing_else(file):
    parsed = open_tagged(file(CONLLU), Columns(tag="misc:NER"))
    changed = parsed.with_tags([["B-Y", "I-Y", "_"], ["O"]])
    assert changed == (
        CONLLU.replace("NER=O", "NER=B-Y")
        .replace("cop\t_\t_", "cop\t_\tNER=I-Y")
        .replace("|NER=B-X", "")
        .replace("root\t_\tSpaceAfter=No\n\n", "root\t_\tSpaceAfter=No|NER=O\n\n")
    )
    features = open_tagged(file(CONLLU), Columns(tag="feats:Gender"))
    assert "Case=Nom|Gender=Neut|Number=Sing" in features.with_tags([["Neut", "_", "_"], ["_"]])


def test_conllu_is_detected_by_its_lines(file):
    assert open_tagged(file(CONLLU, "treebank.txt")).form == "conllu"


def test_without_upos_the_tag_is_xpos(file):
    text = "1\tGo\tgo\t_\tVB\t_\t0\troot\t_\t_\n\n"
    assert open_tagged(file(text)).columns.tag == "xpos"


def test_a_missing_tag_is_refused_or_its_sentence_left_out(file):
    path = file(CONLLU.replace("\tADJ\t", "\t_\t"))
    with pytest.raises(DataError, match=r"line 8, word 'late' has no tag; --missing drop leaves"):
        read_tagged(path)
    assert read_tagged(path, missing="drop").words == [["Go"]]


def test_agrees_with_conllu(file):
    conllu = pytest.importorskip("conllu")
    sentences = conllu.parse(CONLLU)
    words = [[t["form"] for t in s if isinstance(t["id"], int)] for s in sentences]
    assert read_tagged(file(CONLLU)).words == words


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (CONLLU, Columns("form", "pos"), r"no column 'pos' \(--tag-column\); choose one of form"),
        ("no columns here\n", Columns(), "line 1 has 1 field separated by tabs, CoNLL-U has 10"),
        (CONLLU.replace("ADJ\tJJ", "ADJ JJ"), Columns(), "line 8 has 9 fields"),
        (CONLLU.replace("1\tGo", "one\tGo"), Columns(), "not CoNLL-U"),
        ("# only = a comment\n", Columns(), "holds no words"),
    ],
)
def test_unusable_files_are_reported(file, text, columns, message):
    with pytest.raises(DataError, match=message):
        read_tagged(file(text), columns)


@pytest.mark.parametrize("source", ["@ud_english-ew/train", "@ud_english-ewt", "@ud_english-ewt/valid"])
def test_unknown_sets_suggest_known_ones(source):
    with pytest.raises(DataError, match=r"ud_english-ewt"):
        read_tagged(source)


def test_the_published_treebank(published):
    path = published("ud_english-ewt/en_ewt-ud-test.conllu")
    parsed = open_tagged("@ud_english-ewt/test")
    assert len(parsed.words) == 2077
    assert sum(map(len, parsed.words)) == 25_094
    assert len({tag for sentence in parsed.tags for tag in sentence}) == 17
    assert parsed.with_tags(parsed.tags) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", ["1" * 5000, "1-" + "2" * 5000, "1.1.1", "١", ""])
def test_ids_are_short_numbers(file, number):
    with pytest.raises(DataError, match=r"t\.conllu: not CoNLL-U"):
        read_tagged(file(CONLLU.replace("\n2\t", f"\n{number}\t", 1)))
