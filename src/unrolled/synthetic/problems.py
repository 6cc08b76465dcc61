"""Random sequence problems whose answers depend on inputs many steps back.

The baseline of a problem is the best expected loss without memory of the inputs: a network that beats it has
carried information through time. Tensors are time-major. The answers are due at the last steps.
"""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.config import require_at_least


@dataclass(frozen=True, eq=False)
class SyntheticBatch:
    """A batch of sequences and their targets."""

    x: Tensor
    """Inputs, (T, B, I): numbers, or symbols as one-hot vectors."""
    target: Tensor
    """Targets of the last N steps, (N, B): numbers (float32) or class indices (int64)."""

    @property
    def steps(self) -> int:
        """T, the length of every sequence."""
        return len(self.x)

    def first_rows(self, rows: int) -> "SyntheticBatch":
        """Return the first ``rows`` sequences of the batch."""
        return SyntheticBatch(self.x[:, :rows], self.target[:, :rows])


@dataclass(frozen=True)
class SyntheticProblem(ABC):
    """A generator of sequences and targets.

    Raises:
        ConfigError: if a size is too small.
    """

    distance: int
    """Steps between the input and the answer."""

    shows: ClassVar[str]
    """Short description, for the list of problems."""
    loss_kind: ClassVar[Literal["squared error", "cross-entropy"]]
    """Loss of one answer; the loss of a batch is its mean over answers and rows."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """I, the number of input features per step."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Size of the output: 1 if the answer is a number, else the number of classes."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """T, the length of every sequence."""

    @property
    @abstractmethod
    def memory_steps(self) -> int:
        """Number of final steps whose answers need memory; accuracy is computed on these only."""

    @property
    @abstractmethod
    def baseline(self) -> float:
        """Expected loss of the best predictor without memory of the inputs."""

    @property
    @abstractmethod
    def baseline_name(self) -> str:
        """Description of that predictor, such as "chance"."""

    def at_distance(self, distance: int) -> Self:
        """Return the same problem with another distance."""
        return dataclasses.replace(self, distance=distance)

    @abstractmethod
    def _draw(self, rows: int, rng: np.random.Generator) -> SyntheticBatch: ...

    def draw(self, rows: int, *seed: int) -> SyntheticBatch:
        """Return a random batch of ``rows`` sequences; the seed is one or more non-negative integers."""
        # numpy's generator uses every bit of the seed; torch's CPU generator uses only the last 32.
        return self._draw(rows, np.random.default_rng(seed))


@dataclass(frozen=True)
class Adding(SyntheticProblem):
    """Adding problem: sum two marked numbers among T.

    x_t = (value in [0, 1), mark). One random step in each half of the sequence is marked. The answer, due at
    the last step, is the sum of the two marked values. The baseline always predicts the mean, 1; its squared
    error is the variance of the sum of two uniform numbers, 2/12.
    Sources: Hochreiter & Schmidhuber (1997), experiment 4; in this form Arjovsky et al. (2016), section 4.2.
    """

    shows = "the sum of two marked numbers among many"
    loss_kind = "squared error"

    distance: int = 600
    """T, the length of the sequences; at least 2."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 2})

    inputs, outputs, memory_steps = 2, 1, 1
    baseline, baseline_name = 1 / 6, "always guessing the mean"

    @property
    def steps(self) -> int:
        """See :attr:`SyntheticProblem.steps`."""
        return self.distance

    def _draw(self, rows: int, rng: np.random.Generator) -> SyntheticBatch:
        half = self.distance // 2
        values = torch.from_numpy(rng.random((self.distance, rows), dtype=np.float32))
        first, second = rng.integers(half, size=rows), rng.integers(half, self.distance, size=rows)
        positions = torch.from_numpy(np.stack([first, second]))
        marks = torch.zeros_like(values).scatter_(0, positions, 1.0)
        target = values.gather(0, positions).sum(0, keepdim=True)
        return SyntheticBatch(torch.stack([values, marks], -1), target)


@dataclass(frozen=True)
class Copy(SyntheticProblem):
    """Copy problem: repeat ten symbols in order after T steps.

    The input is ten random symbols out of 8, T − 1 blanks, a go mark and ten blanks: T + 20 steps. Every step
    has a target: the ten symbols at the last ten steps, a blank at all others. The baseline knows when to
    answer but guesses the symbols; its cross-entropy is 10 ln 8 / (T + 20).
    Sources: Hochreiter & Schmidhuber (1997), in this form Arjovsky et al. (2016), section 4.1.
    """

    shows = "ten symbols, repeated after a long delay"
    loss_kind = "cross-entropy"
    KINDS: ClassVar[int] = 8
    SYMBOLS: ClassVar[int] = 10
    BLANK: ClassVar[int] = 8
    GO: ClassVar[int] = 9

    distance: int = 1000
    """T, the number of steps from the last symbol to the go mark; at least 1."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 1})

    inputs, outputs, memory_steps = 10, 9, 10
    baseline_name = "guessing the symbols"

    @property
    def steps(self) -> int:
        """See :attr:`SyntheticProblem.steps`."""
        return self.distance + 2 * self.SYMBOLS

    @property
    def baseline(self) -> float:
        """See :attr:`SyntheticProblem.baseline`."""
        return self.SYMBOLS * math.log(self.KINDS) / self.steps

    def _draw(self, rows: int, rng: np.random.Generator) -> SyntheticBatch:
        symbols = torch.from_numpy(rng.integers(self.KINDS, size=(self.SYMBOLS, rows)))
        x = torch.full((self.steps, rows), self.BLANK)
        x[: self.SYMBOLS] = symbols
        x[-self.SYMBOLS - 1] = self.GO
        target = torch.full((self.steps, rows), self.BLANK)
        target[-self.SYMBOLS :] = symbols
        return SyntheticBatch(F.one_hot(x, self.inputs).float(), target)


@dataclass(frozen=True)
class Recall(SyntheticProblem):
    """Recall problem: name the first symbol of the sequence at the last step.

    The input is one of K symbols, then ``distance`` distractors, drawn from a different set of symbols. All K
    symbols are equally frequent; the baseline, chance, has a cross-entropy of ln K.
    Source: the latching problem of Bengio et al. (1994), with symbols as in Hochreiter & Schmidhuber (1997),
    experiment 2.
    """

    shows = "the first symbol, after many others"
    loss_kind = "cross-entropy"

    distance: int = 200
    """Steps from the symbol to the answer; at least 1."""

    kinds: int = 8
    """K, the number of different symbols to recall; at least 2."""

    distractors: int = 8
    """Number of different distractor symbols; at least 1."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 1, "kinds": 2, "distractors": 1})

    memory_steps = 1
    baseline_name = "chance"

    @property
    def inputs(self) -> int:
        """See :attr:`SyntheticProblem.inputs`: one for each symbol and each distractor symbol."""
        return self.kinds + self.distractors

    @property
    def outputs(self) -> int:
        """See :attr:`SyntheticProblem.outputs`."""
        return self.kinds

    @property
    def steps(self) -> int:
        """See :attr:`SyntheticProblem.steps`."""
        return self.distance + 1

    @property
    def baseline(self) -> float:
        """See :attr:`SyntheticProblem.baseline`."""
        return math.log(self.kinds)

    def _draw(self, rows: int, rng: np.random.Generator) -> SyntheticBatch:
        first = torch.from_numpy(rng.integers(self.kinds, size=(1, rows)))
        others = rng.integers(self.kinds, self.inputs, size=(self.distance, rows))
        return SyntheticBatch(
            F.one_hot(torch.cat([first, torch.from_numpy(others)]), self.inputs).float(), first
        )


ProblemName = Literal["adding", "copy", "recall"]
PROBLEMS: Mapping[ProblemName, SyntheticProblem] = {"adding": Adding(), "copy": Copy(), "recall": Recall()}
"""Problems at their default distances, by the WORD of ``unrolled learn WORD``."""
