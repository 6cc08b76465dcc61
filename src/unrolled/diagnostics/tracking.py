"""Units that track a visible feature of a text, found by correlation."""

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
MIN_CORRELATION = 0.5
"""Minimum |r| for a unit to track a feature: it then explains a quarter of the variance."""
MAX_SELF_CORRELATION = 0.3
"""A shifted feature counts as unrelated if its correlation with the original is at most this."""
MIN_SHIFT = 0.1
"""Minimum shift as a fraction of the text: units may follow a feature with a smaller delay."""
MIN_SHIFTS = 20
"""Minimum number of shifts for an estimate of the chance level."""
PARTS = 10


@short_repr
@dataclass(frozen=True)
class Tracked:
    """A unit, the feature it tracks, and their correlation."""

    unit: int
    feature: str
    r: float

    def __str__(self) -> str:
        """Return text such as ``position in the line, r = 0.93``."""
        return f"{self.feature}, r = {'−' if self.r < 0 else ''}{abs(self.r):.2f}"


@short_repr
@dataclass(frozen=True, eq=False)
class Tracking:
    """Pearson correlation of every unit with every feature, and the chance level.

    A unit tracks a feature if |r| is at least ``minimum`` and above ``chance``. To track the position in the
    text, its means over ten parts of the text must also rise or fall monotonically.
    """

    features: tuple[str, ...]
    r: Floats
    """(F, H); NaN for units that never change."""
    chance: Floats
    """Chance level, (F,): largest |r| of any unit with the shifted feature; infinite if unknown."""
    minimum: float
    tracks: NDArray[np.bool_]
    """True if the unit tracks the feature, (F, H)."""

    def units_for_feature(self, feature: str, count: int = 5) -> tuple[Tracked, ...]:
        """Return up to ``count`` units that track a feature, the best first.

        Raises:
            ConfigError: if the feature does not exist.
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

    def best_features(self) -> tuple[Tracked, ...]:
        """Return each unit that tracks a feature with its best feature, the strongest correlation first."""
        strength = np.where(self.tracks, np.abs(self.r), 0.0)
        best = strength.max(0, initial=0.0)
        order = np.argsort(-best, kind="stable").tolist()
        return tuple(self._tracked(int(strength[:, u].argmax()), u) for u in order if best[u])

    def notes(self) -> dict[int, str]:
        """Return a short note for each unit that tracks a feature, the strongest correlation first."""
        return {tracked.unit: str(tracked) for tracked in self.best_features()}

    def _tracked(self, feature: int, unit: int) -> Tracked:
        return Tracked(unit, self.features[feature], float(self.r[feature, unit]))


def track_row(
    p: Pass, tokens: Sequence[str], *, row: int = 0, state: str = "h", minimum: float = MIN_CORRELATION
) -> Tracking:
    """Return the features that units of one state track over the tokens of one row; see :func:`track`.

    Raises:
        ConfigError: if the state does not exist.
        ShapeError: if the row does not have one step per token.
    """
    if state not in p.states:
        raise ConfigError(f"{p.name} has no state {state!r}; there are {', '.join(p.states)}")
    states = p.states[state][:, row][p.live[:, row]].double().cpu().numpy()
    if len(states) != len(tokens):
        raise ShapeError(f"row {row} of {p.name} has {len(states)} steps, but there are {len(tokens)} tokens")
    return track(tokens, states, minimum)


def track(tokens: Sequence[str], states: Floats, minimum: float = MIN_CORRELATION) -> Tracking:
    """Correlate units with the features of a text (:func:`text_features`).

    Among many units some correlate with any feature by chance, in particular slow ones. The chance level is
    measured: a feature is shifted cyclically along the text, so that it keeps its rhythm but is unrelated to
    the states. The largest |r| of any unit with any shift is ``chance``. Shifts of less than a tenth of the
    text are excluded, because units may follow with a delay, and so are shifts at which the feature resembles
    itself (|r| above 0.3, as for lines of equal length). With S shifts and stationary states, units unrelated
    to a feature pass with a probability of about 1 / (S + 1). A few hundred tokens are too few; use some
    thousands.

    Args:
        tokens: T tokens: characters, words or subwords.
        states: state after each token, (T, H).
        minimum: the smallest |r| to report.

    Raises:
        ShapeError: if the states do not have one row per token.
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
        steps = feature.known_steps
        key = steps.start, steps.stop
        if key not in spectra:
            spectra[key] = fft.rfft(_standardise(states[steps].T))
        r[number], chance[number] = _correlate(feature, spectra[key])
        tracks[number] = (np.abs(r[number]) >= minimum) & (np.abs(r[number]) > chance[number])
        if feature.label == POSITION:
            tracks[number] &= _is_monotonic(states)
    return Tracking(tuple(f.label for f in features), r, chance, minimum, tracks)


def _correlate(feature: Feature, spectra: Complexes) -> tuple[Floats, float]:
    """Return r with the feature, (H,), and the largest |r| of any unit with an unrelated shift of it."""
    values = feature.values[feature.known_steps]
    steps = len(values)
    spectrum = fft.rfft(_standardise(values[None])).conj()
    self_correlation = np.abs(fft.irfft(spectrum * spectrum.conj(), steps)[0]) / steps
    shifted = fft.irfft(spectra * spectrum, steps) / steps
    distance = np.minimum(np.arange(steps), np.arange(steps, 0, -1))
    unrelated = (self_correlation <= MAX_SELF_CORRELATION) & (distance >= MIN_SHIFT * steps)
    if unrelated.sum() < MIN_SHIFTS:
        return shifted[:, 0], np.inf
    highest = np.fmax.reduce(shifted, initial=0.0)  # ignores units that are NaN
    lowest = np.fmin.reduce(shifted, initial=0.0)
    return shifted[:, 0], float(np.maximum(highest, -lowest)[unrelated].max())


def _is_monotonic(states: Floats) -> NDArray[np.bool_]:
    """Return True for units whose means over ten parts of the text only rise or only fall, (H,)."""
    if len(states) < PARTS:
        return np.zeros(states.shape[1], bool)
    means = np.array([part.mean(0) for part in np.array_split(states, PARTS)])
    with np.errstate(invalid="ignore"):  # units that overflow
        signs = np.sign(np.diff(means, axis=0))
    return np.asarray(np.abs(signs.sum(0)) == PARTS - 1)


def _standardise(values: Floats) -> Floats:
    """Return each row of (H, T) with mean 0 and variance 1; NaN if it is constant or not finite."""
    standardised = np.full(values.shape, np.nan)
    finite = np.flatnonzero(np.isfinite(values).all(1))
    spread, size = np.ptp(values[finite], axis=1), np.abs(values[finite]).max(1)
    varying = finite[spread > SAME * size]
    centred = values[varying] - values[varying].mean(1, keepdims=True)
    standardised[varying] = centred / centred.std(1, keepdims=True)
    return standardised
