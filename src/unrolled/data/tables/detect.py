"""Detection of how a table is written: the form under which every line has the same number of cells."""

import itertools
from typing import NamedTuple

from unrolled.data.tables.header import lacks_row_names
from unrolled.data.tables.split import BLANKS, Form, MalformedLineError, is_quotable, split_rows
from unrolled.data.tables.values import is_number, is_time

SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "vertical bar"}
USUAL = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
"""What the ending of a file says of its separator."""
ROWS = 1000
"""Rows from which a form is told."""


class Sample(NamedTuple):
    """The first rows under one form."""

    form: Form
    rows: list[list[str]]
    complete: bool
    """Whether all lines could be read."""

    @property
    def even(self) -> bool:
        """Whether all rows have the same number of cells, two or more; a header may lack one."""
        widths = {len(row) for row in self.rows}
        if self.complete and len(widths) == 2 and lacks_row_names(self.rows):
            return True
        return self.complete and len(widths) == 1 and min(widths) > 1


def detect_form(text: str, separator: str, ending: str) -> Form | tuple[Form, Form]:
    """Return the form of a table, or the two forms that fit it equally well.

    A form fits if every line has the same number of cells, two or more. Of forms that fit, tabs come first;
    then the one whose cells hold fewer of the other separators, except as a decimal sign; then the one that
    the ending of the file says. Quotation marks are those of CSV (RFC 4180) where the table fits so; else,
    between tabs and bars, they are characters.

    Args:
        text: the file.
        separator: the separator if it is known, else "".
        ending: of the file, such as ``.csv``.
    """
    if separator:
        return _quoting(text, separator)
    if ending in USUAL and not any(s in text for s in SEPARATORS):
        return Form(USUAL[ending], quoted=True)
    fitting = [s for s in (_sample(text, f) for name in SEPARATORS for f in _forms(name)) if s.even]
    if (
        USUAL.get(ending) == "\t"
        and _most_hold_tabs(text)
        and "\t" not in {s.form.separator for s in fitting}
    ):
        return _quoting(text, "\t")  # a line that lacks a tab is a mistake, whatever its commas say
    by_separator = {s.form.separator: s for s in reversed(fitting)}  # quoted forms come first, and stay
    if not by_separator:
        return _uneven(text, ending)
    if len(by_separator) == 1 or "\t" in by_separator:
        return by_separator.get("\t", next(iter(by_separator.values()))).form
    strange = {name: _strange(s, by_separator) for name, s in by_separator.items()}
    least = min(strange.values())
    best = [name for name, count in strange.items() if count == least]
    usual = USUAL.get(ending)
    if len(best) > 1 and usual not in best:
        return by_separator[best[0]].form, by_separator[best[1]].form
    return by_separator[best[0] if len(best) == 1 else str(usual)].form


def _most_hold_tabs(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()][:ROWS]
    return 2 * sum("\t" in line for line in lines) > len(lines)


def _forms(separator: str) -> list[Form]:
    """Return the forms of a separator; between commas and semicolons an open quotation is a mistake."""
    quoted = [Form(separator, quoted=True)] if is_quotable(separator) else []
    return quoted if separator in ",;" else [*quoted, Form(separator, quoted=False)]


def _quoting(text: str, separator: str) -> Form:
    """Return the form with a given separator: quoted unless only the other one fits."""
    samples = [_sample(text, form) for form in _forms(separator)]
    return next((s for s in samples if s.even), samples[0] if samples[0].complete else samples[-1]).form


def _uneven(text: str, ending: str) -> Form:
    """Return the form of a table under which some line has another number of cells, or all have one."""
    blanks = _sample(text, Form(BLANKS, quoted=False))
    if blanks.even and all(is_number(c) or is_time(c) for row in blanks.rows[1:] for c in row):
        return blanks.form
    if ending in USUAL:
        return _quoting(text, USUAL[ending])
    samples = [_sample(text, form) for name in SEPARATORS for form in _forms(name)]
    return max(samples, key=lambda s: _commonest(s.rows)).form


def _commonest(rows: list[list[str]]) -> int:
    """Return how many rows share the commonest number of cells, two or more."""
    widths = [len(row) for row in rows if len(row) > 1]
    return max((widths.count(w) for w in set(widths)), default=0)


def _strange(sample: Sample, others: dict[str, Sample]) -> int:
    """Count cells that hold a separator of another form that fits."""
    marks = [name for name in others if name != sample.form.separator]
    cells = itertools.chain.from_iterable(sample.rows)
    return sum(any(m in c for m in marks) and not is_number(c) for c in cells)


def _sample(text: str, form: Form) -> Sample:
    rows: list[list[str]] = []
    try:
        for _, row in itertools.islice(split_rows(text, form), ROWS):
            rows.append(row)
    except MalformedLineError:
        return Sample(form, rows, complete=False)
    return Sample(form, rows, complete=True)
