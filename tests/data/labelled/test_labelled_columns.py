"""Which columns of a table hold text and label."""

import pytest

from unrolled.data.labelled import LabelledForm, read_labelled
from unrolled.data.tables import TableConfig
from unrolled.errors import DataError

TEXTS = ["a fine warm day", "so dull a film", "the soup was cold", "kind words help", "rain again today"] * 4
LABELS = ["pos", "neg", "neg", "pos", "neg"] * 4


def rows(*columns):
    return [",".join(cells) for cells in zip(*columns, strict=True)]


def write(folder, lines, name="t.csv"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        ("text,label", [TEXTS, LABELS], ("text", "label")),
        ("Review,Sentiment", [TEXTS, LABELS], ("Review", "Sentiment")),
        ("id,sentence,class", [map(str, range(20)), TEXTS, LABELS], ("sentence", "class")),
        ("v1,v2", [LABELS, TEXTS], ("v2", "v1")),
        ("outcome,what was said", [LABELS, TEXTS], ("what was said", "outcome")),
        ("text,keyword,target", [TEXTS, LABELS, ["0", "1"] * 10], ("text", "target")),
        ("label,title,description", [LABELS, TEXTS, TEXTS[::-1]], ("title,description", "label")),
        ("date,label,body", [["2020-01-01"] * 20, LABELS, TEXTS], ("body", "label")),
        ("", [LABELS, TEXTS], ("2", "1")),
        ("", [["3", "1"] * 10, TEXTS, TEXTS[::-1]], ("2,3", "1")),
        ("", [map(str, range(20)), TEXTS, LABELS], ("2", "3")),
    ],
)
def test_columns_are_detected(tmp_path, header, columns, expected):
    lines = rows(*columns)
    data = read_labelled(write(tmp_path, [header, *lines] if header else lines))
    assert tuple(data.columns) == expected
    assert len(data.items) == 20
    note = data.notes[-1]
    assert note.startswith("columns: text is ")
    assert "(--text-column, --label-column)" in note


def test_given_columns_are_used_without_a_note(tmp_path):
    path = write(tmp_path, ["text,label,other", *rows(TEXTS, LABELS, ["x", "y"] * 10)])
    data = read_labelled(path, LabelledForm("text", "other"))
    assert (data.labels[:2], data.notes) == (["x", "y"], ())
    both = read_labelled(path, LabelledForm("label,text", "3"))
    assert both.items[0] == "pos a fine warm day"
    assert both.columns == ("label,text", "other")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["label,category,text", *rows(LABELS, LABELS, TEXTS)], None),
        (["class,category,text", *rows(LABELS, LABELS, TEXTS)], 'label may be in any of "class", "category"'),
        (["a,b,text", *rows(LABELS, LABELS, TEXTS)], 'label may be in any of "a", "b".*--label-column'),
        (
            ["question,comment,label", *rows(TEXTS, TEXTS[::-1], LABELS)],
            'text may be in any of "question", "com',
        ),
        (["one,two,label", *rows(TEXTS, TEXTS[::-1], LABELS)], "--text-column one,two joins them"),
        (["text,text,label", *rows(TEXTS, TEXTS, LABELS)], "named 'text'"),
        (["text,id,id,label", *rows(TEXTS, TEXTS, TEXTS, LABELS)], "two columns are named 'id'"),
        (["text,number", *rows(TEXTS, map(str, range(20)))], "no column besides the text has few values"),
    ],
)
def test_ambiguous_columns_are_refused_and_named(tmp_path, lines, message):
    path = write(tmp_path, lines)
    if message is None:
        assert read_labelled(path).columns == ("text", "label")
        return
    with pytest.raises(DataError, match=message):
        read_labelled(path)


@pytest.mark.parametrize("header", ["sepal,petal,species", ""])
def test_a_table_of_features_is_refused(tmp_path, header):
    lines = [f"{i / 7:.2f},{i % 5},{'setosa' if i % 2 else 'virginica'}" for i in range(40)]
    with pytest.raises(DataError, match=r"no column of text .2 columns of numbers.*HistGradientBoosting"):
        read_labelled(write(tmp_path, [header, *lines] if header else lines))


def test_repeated_names_in_a_table_with_measurements_are_features(tmp_path):
    rows = [f'"Stage 0{i % 3}: a stage","{"fm"[i % 2]}ale",{1.5 * i}' for i in range(12)]
    path = tmp_path / "t.csv"
    path.write_text('"Stage","Gender","Users"\n' + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"1 column of numbers and 2 others.*no sequence"):
        read_labelled(path)


def test_features_with_a_usual_label_column_are_refused_too(tmp_path):
    lines = [f"m{i},{i},{i % 7},{i % 3},{'suv' if i % 2 else 'compact'}" for i in range(40)]
    with pytest.raises(DataError, match="no column of text"):
        read_labelled(write(tmp_path, ["model,year,cyl,gear,class", *lines]))


def test_single_words_are_texts_if_there_is_no_other_column(tmp_path):
    names = [f"{a}{b}" for a in ["Kim", "Sato", "Rossi", "Novak"] for b in "abcdefgh"]
    path = write(tmp_path, ["name,nationality", *rows(names, ["x", "y"] * 16)])
    assert read_labelled(path).columns == ("name", "nationality")


@pytest.mark.parametrize("separator", [";", "\t", "|", " ||| "])
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.data", "t"])
def test_separators_and_file_extensions(tmp_path, separator, name):
    if separator == " ||| " and name == "t.csv":
        pytest.skip("a .csv file with such a separator needs --separator")
    path = write(tmp_path, [separator.join(pair) for pair in zip(LABELS, TEXTS, strict=True)], name)
    data = read_labelled(path)
    assert (data.items, data.labels) == (TEXTS, LABELS)


def test_quotation_marks_in_a_tab_separated_file_are_characters(tmp_path):
    path = write(
        tmp_path, ['pos\tso "kind', 'neg\ta "cold" day"', "pos\tfine warm", "neg\tdull grim"], "t.tsv"
    )
    assert read_labelled(path).items[:2] == ['so "kind', 'a "cold" day"']


def test_a_very_long_cell(tmp_path):
    path = write(tmp_path, ["text,label", "word " * 30_000 + ",long", "short,short"])
    assert [len(item) for item in read_labelled(path).items] == [149_999, 5]


@pytest.mark.parametrize("form", ["array", "lines"])
def test_json(tmp_path, form):
    objects = [
        f'{{"text": "{t}", "label": {int(label == "pos")}}}' for t, label in zip(TEXTS, LABELS, strict=True)
    ]
    text = "[" + ",\n".join(objects) + "]" if form == "array" else "\n".join(objects)
    path = write(tmp_path, [text], "t.json" if form == "array" else "t.jsonl")
    assert read_labelled(path).labels[:3] == [1, 0, 0]


def test_rows_without_text_or_label_are_counted(tmp_path):
    path = write(tmp_path, ["text,label", ",pos", "a b,", " , ", *rows(TEXTS, LABELS)])
    data = read_labelled(path)
    assert len(data.items) == 20
    assert [note for note in data.notes if "left out" in note] == [
        "2 of 23 rows have no text and are left out (--missing error refuses them)",
        "1 of 23 rows has no label and is left out (--missing error refuses them)",
    ]
    with pytest.raises(DataError, match=r"t\.csv: line 2: has no text"):
        read_labelled(path, LabelledForm(missing="error"))


def test_null_and_integral_floats_in_json(tmp_path):
    lines = ['{"text": "a b", "label": 1.0}', '{"text": "c d", "label": null}', '{"text": "e", "label": 0.0}']
    data = read_labelled(write(tmp_path, lines, "t.jsonl"))
    assert (data.labels, [type(label) for label in data.labels]) == ([1, 0], [int, int])


def test_labels_of_several_types_become_text(tmp_path):
    lines = ['{"text": "a b", "label": 1}', '{"text": "c d", "label": "x"}']
    data = read_labelled(write(tmp_path, lines, "t.jsonl"))
    assert data.labels == ["1", "x"]
    assert "labels are of several types (int and str): all are read as text" in data.notes


def test_blanks_around_names_and_labels_are_stripped(tmp_path):
    path = write(tmp_path, [" label , text ", " pos , a fine day ", "pos,b c", "neg ,d e", " neg,f g"])
    data = read_labelled(path)
    assert (set(data.labels), data.items[0]) == ({"pos", "neg"}, "a fine day")


def test_an_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("text,label\ncafé au lait,x\nthé vert,y\n".encode("latin-1"))
    assert read_labelled(path, LabelledForm(table=TableConfig(encoding="latin-1"))).items[0] == "café au lait"
    with pytest.raises(DataError, match="--encoding"):
        read_labelled(path)


def test_mostly_empty_columns_without_a_name_are_left_out(tmp_path):
    lines = [f'{label},"{text}",,,' for label, text in zip(LABELS, TEXTS, strict=True)]
    lines[3] = 'neg,"kind words",and more,,'
    data = read_labelled(write(tmp_path, ["v1,v2,,,", *lines]))
    assert tuple(data.columns) == ("v2", "v1")
    assert (len(data.items), set(data.labels)) == (20, {"pos", "neg"})
    assert "columns without a name that are mostly empty are left out: 3" in data.notes


def test_measurements_are_not_labels(tmp_path):
    shares = ["0.09", "0.14", "0.08", "0.14"] * 5
    path = write(tmp_path, ["what,share", *rows(TEXTS, shares)])
    with pytest.raises(DataError, match="--label-column"):
        read_labelled(path)
    assert len(read_labelled(path, LabelledForm(label_column="share")).items) == 20
    integral = write(tmp_path, ["what,share", *rows(TEXTS, ["1.0", "0.0"] * 10)], "whole.csv")
    assert set(read_labelled(integral).labels) == {"1.0", "0.0"}


def test_names_in_a_wide_table_are_not_texts(tmp_path):
    models = [f"model {n} x" for n in range(20)]
    columns = [models, *([str(n * k) for n in range(20)] for k in (1, 3, 7)), LABELS]
    path = write(tmp_path, ["carname,a,b,c,class", *rows(*columns)])
    with pytest.raises(DataError, match="table of features holds no sequences"):
        read_labelled(path)
    assert len(read_labelled(path, LabelledForm("carname")).items) == 20
