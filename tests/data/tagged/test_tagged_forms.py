"""Tagged sentences in other formats: word/tag lines, tables, JSON, two files; plain text."""

import json

import pytest

from unrolled.data.tagged import Columns, Reader, open_tagged, read_tagged
from unrolled.errors import DataError

WORDS = [["Ann", "lives", "here"], ["Go"]]
TAGS = [["NNP", "VBZ", "RB"], ["VB"]]
KAGGLE = "Sentence #,Word,POS,Tag\nSentence: 1,Ann,X,NNP\n,lives,X,VBZ\n,here,X,RB\nSentence: 2,Go,X,VB\n"
EACH_ROW = "sentence_id;word;tag\n1;Ann;NNP\n1;lives;VBZ\n1;here;RB\n2;Go;VB\n"
LINES = [
    {"id": i, "tokens": w, "pos_tags": ["X"] * len(w), "ner_tags": t}
    for i, (w, t) in enumerate(zip(WORDS, TAGS, strict=True))
]
FORMS = {
    "brown.txt": "Ann/NNP lives/VBZ here/RB\n\n  Go/VB  \n",
    "low.txt": "Ann_NNP lives_VBZ here_RB\nGo_VB\n",
    "bar.txt": "Ann|NNP lives|VBZ here|RB\nGo|VB",
    "ner.csv": KAGGLE,
    "each.csv": EACH_ROW,
    "quoted.csv": '"Sentence #","Word","Tag"\r\n"1","Ann","NNP"\r\n"","lives","VBZ"\r\n"",here,RB\r\n2,Go,VB',
    "tabs.tsv": EACH_ROW.replace(";", "\t"),
    "lines.jsonl": "".join(json.dumps(line) + "\n" for line in LINES),
    "list.json": json.dumps(LINES, indent=1) + "\n",
    "rows.tsv": "Ann lives here\tNNP VBZ RB\nGo\tVB\n",
    "rows.csv": "Ann lives here,NNP VBZ RB\nGo,VB\n",
    "sentences.csv": "Sentence #,Sentence,POS,Tag\n"
    "Sentence: 1,Ann lives here,\"['X', 'X', 'X']\",\"['NNP', 'VBZ', 'RB']\"\nSentence: 2,Go,['X'],['VB']\n",
    "no_ending": "Ann\tNNP\nlives\tVBZ\nhere\tRB\n\nGo\tVB\n",
    "t.bio": "Ann NNP\nlives VBZ\nhere RB\n\nGo VB\n",
    "semicolon.csv": "Ann;NNP\nlives;VBZ\nhere;RB\n;\nGo;VB\n",
    "blank.csv": "word,tag\nAnn,NNP\nlives,VBZ\nhere,RB\n\nGo,VB\n",
}


@pytest.fixture
def write(tmp_path):
    def to_file(name, text):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return to_file


@pytest.mark.parametrize("name", FORMS)
def test_every_format_is_detected(write, name):
    parsed = open_tagged(write(name, FORMS[name]))
    assert (parsed.words, parsed.tags) == (WORDS, TAGS)
    assert parsed.notes


@pytest.mark.parametrize("name", FORMS)
def test_every_format_is_written_unchanged(write, name):
    parsed = open_tagged(write(name, FORMS[name]))
    assert parsed.with_tags(parsed.tags) == FORMS[name]
    again = open_tagged(write("again-" + name, parsed.with_tags([["A", "B", "C"], ["D"]])))
    assert (again.words, again.tags) == (WORDS, [["A", "B", "C"], ["D"]])


@pytest.mark.parametrize("name", [name for name in FORMS if not name.endswith("txt")])
def test_the_detected_columns_read_the_file_again(write, name):
    path = write(name, FORMS[name])
    assert read_tagged(path, open_tagged(path).columns).tags == TAGS


def test_word_and_tag_are_split_at_the_last_separator(write):
    assert read_tagged(write("t", "1/2/CD and/or/CC\n")).words == [["1/2", "and/or"]]
    with pytest.raises(DataError, match="line 2: 'odd' has no tag"):
        read_tagged(write("t", "a/X b/Y\nodd c/Z\n" + "a/X " * 200 + "\n"))


def test_quotes_and_lines_of_a_table(write):
    parsed = read_tagged(write("t.csv", 'Sentence #,Word,Tag\nSentence: 1,"""",X\n,"a, b",Y\n'))
    assert parsed.words == [['"', "a, b"]]
    with pytest.raises(DataError, match="line 3 has 2 cells separated by ',', the first has 3"):
        read_tagged(write("t.csv", "Sentence #,Word,Tag\n1,a,X\n,b\n"))
    with pytest.raises(DataError, match="line 3, word 'b' has no tag"):
        read_tagged(write("t.csv", "Sentence #,Word,Tag\n1,a,X\n,b,\n"))


def test_a_tag_without_a_word_counts_as_missing(write):
    path = write("t.csv", "Sentence #,Word,Tag\n1,a,X\n,,Y\n2,b,X\n")
    assert read_tagged(path, missing="drop").words == [["b"]]
    with pytest.raises(DataError, match="line 3, there is a tag without a word"):
        read_tagged(path)
    with pytest.raises(DataError, match="line 3 has no word"):
        open_tagged(path, tagged=False, model=Reader("table", frozenset("XY")))


def test_a_tag_over_several_lines_is_replaced_as_a_whole(write):
    parsed = open_tagged(write("t.csv", 'Sentence #,Word,Tag\r\n1,a,"X\nY"\r\n,b,Z\r\n'))
    assert parsed.with_tags([["U", "V"]]) == 'Sentence #,Word,Tag\r\n1,a,"U"\r\n,b,V\r\n'


def test_other_encodings(tmp_path):
    (tmp_path / "t.csv").write_bytes("Sentence #,Word,Tag\n1,café,X\n".encode("latin-1"))
    with pytest.raises(DataError, match="--encoding"):
        read_tagged(tmp_path / "t.csv")
    assert read_tagged(tmp_path / "t.csv", encoding="latin-1").words == [["café"]]
    (tmp_path / "t.txt").write_bytes("café X\nnoir Y\n".encode("utf-16"))
    assert read_tagged(tmp_path / "t.txt").words == [["café", "noir"]]


def test_the_lists_of_json(write):
    text = FORMS["lines.jsonl"]
    assert read_tagged(write("t.jsonl", text), Columns(tag="pos_tags")).tags == [["X"] * 3, ["X"]]
    numbers = open_tagged(write("t.jsonl", '{"tokens": ["a", "b"], "ner_tags": [0, 7]}\n'))
    assert numbers.tags == [["0", "7"]]
    assert "are numbers" in numbers.notes[-1]
    assert json.loads(numbers.with_tags([["7", "0"]]))["ner_tags"] == [7, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"tokens": ["a", "b"], "tags": ["X"]}\n', "line 1: tokens has 2 words and tags 1 tag"),
        ('{"tokens": ["a"], "tags": ["X"]}\n{"tokens": \n', "line 2 is not JSON"),
        ('{"text": "a b", "tags": ["X"]}\n', "has no list of words; its lists are tags"),
        ('{"tokens": ["a"]}\n', "has no list 'tags'; its lists are tokens"),
        ('{"tokens": [{"text": "a"}], "tags": ["X"]}\n', "line 1: tokens contains"),
        ("[1, 2]", "give one object per sentence"),
    ],
)
def test_unusable_json_is_reported(write, text, message):
    with pytest.raises(DataError, match=message):
        read_tagged(write("t.jsonl", text))


def test_two_files_and_their_folder(tmp_path, write):
    paths = write("seq.in", "Ann lives here\n\nGo\n"), write("seq.out", "NNP VBZ RB\n\nVB\n")
    for source in (",".join(map(str, paths)), tmp_path):
        parsed = open_tagged(source)
        assert (parsed.words, parsed.tags) == (WORDS, TAGS)
        assert parsed.with_tags(parsed.tags) == "NNP VBZ RB\n\nVB\n"
    write("seq.out", "NNP VBZ\n\nVB\n")
    with pytest.raises(DataError, match="line 1 has 3 words and 2 tags"):
        read_tagged(tmp_path)
    write("seq.out", "NNP VBZ RB\n")
    with pytest.raises(DataError, match="3 lines of words and 1 of tags"):
        read_tagged(tmp_path)


def test_a_folder_of_other_files_is_refused(tmp_path, write):
    write("train.conll", "a X\n")
    with pytest.raises(DataError, match=r"is a folder; give one of its files \(train.conll"):
        read_tagged(tmp_path)


MODEL = Reader("columns", frozenset(["NNP", "VBZ"]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ann lives here\nGo\n", [["Ann", "lives", "here"], ["Go"]]),
        ("Ann sings\n", [["Ann", "sings"]]),
        ("Ann NNP\n", [["Ann"]]),
        ("Ann\nlives\n\nGo\n", [["Ann", "lives"], ["Go"]]),
        ("Ann\tX\nlives\tY\n", [["Ann", "lives"]]),
        ("Ann ann X\nlives live Y\nhere here Z\n", [["Ann", "lives", "here"]]),
    ],
)
def test_columns_are_distinguished_from_plain_text(write, text, words):
    parsed = open_tagged(write("t.txt", text), tagged=False, model=MODEL)
    assert parsed.words == words
    assert ("plain text" in parsed.notes[0]) == (parsed.form == "plain")


def test_a_model_of_columns_refuses_conllu(write):
    row = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"
    with pytest.raises(DataError, match="is CoNLL-U, which has several columns of tags"):
        open_tagged(write("t.conllu", row), tagged=False, model=MODEL)
    parsed = open_tagged(write("t.conllu", row), model=Reader("conllu", frozenset()))
    assert parsed.words == [["Go"]]
