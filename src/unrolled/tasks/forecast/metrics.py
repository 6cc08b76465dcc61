"""Error metrics of forecasts."""

import math

import numpy as np

from unrolled.data.series import Numbers
from unrolled.errors import NonFiniteError


def point_errors(actual: Numbers, predicted: Numbers) -> dict[str, float]:
    """Return MAE, RMSE, MAPE and sMAPE (the last two in percent) of two arrays of the same shape.

    MAPE = 100 mean |y − ŷ| / |y| is NaN if an actual value is 0, for which it is undefined.
    sMAPE = 200 mean |y − ŷ| / (|y| + |ŷ|) (Makridakis 1993); 0/0 counts as 0.

    Raises:
        NonFiniteError: if a prediction is not finite.
    """
    y, p = actual.ravel(), predicted.ravel()
    if not np.isfinite(p).all():
        raise NonFiniteError("a forecast is infinite or not a number: the model has diverged; train again")
    total = np.abs(y) + np.abs(p)
    symmetric = np.divide(np.abs(y - p), total, out=np.zeros_like(y), where=total > 0)
    return {
        "mae": float(np.abs(y - p).mean()),
        "rmse": math.sqrt(((y - p) ** 2).mean()),
        "mape": 100 * float((np.abs(y - p) / np.abs(y)).mean()) if np.all(y != 0) else math.nan,
        "smape": 200 * float(symmetric.mean()),
    }


def naive_error(training: Numbers, season: int) -> float:
    """Return the scale of MASE: the mean |y_t − y_{t−m}| of the training part (Hyndman & Koehler 2006)."""
    if len(training) <= season:
        return math.nan
    return float(np.abs(training[season:] - training[:-season]).mean())


def crps_of_samples(actual: Numbers, samples: Numbers) -> float:
    """Return the mean continuous ranked probability score of sampled forecasts.

    CRPS = E|X − y| − ½ E|X − X'| over the samples' empirical distribution (Gneiting & Raftery 2007, eq. 21).

    Args:
        actual: (N,).
        samples: (N, S), S samples each.
    """
    ordered = np.sort(samples, axis=1)
    count = samples.shape[1]
    weights = (2 * np.arange(1, count + 1) - count - 1) / count**2
    spread = (ordered * weights).sum(axis=1)  # ½ E|X − X'|
    return float((np.abs(samples - actual[:, None]).mean(axis=1) - spread).mean())


def crps_of_quantiles(actual: Numbers, quantiles: Numbers, levels: tuple[float, ...]) -> float:
    """Return twice the mean pinball loss over the levels.

    CRPS is twice the integral of the pinball loss over all levels in (0, 1) (Gneiting & Raftery 2007,
    section 4.2). The mean over the levels approximates it, better for more and evenly spaced levels.

    Args:
        actual: (N,).
        quantiles: (N, Q).
        levels: Q quantile levels in (0, 1).
    """
    losses = [pinball_loss(actual, quantiles[:, i], q) for i, q in enumerate(levels)]
    return 2 * float(np.mean(losses))


def pinball_loss(actual: Numbers, quantile: Numbers, level: float) -> float:
    """Return the mean pinball loss of a quantile: level · (y − q) if y ≥ q, else (1 − level) · (q − y)."""
    difference = actual - quantile
    is_below = (difference >= 0).astype(np.float64)
    return float((level * is_below * difference - (1 - level) * (1 - is_below) * difference).mean())


def paired_difference(differences: list[Numbers], lags: int) -> tuple[float, float]:
    """Return the mean of a difference of losses over origins, and its standard error.

    As in Diebold & Mariano (1995): forecasts with overlapping horizons have correlated errors, so the
    variance of the mean includes autocovariances, here with the weights of Newey & West (1987), which keep it
    positive.

    Args:
        differences: differences of each series in temporal order.
        lags: number of autocovariances to include, H − 1 for origins one step apart.
    """
    count = sum(map(len, differences))
    mean = sum(float(d.sum()) for d in differences) / count
    total = 0.0
    for d in differences:
        e = d - mean
        total += float((e * e).sum())
        for lag in range(1, min(lags, len(d) - 1) + 1):
            total += 2 * (1 - lag / (lags + 1)) * float((e[lag:] * e[:-lag]).sum())
    return mean, math.sqrt(max(total, 0.0)) / count if count > 1 else math.nan
