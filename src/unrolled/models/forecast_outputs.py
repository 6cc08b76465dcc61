"""Output types of a forecaster: a point value, quantiles, or a distribution, each with its loss."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributions import Distribution, Normal, StudentT


Values = TypeVar("Values", "Tensor", NDArray[Any])
SMALLEST_SCALE = 1e-3
"""Smallest scale of a distribution, in the network's units (in which series have a spread of 1)."""


class RandomNumbers(Protocol):
    """Source of random numbers, such as numpy's generator."""

    def standard_normal(self, size: tuple[int, ...], /) -> NDArray[np.float64]:
        """Return standard normal numbers."""

    def standard_t(self, df: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return numbers of Student's t distributions with these degrees of freedom."""


class ForecastOutput(ABC):
    """Interpretation of P network outputs as a forecast of one number."""

    size: int
    """P, the number of network outputs per forecast."""
    sampled: ClassVar[bool] = False
    """True if the forecast is a distribution that can be sampled."""

    @abstractmethod
    def loss(self, y: "Tensor", target: "Tensor") -> "Tensor":
        """Return the loss (…) of network outputs (…, P) for targets (…)."""

    @abstractmethod
    def centre(self, y: Values) -> Values:
        """Return the point forecast (…) of network outputs (…, P)."""

    def sample(self, y: "Tensor") -> "Tensor":
        """Draw one value (…) for network outputs (…, P), with torch's generator."""
        raise NotImplementedError(f"{type(self).__name__} is not a distribution")


@dataclass(frozen=True)
class PointOutput(ForecastOutput):
    """Point forecast: squared errors give the mean, absolute errors the median."""

    errors: Literal["squared", "absolute"] = "squared"
    size: int = 1

    def loss(self, y: "Tensor", target: "Tensor") -> "Tensor":
        """Return (y − target)² or |y − target|."""
        error = y[..., 0] - target
        return error.square() if self.errors == "squared" else error.abs()

    def centre(self, y: Values) -> Values:
        """Return y without its last axis."""
        return y[..., 0]


@dataclass(frozen=True)
class QuantileOutput(ForecastOutput):
    """Quantiles at given levels, trained with the pinball loss (Koenker & Bassett 1978)."""

    levels: tuple[float, ...]

    @property
    def size(self) -> int:  # type: ignore[override]
        """Number of levels."""
        return len(self.levels)

    def loss(self, y: "Tensor", target: "Tensor") -> "Tensor":
        """Return the mean over levels q of max(q e, (q − 1) e), e = target − y_q."""
        import torch

        q = torch.tensor(self.levels, dtype=y.dtype, device=y.device)
        error = target[..., None] - y
        return torch.maximum(q * error, (q - 1) * error).mean(-1)

    def centre(self, y: Values) -> Values:
        """Return the quantile whose level is nearest to 0.5."""
        return y[..., min(range(self.size), key=lambda i: abs(self.levels[i] - 0.5))]


class DistributionOutput(ForecastOutput):
    """A symmetric distribution with location and scale, trained with the negative log-likelihood in nats."""

    sampled: ClassVar[bool] = True

    @abstractmethod
    def distribution(self, y: "Tensor") -> "Distribution":
        """Return the distribution (…) with parameters (…, P)."""

    def loss(self, y: "Tensor", target: "Tensor") -> "Tensor":
        """Return −log p(target)."""
        return -self.distribution(y).log_prob(target)

    def centre(self, y: Values) -> Values:
        """Return the mean, which is also the median."""
        return y[..., 0]

    def sample(self, y: "Tensor") -> "Tensor":
        """Draw one value from each distribution."""
        return self.distribution(y).sample()

    @abstractmethod
    def sample_array(self, y: NDArray[Any], rng: RandomNumbers) -> NDArray[Any]:
        """Draw one value (…) for network outputs (…, P), with numpy's generator."""


@dataclass(frozen=True)
class GaussianOutput(DistributionOutput):
    """Normal distribution N(μ, σ²) with σ = softplus(s) + 10⁻³."""

    size: int = 2

    def distribution(self, y: "Tensor") -> "Normal":
        """Return the normal distribution of y = (μ, s)."""
        import torch.nn.functional as F
        from torch.distributions import Normal

        return Normal(y[..., 0], F.softplus(y[..., 1]) + SMALLEST_SCALE, validate_args=False)

    def sample_array(self, y: NDArray[Any], rng: RandomNumbers) -> NDArray[Any]:
        """See :meth:`DistributionOutput.sample_array`."""
        return y[..., 0] + _softplus(y[..., 1], SMALLEST_SCALE) * rng.standard_normal(y.shape[:-1])


@dataclass(frozen=True)
class StudentTOutput(DistributionOutput):
    """Student's t distribution, ν = 2 + softplus(n) degrees of freedom, so that the variance is finite."""

    size: int = 3

    def distribution(self, y: "Tensor") -> "StudentT":
        """Return the distribution of y = (μ, s, n)."""
        import torch.nn.functional as F
        from torch.distributions import StudentT

        scale = F.softplus(y[..., 1]) + SMALLEST_SCALE
        return StudentT(2 + F.softplus(y[..., 2]), y[..., 0], scale, validate_args=False)

    def sample_array(self, y: NDArray[Any], rng: RandomNumbers) -> NDArray[Any]:
        """See :meth:`DistributionOutput.sample_array`."""
        return y[..., 0] + _softplus(y[..., 1], SMALLEST_SCALE) * rng.standard_t(_softplus(y[..., 2], 2.0))


def _softplus(x: NDArray[Any], offset: float) -> NDArray[np.float64]:
    """Return ln(1 + exp(x)) + offset."""
    return np.asarray(np.logaddexp(0.0, x.astype(np.float64)) + offset)
