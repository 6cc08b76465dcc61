"""The last steps of a series that is observed step by step: as many as forecasts need."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Numbers
from unrolled.data.series import Series
from unrolled.errors import DataError, ShapeError

STEPS, TARGET, KNOWN, PAST = "steps", "target", "known", "past"
"""Names of the parts of a state."""


class History:
    """The end of a series; :meth:`trim` drops earlier steps, so that memory does not grow.

    Args:
        series: the series so far.
        lookback: number of steps that :meth:`trim` keeps.
    """

    def __init__(self, series: Series, lookback: int) -> None:
        self._series, self._lookback = series, lookback
        self.steps = series.steps
        """T, number of steps observed, the dropped ones included."""
        self._target, self._known, self._past = series.target, series.known, series.past

    @property
    def kept(self) -> int:
        """Number of steps kept."""
        return len(self._target)

    @property
    def extra(self) -> int:
        """Number of steps that can be dropped."""
        return max(0, self.kept - self._lookback)

    def trim(self) -> int:
        """Drop the steps that forecasts do not need; return their number."""
        dropped = self.extra
        self._target, self._past = self._target[dropped:].copy(), self._past[dropped:].copy()
        self._known = self._known[dropped:].copy()
        return dropped

    def append(self, values: Any, known: Any, past: Any) -> None:
        """Append observed values (n,), with covariates (n, …) of these steps.

        Raises:
            DataError: if a number is not finite, or covariates are missing.
            ShapeError: if a shape does not fit.
        """
        target = np.atleast_1d(np.asarray(values, np.float64))
        if target.ndim != 1:
            raise ShapeError(f"observations have shape {target.shape}; give a number, or numbers (n,)")
        _require_finite(target, "an observation")
        rows = self._covariates(past, PAST, self._past.shape[1], len(target))
        all_known = self.known_with(known, len(target))
        if self._known.shape[1] and len(all_known) < self.kept + len(target):
            raise DataError(
                f"series {self._series.name!r}: the known covariates of the observed steps are missing; give "
                "them with known="
            )
        self._target, self._known = np.concatenate([self._target, target]), all_known
        self._past = np.concatenate([self._past, rows])
        self.steps += len(target)

    def known_with(self, known: Any, count: int) -> Numbers:
        """Return the known covariates, with those of the next ``count`` steps; None keeps what is known."""
        if known is None:
            return self._known
        rows = self._covariates(known, KNOWN, self._known.shape[1], count)
        return np.concatenate([self._known[: self.kept], rows, self._known[self.kept + count :]])

    def series(self, ahead: int, known: Any = None) -> Series:
        """Return the kept steps as a series, with the time stamps of ``ahead`` more steps.

        Args:
            ahead: number of steps after the last observed one.
            known: known covariates of these steps, (ahead, …); None takes those that are known already.
        """
        s, all_known = self._series, self.known_with(known, ahead)
        rows = len(all_known) if self._known.shape[1] else self.kept + ahead
        first = self.steps - self.kept
        index = s.axis.at(s.index, np.arange(first, first + rows))
        return replace(s, index=index, target=self._target, known=all_known, past=self._past)

    def _covariates(self, values: Any, name: str, columns: int, count: int) -> Numbers:
        """Return covariates (count, columns)."""
        if values is None:
            if columns:
                raise DataError(
                    f"series {self._series.name!r}: the {name} covariates of the observed steps are missing; "
                    f"give them with {name}="
                )
            return np.empty((count, 0))
        array = np.asarray(values, np.float64)
        if array.ndim < 2 and array.size == count * columns:
            array = array.reshape(count, columns)
        if array.shape != (count, columns):
            raise ShapeError(f"{name} has shape {np.shape(values)}; the model needs {(count, columns)}")
        _require_finite(array, f"a {name} covariate")
        return array

    def copy(self) -> "History":
        """Return a history that continues on its own; the arrays are never changed in place."""
        return copy(self)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the kept steps."""
        return {
            STEPS: np.array(self.steps),
            TARGET: self._target.copy(),
            KNOWN: self._known.copy(),
            PAST: self._past.copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Set the kept steps to those of :meth:`state`.

        Raises:
            ShapeError: if a part is missing or has another shape.
        """
        columns = {TARGET: (), KNOWN: self._known.shape[1:], PAST: self._past.shape[1:]}
        for name, shape in columns.items():
            if name not in state or state[name].shape[1:] != shape or not state[name].ndim:
                raise ShapeError(f"state {name!r} is missing or not that of this forecaster")
        if STEPS not in state or len(state[PAST]) != len(state[TARGET]):
            raise ShapeError(f"state {STEPS!r} is missing, or {PAST!r} and {TARGET!r} differ in length")
        self.steps = int(state[STEPS])
        self._target, self._known, self._past = (np.array(state[n], np.float64) for n in columns)


def _require_finite(values: Numbers, what: str) -> None:
    if not np.isfinite(values).all():
        raise DataError(f"{what} is not a finite number: fill missing values before they are observed")
