"""Problems drawn from a seed, whose answer is so many steps back that only memory can give it.

The baseline of a problem is the best score without memory of the inputs: a network that beats it has carried
something through time. Tensors are time-major, and the answer is asked for at the last steps.
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
    """(T, B, I): numbers, or symbols as one-hot vectors."""
    target: Tensor
    """(N, B), of the last N steps: numbers (float32), or classes (int64)."""

    @property
    def steps(self) -> int:
        """T, the length of every sequence."""
        return len(self.x)

    def first_rows(self, rows: int) -> "SyntheticBatch":
        """Return the first sequences."""
        return SyntheticBatch(self.x[:, :rows], self.target[:, :rows])


@dataclass(frozen=True)
class Synthetic(ABC):
    """A source of such sequences.

    Raises:
        ConfigError: if a size is too small to be asked about.
    """

    distance: int
    """Steps between the symbols and the answer."""

    shows: ClassVar[str]
    """Its line in the list of problems."""
    measure: ClassVar[Literal["squared error", "cross-entropy"]]
    """Loss of one answer; its mean over the steps asked about and the rows is the problem's figure."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """I, numbers of one step."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many numbers an answer takes: one for a number, else one for each class."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """T, the length of every sequence."""

    @property
    @abstractmethod
    def recalled(self) -> int:
        """Number of last steps whose answer needs memory; accuracy is over these."""

    @property
    @abstractmethod
    def baseline(self) -> float:
        """Expected figure of the best predictor that remembers nothing of its inputs."""

    @property
    @abstractmethod
    def baseline_words(self) -> str:
        """What that predictor does, for people."""

    def at(self, distance: int) -> Self:
        """Return the same problem at another distance."""
        return dataclasses.replace(self, distance=distance)

    @abstractmethod
    def _draw(self, rows: int, random: np.random.Generator) -> SyntheticBatch: ...

    def draw(self, rows: int, *seed: int) -> SyntheticBatch:
        """Return so many rows; the same seed, of one or more numbers from 0 up, draws the same ones."""
        # numpy's, which makes use of every bit of a seed: torch's generator of the CPU takes the last 32
        return self._draw(rows, np.random.default_rng(seed))


@dataclass(frozen=True)
class Adding(Synthetic):
    """The sum of two marked numbers among T.

    x_t = (value in [0, 1), mark); one mark is in the first half of the steps and one in the second, each
    anywhere in it, and the last step is asked for the sum of the two marked values. Always guessing its mean,
    1, has the squared error of the variance of two uniform numbers, 2/12.
    Sources: Hochreiter & Schmidhuber (1997), experiment 4; in this form Arjovsky et al. (2016), section 4.2.
    """

    shows = "the sum of two marked numbers among many"
    measure = "squared error"

    distance: int = 600
    """T, steps; at least 2."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 2})

    inputs, outputs, recalled = 2, 1, 1
    baseline, baseline_words = 1 / 6, "always guessing the mean"

    @property
    def steps(self) -> int:
        """See :attr:`Synthetic.steps`."""
        return self.distance

    def _draw(self, rows: int, random: np.random.Generator) -> SyntheticBatch:
        half = self.distance // 2
        values = torch.from_numpy(random.random((self.distance, rows), dtype=np.float32))
        first, second = random.integers(half, size=rows), random.integers(half, self.distance, size=rows)
        marked = torch.from_numpy(np.stack([first, second]))
        marks = torch.zeros_like(values).scatter_(0, marked, 1.0)
        return SyntheticBatch(torch.stack([values, marks], -1), values.gather(0, marked).sum(0, keepdim=True))


@dataclass(frozen=True)
class Copy(Synthetic):
    """Ten symbols to be said again, in order, once T steps have passed.

    Ten symbols of 8 kinds, T − 1 blanks, a mark that says go, ten blanks: T + 20 steps, each of which is
    asked for a symbol: a blank at all but the last ten, there the ten symbols. Who knows when to answer but
    not what has a cross-entropy of 10 ln 8 over T + 20 steps.
    Sources: Hochreiter & Schmidhuber (1997), in this form Arjovsky et al. (2016), section 4.1.
    """

    shows = "ten symbols, said again after a long wait"
    measure = "cross-entropy"
    KINDS: ClassVar[int] = 8
    SYMBOLS: ClassVar[int] = 10
    BLANK: ClassVar[int] = 8
    GO: ClassVar[int] = 9

    distance: int = 1000
    """T, steps from the first symbol's end to the mark; at least 1."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 1})

    inputs, outputs, recalled = 10, 9, 10
    baseline_words = "guessing the symbols"

    @property
    def steps(self) -> int:
        """See :attr:`Synthetic.steps`."""
        return self.distance + 2 * self.SYMBOLS

    @property
    def baseline(self) -> float:
        """See :attr:`Synthetic.baseline`."""
        return self.SYMBOLS * math.log(self.KINDS) / self.steps

    def _draw(self, rows: int, random: np.random.Generator) -> SyntheticBatch:
        symbols = torch.from_numpy(random.integers(self.KINDS, size=(self.SYMBOLS, rows)))
        read = torch.full((self.steps, rows), self.BLANK)
        read[: self.SYMBOLS] = symbols
        read[-self.SYMBOLS - 1] = self.GO
        asked = torch.full((self.steps, rows), self.BLANK)
        asked[-self.SYMBOLS :] = symbols
        return SyntheticBatch(F.one_hot(read, self.inputs).float(), asked)


@dataclass(frozen=True)
class Recall(Synthetic):
    """The first symbol, asked for after so many others.

    One of K symbols, then ``distance`` distractors, which are symbols of other kinds; the last step is asked
    which symbol came first. All K are alike: chance is a cross-entropy of ln K.
    Source: the latching problem of Bengio et al. (1994), with symbols as in Hochreiter & Schmidhuber (1997),
    experiment 2.
    """

    shows = "the first symbol, after many others"
    measure = "cross-entropy"

    distance: int = 200
    """Steps from the symbol to the answer; at least 1."""

    kinds: int = 8
    """K; at least 2."""

    distractors: int = 8
    """Kinds of distractors; one is a blank."""

    def __post_init__(self) -> None:
        require_at_least(self, {"distance": 1, "kinds": 2, "distractors": 1})

    recalled = 1
    baseline_words = "chance"

    @property
    def inputs(self) -> int:
        """See :attr:`Synthetic.inputs`: a number for each symbol and each distractor."""
        return self.kinds + self.distractors

    @property
    def outputs(self) -> int:
        """See :attr:`Synthetic.outputs`."""
        return self.kinds

    @property
    def steps(self) -> int:
        """See :attr:`Synthetic.steps`."""
        return self.distance + 1

    @property
    def baseline(self) -> float:
        """See :attr:`Synthetic.baseline`."""
        return math.log(self.kinds)

    def _draw(self, rows: int, random: np.random.Generator) -> SyntheticBatch:
        first = torch.from_numpy(random.integers(self.kinds, size=(1, rows)))
        others = random.integers(self.kinds, self.inputs, size=(self.distance, rows))
        return SyntheticBatch(
            F.one_hot(torch.cat([first, torch.from_numpy(others)]), self.inputs).float(), first
        )


ProblemName = Literal["adding", "copy", "recall"]
PROBLEMS: Mapping[ProblemName, Synthetic] = {"adding": Adding(), "copy": Copy(), "recall": Recall()}
"""By the word in ``unrolled learn WORD``, at their usual distances."""
