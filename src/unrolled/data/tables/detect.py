"""Detect the format of a table: the one in which every line has the same number of cells."""

import itertools
from typing import NamedTuple

from unrolled.data.tables.header import is_header_without_row_names
from unrolled.data.tables.split import BLANKS, Form, MalformedLineError, is_quotable, split_rows
from unrolled.data.tables.values import is_number, is_time

SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "vertical bar"}
USUAL = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
"""Usual separator of each file extension."""
ROWS = 1000
"""Number of rows from which the format is detected."""


class Sample(NamedTuple):
    """The first rows of a table, parsed in one format."""

    form: Form
    rows: list[list[str]]
    complete: bool
    """True if all lines could be parsed."""

    @property
    def is_even(self) -> bool:
        """True if all rows have the same number of cells, two or more; a header may have one cell less."""
        widths = {len(row) for row in self.rows}
        if self.complete and len(widths) == 2 and is_header_without_row_names(self.rows):
            return True
        return self.complete and len(widths) == 1 and min(widths) > 1


def detect_form(text: str, separator: str, ending: str) -> Form | tuple[Form, Form]:
    """Return the format of a table, or two formats that fit it equally well.

    A format fits if every line has the same number of cells, two or more. If several fit, tabs are preferred,
    then the separator whose cells contain fewest of the other separators (not counting decimal signs), then
    the usual one of the file extension. Quotation marks are read as in CSV (RFC 4180) if the table fits that
    way; otherwise, in tables separated by tabs or bars, they are ordinary characters.

    Args:
        text: content of the file.
        separator: separator, or "" to detect it.
        ending: file extension, such as ``.csv``.
    """
    if separator:
        return _choose_quoting(text, separator)
    if ending in USUAL and not any(s in text for s in SEPARATORS):
        return Form(USUAL[ending], quoted=True)
    fitting = [s for s in (_parse_sample(text, f) for name in SEPARATORS for f in _forms(name)) if s.is_even]
    if (
        USUAL.get(ending) == "\t"
        and _mostly_has_tabs(text)
        and "\t" not in {s.form.separator for s in fitting}
    ):
        return _choose_quoting(text, "\t")  # a line without a tab is a mistake, even if commas would fit
    # reversed, so that quoted formats, which come first, win
    by_separator = {s.form.separator: s for s in reversed(fitting)}
    if not by_separator:
        return _guess_uneven(text, ending)
    if len(by_separator) == 1 or "\t" in by_separator:
        return by_separator.get("\t", next(iter(by_separator.values()))).form
    conflicts = {name: _count_conflicts(s, by_separator) for name, s in by_separator.items()}
    fewest = min(conflicts.values())
    best = [name for name, count in conflicts.items() if count == fewest]
    usual = USUAL.get(ending)
    if len(best) > 1 and usual not in best:
        return by_separator[best[0]].form, by_separator[best[1]].form
    return by_separator[best[0] if len(best) == 1 else str(usual)].form


def _mostly_has_tabs(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()][:ROWS]
    return 2 * sum("\t" in line for line in lines) > len(lines)


def _forms(separator: str) -> list[Form]:
    """Return the possible formats of a separator; with commas and semicolons, cells are always quotable."""
    quoted = [Form(separator, quoted=True)] if is_quotable(separator) else []
    return quoted if separator in ",;" else [*quoted, Form(separator, quoted=False)]


def _choose_quoting(text: str, separator: str) -> Form:
    """Return the format with this separator: with quoting, unless only the one without fits."""
    samples = [_parse_sample(text, form) for form in _forms(separator)]
    return next((s for s in samples if s.is_even), samples[0] if samples[0].complete else samples[-1]).form


def _guess_uneven(text: str, ending: str) -> Form:
    """Return the best format of a table that fits none: its lines differ in length, or have one cell."""
    blanks = _parse_sample(text, Form(BLANKS, quoted=False))
    if blanks.is_even and all(is_number(c) or is_time(c) for row in blanks.rows[1:] for c in row):
        return blanks.form
    if ending in USUAL:
        return _choose_quoting(text, USUAL[ending])
    samples = [_parse_sample(text, form) for name in SEPARATORS for form in _forms(name)]
    return max(samples, key=lambda s: _count_commonest(s.rows)).form


def _count_commonest(rows: list[list[str]]) -> int:
    """Return the number of rows that have the most common number of cells, two or more."""
    widths = [len(row) for row in rows if len(row) > 1]
    return max((widths.count(w) for w in set(widths)), default=0)


def _count_conflicts(sample: Sample, others: dict[str, Sample]) -> int:
    """Count cells that contain the separator of another fitting format."""
    marks = [name for name in others if name != sample.form.separator]
    cells = itertools.chain.from_iterable(sample.rows)
    return sum(any(m in c for m in marks) and not is_number(c) for c in cells)


def _parse_sample(text: str, form: Form) -> Sample:
    rows: list[list[str]] = []
    try:
        for _, row in itertools.islice(split_rows(text, form), ROWS):
            rows.append(row)
    except MalformedLineError:
        return Sample(form, rows, complete=False)
    return Sample(form, rows, complete=True)
