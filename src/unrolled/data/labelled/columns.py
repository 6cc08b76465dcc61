"""The columns of a table that hold text and label: named, of a usual name, or told by what they hold."""

from collections.abc import Sequence

from unrolled.data.labelled.examples import ColumnChoice
from unrolled.data.labelled.features import refuse_features
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.shapes import Shape, shape_of
from unrolled.data.tables import Table
from unrolled.errors import DataError

PARTS = ("title", "headline", "subject", "summary", "abstract", "description", "body", "content", "contents")
"""Names of the parts of one document, which are joined."""
TEXT_NAMES = (
    *("text", "texts", "sentence", "sentences", "review", "reviews", "review_text", "reviewtext", "comment"),
    *("comment_text", "comments", "message", "tweet", "utterance", "question", "query", "document", "post"),
    *PARTS,
)
LABEL_NAMES = (
    *("label", "labels", "class", "classes", "category", "sentiment", "target", "y", "intent", "topic"),
    *("emotion", "polarity", "rating", "stars", "tag", "language", "lang", "label_text", "class_index"),
)
USUAL = frozenset((*TEXT_NAMES, *LABEL_NAMES))
NARROW = 3
"""Columns, at most, of a table whose text may be names, single words, or few texts that recur: a wider one
holds features."""
SAMPLE = 5000
"""Rows from which a column is judged."""
USED = 0.5
"""Share of the rows that fill a column without a name, at least, for it to be read."""
Shapes = dict[int, Shape]
"""What columns hold, by their places."""


def find_columns(table: Table, form: LabelledForm) -> tuple[list[int], int, list[str]]:
    """Return the places of the text columns and of the label, and notes about the choice.

    Columns that the form names are taken. Else those of a usual name, ``text`` and ``label`` before all
    others; else the one column with few values that recur is the label, and the column of texts, without a
    header all columns of texts, is the text.

    Raises:
        DataError: if a column does not exist, none or several can be meant, or the table is one of features.
    """
    texts = given_columns(table, form.text_column)
    label = table.place(form.label_column) if form.label_column else None
    if label is not None and label in texts:
        raise DataError(
            f"{table.path}: --text-column and --label-column both name column {table.names[label]!r}"
        )
    if texts and label is not None:
        return texts, label, []
    shapes = _shapes(table)
    if label is None:
        label = _usual_label(table, texts)
    if not texts:
        texts = _usual_texts(table, label)
    if label is None and texts:
        label = _label_by_shape(table, texts, shapes)
    if not texts:
        texts = _texts_by_shape(table, label, shapes)
    if label is None:
        label = _label_by_shape(table, texts, shapes)
    choice = choice_of(table, texts, label)
    notes = [f"columns: {_shown_choice(table, choice)} (--text-column, --label-column)"]
    if spare := len(table.names) - len(shapes):
        notes.append(f"columns without a name that are mostly empty are left out: {spare}")
    return texts, label, notes


def find_texts(table: Table, form: LabelledForm) -> tuple[list[int], list[str]]:
    """Return the places of the text columns where no label is needed, and notes about the choice.

    The columns that the form names are those of training: a table of one column may name it otherwise.

    Raises:
        DataError: see :func:`find_columns`.
    """
    if len(table.names) == 1:
        return [0], []
    if form.text_column and (table.has_header or not _has(table, form.text_column)):
        return given_columns(table, form.text_column), []
    texts = (
        given_columns(table, form.text_column)
        or _usual_texts(table, None)
        or _texts_by_shape(table, None, _shapes(table))
    )
    named = " and ".join(_column(table, i) for i in texts)
    return texts, [f"columns: text is {named} (--text-column)"]


def given_columns(table: Table, given: str) -> list[int]:
    """Return the places of columns that are given as one name, or as several with commas between them.

    Raises:
        DataError: if the table lacks one.
    """
    if not given:
        return []
    if given in table.names or "," not in given:
        return [table.place(given)]
    return [table.place(name.strip()) for name in given.split(",") if name.strip()]


def choice_of(table: Table, texts: Sequence[int], label: int) -> ColumnChoice:
    """Return the names of columns, as an option gives them."""
    names = [
        table.names[i] if table.names.count(table.names[i]) == 1 else str(i + 1) for i in (*texts, label)
    ]
    return ColumnChoice(",".join(names[:-1]), names[-1])


def _has(table: Table, given: str) -> bool:
    return given in table.names or all(name.strip() in table.names for name in given.split(","))


def _places(table: Table, names: Sequence[str]) -> list[int]:
    """Return the places of columns with usual names, in the order of the table."""
    return (
        [i for i, name in enumerate(table.names) if name.strip().lower() in names] if table.has_header else []
    )


def _shapes(table: Table) -> Shapes:
    """Return what the columns hold, without those that have no name and are mostly empty."""
    rows = table.rows[:SAMPLE]
    shapes = {i: shape_of([row[i] for row in rows]) for i in range(len(table.names))}
    return {i: s for i, s in shapes.items() if table.names[i] or s.filled >= USED * len(rows)}


def _usual_label(table: Table, texts: Sequence[int]) -> int | None:
    """Return the column with a usual name of labels; None if there is none."""
    places = [i for i in _places(table, LABEL_NAMES) if i not in texts]
    exact = [i for i in places if table.names[i].strip().lower() == "label"]
    if len(exact) == 1 or len(places) == 1:
        return (exact or places)[0]
    if places:
        raise _two(table, places, "label", "--label-column")
    return None


def _usual_texts(table: Table, label: int | None) -> list[int]:
    """Return the columns with usual names of texts: one, or the parts of a document."""
    places = [i for i in _places(table, TEXT_NAMES) if i != label]
    exact = [i for i in places if table.names[i].strip().lower() == "text"]
    if len(exact) == 1 or len(places) <= 1:
        return exact or places
    wholes = [i for i in places if table.names[i].strip().lower() not in PARTS]
    if len(wholes) > 1:
        raise _two(table, places, "text", "--text-column")
    return places


def _label_by_shape(table: Table, texts: Sequence[int], shapes: Shapes) -> int:
    """Return the one column besides the texts whose few values recur."""
    others = [i for i in shapes if i not in texts]
    recurring = [i for i in others if shapes[i].recurs]
    if len(recurring) == 1:
        return recurring[0]
    if recurring:
        raise _two(table, recurring, "label", "--label-column")
    named = ", ".join(_column(table, i) for i in others[:8])
    raise DataError(
        f"{table.path}: no column besides the text has few values that recur"
        + (f" ({named})" if named else "")
        + "; name the one with the label: --label-column"
    )


def _texts_by_shape(table: Table, label: int | None, shapes: Shapes) -> list[int]:
    """Return the columns of texts by what they hold."""
    others = [i for i in shapes if i != label]
    narrow = len(shapes) <= NARROW
    measures = len(shapes) > 2 and any(shapes[i].measured for i in others)
    for fits in (
        [i for i in others if shapes[i].vectors],
        [i for i in others if shapes[i].is_text and not shapes[i].recurs and (narrow or shapes[i].is_prose)],
        [i for i in others if shapes[i].is_varied and narrow],
        [i for i in others if shapes[i].is_text and narrow and not measures],
    ):
        if len(fits) == 1 or (fits and not table.has_header and all(shapes[i].is_text for i in fits)):
            return fits
        if fits:
            raise _two(table, fits, "text", "--text-column", join=True)
    if label is not None and len(others) == 1 and not shapes[others[0]].numeric:
        return others
    raise refuse_features(table, [shapes[i].numeric for i in others])


def _two(table: Table, places: Sequence[int], what: str, option: str, *, join: bool = False) -> DataError:
    named = ", ".join(_column(table, i) for i in places[:8])
    together = f"; {option} {','.join(table.names[i] for i in places[:8])} joins them" if join else ""
    return DataError(f"{table.path}: the {what} may be in any of {named}; say which: {option}{together}")


def _column(table: Table, place: int) -> str:
    return f'"{table.names[place]}"' if table.has_header else f"column {place + 1}"


def _shown_choice(table: Table, choice: ColumnChoice) -> str:
    texts = given_columns(table, choice.text)
    named = " and ".join(_column(table, i) for i in texts)
    joined = " joined" if len(texts) > 1 else ""
    return f"text is {named}{joined}, label is {_column(table, table.place(choice.label))}"
