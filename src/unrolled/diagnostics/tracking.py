"""Which units follow something that people see in a text, by correlation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import fft
from numpy.typing import NDArray

from unrolled.diagnostics.activation_saturation import SAME
from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.tracking_features import POSITION, Feature, text_features
from unrolled.errors import ConfigError, ShapeError, suggestion
from unrolled.short_repr import short_repr

Complexes = NDArray[np.complex128]
MINIMUM = 0.5
"""|r| from which a unit is said to track a feature: a quarter of its variance."""
OTHER = 0.3
"""A shifted feature is another one where its correlation with itself is at most this."""
NEAR = 0.1
"""Share of the text: units that follow a feature with a delay have to do with shifts up to this."""
FEWEST_SHIFTS = 20
"""Fewer tell too little about what chance reaches."""
PARTS = 10


@short_repr
@dataclass(frozen=True)
class Tracked:
    """A unit and the feature that it follows, with their correlation."""

    unit: int
    feature: str
    r: float

    def __str__(self) -> str:
        """As in ``position in the line, r = 0.93``."""
        return f"{self.feature}, r = {'−' if self.r < 0 else ''}{abs(self.r):.2f}"


@short_repr
@dataclass(frozen=True, eq=False)
class Tracking:
    """Pearson's correlation of every unit with every feature, and what chance reaches.

    A unit is said to track a feature where |r| is at least ``minimum`` and more than ``chance``; the position
    in the text, where besides the means of the unit over ten parts of the text rise or fall throughout.
    """

    features: tuple[str, ...]
    r: Floats
    """(F, H); NaN for units that never change."""
    chance: Floats
    """(F,), the largest |r| of any unit with the feature shifted in time; infinite where nothing is known."""
    minimum: float
    tracks: NDArray[np.bool_]
    """(F, H), whether the unit tracks the feature."""

    def of_feature(self, feature: str, count: int = 5) -> tuple[Tracked, ...]:
        """Return the units that track a feature, the best first, so many at most.

        Raises:
            ConfigError: if there is no such feature.
        """
        if feature not in self.features:
            raise ConfigError(
                f"no feature {feature!r} varies in this text{suggestion(feature, self.features)}; "
                f"there are {', '.join(self.features)}"
            )
        row = self.features.index(feature)
        strength = np.where(self.tracks[row], np.abs(self.r[row]), 0.0)
        order = np.argsort(-strength, kind="stable")[:count]
        return tuple(self._tracked(row, unit) for unit in order.tolist() if strength[unit])

    def of_units(self) -> tuple[Tracked, ...]:
        """Return each unit that tracks something with its best feature, the most telling unit first."""
        strength = np.where(self.tracks, np.abs(self.r), 0.0)
        best = strength.max(0, initial=0.0)
        order = np.argsort(-best, kind="stable").tolist()
        return tuple(self._tracked(int(strength[:, u].argmax()), u) for u in order if best[u])

    def notes(self) -> dict[int, str]:
        """Return a short note for each unit that tracks something, the most telling first."""
        return {tracked.unit: str(tracked) for tracked in self.of_units()}

    def _tracked(self, feature: int, unit: int) -> Tracked:
        return Tracked(unit, self.features[feature], float(self.r[feature, unit]))


def track_row(
    p: Pass, tokens: Sequence[str], *, row: int = 0, state: str = "h", minimum: float = MINIMUM
) -> Tracking:
    """Return what the units of one state track over the tokens of one row; see :func:`track`.

    Raises:
        ConfigError: if there is no such state.
        ShapeError: if the row has not one step a token.
    """
    if state not in p.states:
        raise ConfigError(f"{p.name} has no state {state!r}; there are {', '.join(p.states)}")
    states = p.states[state][:, row][p.live[:, row]].double().cpu().numpy()
    if len(states) != len(tokens):
        raise ShapeError(f"row {row} of {p.name} has {len(states)} steps, but there are {len(tokens)} tokens")
    return track(tokens, states, minimum)


def track(tokens: Sequence[str], states: Floats, minimum: float = MINIMUM) -> Tracking:
    """Correlate units with what stands in a text (:func:`text_features`).

    Among many units some follow any feature by chance, the more so the slower they change. What chance
    reaches is measured: a feature is shifted along the text, its end coming round to its beginning, so that
    it keeps its own rhythm and has nothing to do with the states any more; the largest |r| of any unit with
    any such shift is ``chance``. Left out are shifts by less than a tenth of the text, which units may follow
    with a delay, and those at which the feature resembles itself (|r| above 0.3, as lines of one length do).
    With S shifts, units that know nothing of a feature pass with a probability of about 1 / (S + 1), if they
    are as much like themselves early as late. A few hundred tokens are little: give some thousands.

    Args:
        tokens: T tokens; characters, words or pieces of words.
        states: (T, H), the state after each token was read.
        minimum: the smallest |r| to report.

    Raises:
        ShapeError: if there is not one row of states a token.
    """
    if states.ndim != 2 or len(states) != len(tokens):
        raise ShapeError(
            f"states must be (T, H) with one row for each of the {len(tokens)} tokens, got {states.shape}"
        )
    features = text_features(tokens)
    r, chance = np.zeros((len(features), states.shape[1])), np.zeros(len(features))
    tracks = np.zeros(r.shape, bool)
    spectra: dict[tuple[int, int], Complexes] = {}
    for number, feature in enumerate(features):
        known = feature.known
        key = known.start, known.stop
        if key not in spectra:
            spectra[key] = fft.rfft(_standard(states[known].T))
        r[number], chance[number] = _correlate(feature, spectra[key])
        tracks[number] = (np.abs(r[number]) >= minimum) & (np.abs(r[number]) > chance[number])
        if feature.label == POSITION:
            tracks[number] &= _steady(states)
    return Tracking(tuple(f.label for f in features), r, chance, minimum, tracks)


def _correlate(feature: Feature, spectra: Complexes) -> tuple[Floats, float]:
    """Return r (H,) with the feature, and the largest |r| of any unit with a shift of it that is another."""
    values = feature.values[feature.known]
    steps = len(values)
    own = fft.rfft(_standard(values[None])).conj()
    itself = np.abs(fft.irfft(own * own.conj(), steps)[0]) / steps
    shifted = fft.irfft(spectra * own, steps) / steps
    distance = np.minimum(np.arange(steps), np.arange(steps, 0, -1))
    other = (itself <= OTHER) & (distance >= NEAR * steps)
    if other.sum() < FEWEST_SHIFTS:
        return shifted[:, 0], np.inf
    highest = np.fmax.reduce(shifted, initial=0.0)  # passes over units that are NaN
    lowest = np.fmin.reduce(shifted, initial=0.0)
    return shifted[:, 0], float(np.maximum(highest, -lowest)[other].max())


def _steady(states: Floats) -> NDArray[np.bool_]:
    """Return (H,): whether the means over ten parts of the text only rise or only fall."""
    if len(states) < PARTS:
        return np.zeros(states.shape[1], bool)
    means = np.array([part.mean(0) for part in np.array_split(states, PARTS)])
    with np.errstate(invalid="ignore"):  # units that overflow
        ways = np.sign(np.diff(means, axis=0))
    return np.asarray(np.abs(ways.sum(0)) == PARTS - 1)


def _standard(values: Floats) -> Floats:
    """Return (H, T) with mean 0 and variance 1 of each row; NaN where it never changes or is not finite."""
    found = np.full(values.shape, np.nan)
    finite = np.flatnonzero(np.isfinite(values).all(1))
    spread, size = np.ptp(values[finite], axis=1), np.abs(values[finite]).max(1)
    good = finite[spread > SAME * size]
    centred = values[good] - values[good].mean(1, keepdims=True)
    found[good] = centred / centred.std(1, keepdims=True)
    return found
