"""Detection of the text and label columns of a table, by options, by common names, or by their content."""

from collections.abc import Sequence

from unrolled.data.labelled.examples import ColumnChoice
from unrolled.data.labelled.features import no_text_error
from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.shapes import ColumnStats, column_stats
from unrolled.data.tables import Table
from unrolled.errors import DataError

PARTS = ("title", "headline", "subject", "summary", "abstract", "description", "body", "content", "contents")
"""Names of columns that are parts of one document and are joined."""
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
"""Largest number of columns of a table whose text may be names, single words, or few repeated texts. A wider
table without longer texts is a table of features."""
SAMPLE = 5000
"""Number of rows by which a column is judged."""
MIN_FILLED = 0.5
"""Minimum fraction of filled rows for a column without a name to be considered."""
StatsByColumn = dict[int, ColumnStats]
"""Statistics of columns, by index."""


def find_columns(table: Table, form: LabelledForm) -> tuple[list[int], int, list[str]]:
    """Return the indices of the text columns, the index of the label column, and notes about the choice.

    Columns named by ``form`` are used. Otherwise columns are chosen by common names, with ``text`` and
    ``label`` first. Otherwise the label is the only column with few repeated values, and the text is the only
    column of texts; without a header all columns of texts are joined.

    Raises:
        DataError: if a column does not exist, no column or several fit, or it is a table of features.
    """
    texts = parse_columns(table, form.text_column)
    label = table.place(form.label_column) if form.label_column else None
    if label is not None and label in texts:
        raise DataError(
            f"{table.path}: --text-column and --label-column both name column {table.names[label]!r}"
        )
    if texts and label is not None:
        return texts, label, []
    stats = _get_stats(table)
    if label is None:
        label = _label_by_name(table, texts)
    if not texts:
        texts = _texts_by_name(table, label)
    if label is None and texts:
        label = _label_by_content(table, texts, stats)
    if not texts:
        texts = _texts_by_content(table, label, stats)
    if label is None:
        label = _label_by_content(table, texts, stats)
    choice = choice_of(table, texts, label)
    notes = [f"columns: {_describe_choice(table, choice)} (--text-column, --label-column)"]
    if ignored := len(table.names) - len(stats):
        notes.append(f"columns without a name that are mostly empty are left out: {ignored}")
    return texts, label, notes


def find_texts(table: Table, form: LabelledForm) -> tuple[list[int], list[str]]:
    """Return the indices of the text columns if no label is needed, and notes about the choice.

    ``form`` names the columns of the training data; a table of one column may have another name.

    Raises:
        DataError: see :func:`find_columns`.
    """
    if len(table.names) == 1:
        return [0], []
    if form.text_column and (table.has_header or not _has_columns(table, form.text_column)):
        return parse_columns(table, form.text_column), []
    texts = (
        parse_columns(table, form.text_column)
        or _texts_by_name(table, None)
        or _texts_by_content(table, None, _get_stats(table))
    )
    names = " and ".join(_describe_column(table, i) for i in texts)
    return texts, [f"columns: text is {names} (--text-column)"]


def parse_columns(table: Table, option: str) -> list[int]:
    """Return the indices of columns that an option gives as one name, or as several separated by commas.

    Raises:
        DataError: if the table has no such column.
    """
    if not option:
        return []
    if option in table.names or "," not in option:
        return [table.place(option)]
    return [table.place(name.strip()) for name in option.split(",") if name.strip()]


def choice_of(table: Table, texts: Sequence[int], label: int) -> ColumnChoice:
    """Return the names of columns in the form that the options take."""
    names = [
        table.names[i] if table.names.count(table.names[i]) == 1 else str(i + 1) for i in (*texts, label)
    ]
    return ColumnChoice(",".join(names[:-1]), names[-1])


def _has_columns(table: Table, option: str) -> bool:
    return option in table.names or all(name.strip() in table.names for name in option.split(","))


def _find_by_name(table: Table, names: Sequence[str]) -> list[int]:
    """Return the indices of columns with one of the names, in the order of the table."""
    return (
        [i for i, name in enumerate(table.names) if name.strip().lower() in names] if table.has_header else []
    )


def _get_stats(table: Table) -> StatsByColumn:
    """Return the statistics of the columns, except columns that have no name and are mostly empty."""
    rows = table.rows[:SAMPLE]
    stats = {i: column_stats([row[i] for row in rows]) for i in range(len(table.names))}
    return {i: s for i, s in stats.items() if table.names[i] or s.filled >= MIN_FILLED * len(rows)}


def _label_by_name(table: Table, texts: Sequence[int]) -> int | None:
    """Return the column with a common name for labels; None if there is none."""
    places = [i for i in _find_by_name(table, LABEL_NAMES) if i not in texts]
    exact = [i for i in places if table.names[i].strip().lower() == "label"]
    if len(exact) == 1 or len(places) == 1:
        return (exact or places)[0]
    if places:
        raise _ambiguous(table, places, "label", "--label-column")
    return None


def _texts_by_name(table: Table, label: int | None) -> list[int]:
    """Return the columns with common names for texts: one, or the parts of a document."""
    places = [i for i in _find_by_name(table, TEXT_NAMES) if i != label]
    exact = [i for i in places if table.names[i].strip().lower() == "text"]
    if len(exact) == 1 or len(places) <= 1:
        return exact or places
    full_texts = [i for i in places if table.names[i].strip().lower() not in PARTS]
    if len(full_texts) > 1:
        raise _ambiguous(table, places, "text", "--text-column")
    return places


def _label_by_content(table: Table, texts: Sequence[int], stats: StatsByColumn) -> int:
    """Return the only column, apart from the texts, with few repeated values."""
    others = [i for i in stats if i not in texts]
    recurring = [i for i in others if stats[i].recurs]
    if len(recurring) == 1:
        return recurring[0]
    if recurring:
        raise _ambiguous(table, recurring, "label", "--label-column")
    names = ", ".join(_describe_column(table, i) for i in others[:8])
    raise DataError(
        f"{table.path}: no column besides the text has few values that recur"
        + (f" ({names})" if names else "")
        + "; name the column of the label: --label-column"
    )


def _texts_by_content(table: Table, label: int | None, stats: StatsByColumn) -> list[int]:
    """Return the columns of texts by their content."""
    others = [i for i in stats if i != label]
    narrow = len(stats) <= NARROW
    measures = len(stats) > 2 and any(stats[i].measured for i in others)
    for fits in (
        [i for i in others if stats[i].vectors],
        [i for i in others if stats[i].is_text and not stats[i].recurs and (narrow or stats[i].is_prose)],
        [i for i in others if stats[i].is_varied and narrow],
        [i for i in others if stats[i].is_text and narrow and not measures],
    ):
        if len(fits) == 1 or (fits and not table.has_header and all(stats[i].is_text for i in fits)):
            return fits
        if fits:
            raise _ambiguous(table, fits, "text", "--text-column", join=True)
    if label is not None and len(others) == 1 and not stats[others[0]].numeric:
        return others
    raise no_text_error(table, [stats[i].numeric for i in others])


def _ambiguous(
    table: Table, places: Sequence[int], what: str, option: str, *, join: bool = False
) -> DataError:
    names = ", ".join(_describe_column(table, i) for i in places[:8])
    hint = f"; {option} {','.join(table.names[i] for i in places[:8])} joins them" if join else ""
    return DataError(f"{table.path}: the {what} may be in any of {names}; choose one: {option}{hint}")


def _describe_column(table: Table, place: int) -> str:
    return f'"{table.names[place]}"' if table.has_header else f"column {place + 1}"


def _describe_choice(table: Table, choice: ColumnChoice) -> str:
    texts = parse_columns(table, choice.text)
    names = " and ".join(_describe_column(table, i) for i in texts)
    joined = " joined" if len(texts) > 1 else ""
    return f"text is {names}{joined}, label is {_describe_column(table, table.place(choice.label))}"
