"""A column of time stamps: the one form under which it is ordered and even."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.series.clock import Clock, take_apart
from unrolled.data.series.dates import FORMS, UNIX, DateForm
from unrolled.data.series.inference import infer_frequency
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

SAMPLE = 300
"""Stamps on which forms are tried first."""
EVEN = 0.95
"""Share of the steps that are there in stamps that are even."""


@dataclass(frozen=True)
class Written:
    """Texts read as time stamps by one form."""

    values: "pd.Series[pd.Timestamp]"
    """Without a zone; UTC where offsets are written. NaT where a text is not of this form."""
    offsets: "pd.Series[pd.Timedelta] | None"
    form: DateForm

    @property
    def read(self) -> int:
        """Texts that are of this form."""
        return int(self.values.notna().sum())


def read_forms(texts: "pd.Series[str]", *, numbers: bool = True) -> list[Written]:
    """Return texts read by each form that reads most of them, the best share alone.

    Args:
        texts: stripped; NaN where there is none.
        numbers: take forms of plain numbers too.
    """
    unique = texts.dropna().drop_duplicates()
    if unique.empty:
        return []
    sample = unique.iloc[np.unique(np.linspace(0, len(unique) - 1, SAMPLE).astype(int))]
    dates = [d for d in take_apart(sample).dates if isinstance(d, str)]
    tried = [f for f in FORMS if (numbers or not f.number) and 2 * f.matches(dates) >= len(sample)]
    if not tried:
        return []
    clock = take_apart(unique)
    found = [_parse(clock, form) for form in tried]
    best = max((w.read for w in found), default=0)
    if best < len(unique) / 2:
        return []
    kept: list[Written] = []
    for written in found:
        if written.read == best and not any(written.values.equals(k.values) for k in kept):
            kept.append(written)
    return [_spread(w, texts, unique) for w in kept]


def choose_form(found: Sequence[Written], where: str) -> Written:
    """Return the one form under which the stamps are ordered and even.

    Raises:
        DataError: if two are.
    """
    left = list(found)
    for test in (_ordered, _even):
        if len(left) > 1:
            left = [w for w in left if test(w)] or left
    if len(left) > 1:
        one, two = left[:2]
        row = int(np.argmax((one.values != two.values).to_numpy()))
        raise DataError(
            f"{where}: may be of the form {one.form.name!r} or {two.form.name!r} (the first is "
            f"{one.values.iloc[row]} or {two.values.iloc[row]}); say which: time_format={one.form.name!r}"
        )
    return left[0]


def read_given(texts: "pd.Series[str]", form: str) -> Written:
    """Return texts read by a given form: of strptime, of dates alone, or a unit of unix time."""
    known = next((f for f in FORMS if f.name == form and (f.stored or form in UNIX)), None)
    if known is not None:
        return _parse(take_apart(texts), known)
    zoned = "%z" in form
    try:
        values = pd.to_datetime(texts, format=form, errors="coerce", utc=zoned)
    except ValueError as error:
        raise DataError(f"time_format={form!r}: is not a form of strptime ({error})") from None
    values = values.dt.tz_localize(None).astype("datetime64[us]")
    offsets = pd.Series(pd.Timedelta(0), index=texts.index) if zoned else None
    return Written(values, offsets, DateForm(form, "", lambda t: t))


def _parse(clock: Clock, form: DateForm) -> Written:
    values = form.parse(clock.dates) + clock.time
    if form.number and clock.timed:
        values = values.mask(clock.dates.str.fullmatch(r"\d{9,}(\.\d+)?").fillna(value=False).astype(bool))
    written = clock.offset.notna()
    if not written.any():
        return Written(values, None, form)
    return Written((values - clock.offset).where(written), clock.offset, form)


def _spread(written: Written, texts: "pd.Series[str]", unique: "pd.Series[str]") -> Written:
    """Return what was read of unique texts for all of them."""
    if len(unique) == len(texts):
        return written
    place = pd.Index(unique).get_indexer(pd.Index(texts))

    def take(values: pd.Series) -> pd.Series:
        return pd.Series(values.array.take(place, allow_fill=True), index=texts.index)

    offsets = None if written.offsets is None else take(written.offsets)
    return Written(take(written.values), offsets, written.form)


def _ordered(written: Written) -> bool:
    values = written.values.dropna()
    return bool(values.is_monotonic_increasing or values.is_monotonic_decreasing)


def _even(written: Written) -> bool:
    index = pd.DatetimeIndex(written.values.dropna().unique()).sort_values()
    inferred = infer_frequency([index])
    if inferred is None:
        return False
    return inferred.frequency is None or len(index) >= EVEN * (
        int(inferred.frequency.resolve(index).places(index)[-1]) + 1
    )
