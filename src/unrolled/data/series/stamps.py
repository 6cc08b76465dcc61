"""Parse a column of time stamps in the format in which it is ordered and evenly spaced."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.series.clock import Clock, split_stamps
from unrolled.data.series.dates import FORMS, UNIX, DateForm
from unrolled.data.series.inference import infer_frequency
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

SAMPLE = 300
"""Number of time stamps on which formats are tried first."""
EVEN = 0.95
"""Minimum fraction of the grid steps that have a time stamp, for these to be evenly spaced."""


@dataclass(frozen=True)
class ParsedStamps:
    """Texts parsed as time stamps in one format."""

    values: "pd.Series[pd.Timestamp]"
    """Time stamps without a zone, in UTC if offsets are given. NaT for texts in another format."""
    offsets: "pd.Series[pd.Timedelta] | None"
    """Offsets from UTC; None if none are given."""
    form: DateForm

    @property
    def count(self) -> int:
        """Number of texts in this format."""
        return int(self.values.notna().sum())


def read_forms(texts: "pd.Series[str]", *, numbers: bool = True) -> list[ParsedStamps]:
    """Parse texts in each format that fits as many of them as the best one, and at least half.

    Args:
        texts: stripped texts; NaN for empty ones.
        numbers: also try formats of plain numbers.
    """
    unique = texts.dropna().drop_duplicates()
    if unique.empty:
        return []
    sample = unique.iloc[np.unique(np.linspace(0, len(unique) - 1, SAMPLE).astype(int))]
    dates = [d for d in split_stamps(sample).dates if isinstance(d, str)]
    candidates = [f for f in FORMS if (numbers or not f.number) and 2 * f.count_matches(dates) >= len(sample)]
    if not candidates:
        return []
    clock = split_stamps(unique)
    readings = [_parse(clock, form) for form in candidates]
    best = max((r.count for r in readings), default=0)
    if best < len(unique) / 2:
        return []
    distinct: list[ParsedStamps] = []
    for reading in readings:
        if reading.count == best and not any(reading.values.equals(d.values) for d in distinct):
            distinct.append(reading)
    return [_expand(d, texts, unique) for d in distinct]


def choose_form(readings: Sequence[ParsedStamps], where: str) -> ParsedStamps:
    """Choose the format in which the time stamps are ordered and evenly spaced.

    Raises:
        DataError: if two formats are equally good.
    """
    candidates = list(readings)
    for test in (_is_ordered, _is_even):
        if len(candidates) > 1:
            candidates = [c for c in candidates if test(c)] or candidates
    if len(candidates) > 1:
        one, two = candidates[:2]
        row = int(np.argmax((one.values != two.values).to_numpy()))
        raise DataError(
            f"{where}: may have the format {one.form.name!r} or {two.form.name!r} (the first is "
            f"{one.values.iloc[row]} or {two.values.iloc[row]}); choose one: time_format={one.form.name!r}"
        )
    return candidates[0]


def parse_with_format(texts: "pd.Series[str]", form: str) -> ParsedStamps:
    """Parse texts in a given format: strptime (of dates or whole time stamps) or a unit of unix time."""
    date_form = next((f for f in FORMS if f.name == form and (f.option or form in UNIX)), None)
    if date_form is not None:
        return _parse(split_stamps(texts), date_form)
    zoned = "%z" in form
    try:
        values = pd.to_datetime(texts, format=form, errors="coerce", utc=zoned)
    except ValueError as error:
        raise DataError(f"time_format={form!r}: is not a strptime format ({error})") from None
    values = values.dt.tz_localize(None).astype("datetime64[us]")
    offsets = pd.Series(pd.Timedelta(0), index=texts.index) if zoned else None
    return ParsedStamps(values, offsets, DateForm(form, "", lambda t: t))


def _parse(clock: Clock, form: DateForm) -> ParsedStamps:
    values = form.parse(clock.dates) + clock.time
    if form.number and clock.timed:
        values = values.mask(clock.dates.str.fullmatch(r"\d{9,}(\.\d+)?").fillna(value=False).astype(bool))
    has_offset = clock.offset.notna()
    if not has_offset.any():
        return ParsedStamps(values, None, form)
    return ParsedStamps((values - clock.offset).where(has_offset), clock.offset, form)


def _expand(parsed: ParsedStamps, texts: "pd.Series[str]", unique: "pd.Series[str]") -> ParsedStamps:
    """Expand the result for unique texts to all texts."""
    if len(unique) == len(texts):
        return parsed
    indices = pd.Index(unique).get_indexer(pd.Index(texts))

    def take(values: pd.Series) -> pd.Series:
        return pd.Series(values.array.take(indices, allow_fill=True), index=texts.index)

    offsets = None if parsed.offsets is None else take(parsed.offsets)
    return ParsedStamps(take(parsed.values), offsets, parsed.form)


def _is_ordered(parsed: ParsedStamps) -> bool:
    values = parsed.values.dropna()
    return bool(values.is_monotonic_increasing or values.is_monotonic_decreasing)


def _is_even(parsed: ParsedStamps) -> bool:
    index = pd.DatetimeIndex(parsed.values.dropna().unique()).sort_values()
    inferred = infer_frequency([index])
    if inferred is None:
        return False
    return inferred.frequency is None or len(index) >= EVEN * (
        int(inferred.frequency.resolve(index).positions(index)[-1]) + 1
    )
