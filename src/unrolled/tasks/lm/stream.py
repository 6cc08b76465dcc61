"""Texts that a language model reads and writes token by token."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.engine import Stream
from unrolled.models.steps.language_model import LOGITS
from unrolled.models.steps.stack import TOKEN


class LanguageStream:
    """Texts that a language model reads and writes, one token at a time; made by ``stream()``.

    Memory does not grow with the length of the texts: only the states are kept.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits (B, V) of the token after the last one that was read."""
        return self._stream.outputs()[LOGITS]

    def push(self, ids: Any) -> NDArray[np.float32]:
        """Read tokens; return the logits (B, V) of the token after the last one.

        Args:
            ids: (T, B); for a single text also (T,) or one token; for a batch also one token each, (B,).

        Raises:
            ShapeError: if the shape does not fit, or a token is not in the vocabulary.
        """
        tokens = np.asarray(ids)
        if tokens.ndim < 2:
            tokens = tokens.reshape(-1, 1) if self._stream.batch == 1 else tokens.reshape(1, -1)
        return self._stream.run(tokens={TOKEN: tokens}, last=True)[LOGITS]

    def generate(
        self,
        n: int,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        banned: tuple[int, ...] = (),
        stop: int | None = None,
    ) -> Ids:
        """Sample the next ``n`` tokens of each text and read them; return them, (n, B).

        Args:
            n: number of tokens.
            temperature: divisor of the logits; 0 takes the most probable token.
            top_k: sample from the k most probable tokens; 0 means all.
            top_p: sample from the most probable tokens that together reach this probability.
            seed: begin the random numbers of each text anew; None goes on with them.
            banned: tokens that are never sampled.
            stop: token that ends a text; it is not read. The result is shorter than n if all texts end.

        Raises:
            ConfigError: if an option is out of range.
            StreamError: if a text has no token yet.
        """
        return self._stream.generate(
            n,
            output=LOGITS,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            banned=banned,
            stop=-1 if stop is None else stop,
        )

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of what the texts so far leave: the states (B, size) by name, and the logits."""
        return self._stream.state() | self._stream.outputs()

    def restore(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Go on as the stream whose :meth:`state` this is.

        Raises:
            ShapeError: if a state is missing, unknown or has another shape.
        """
        outputs = {LOGITS: state[LOGITS]} if LOGITS in state else {}
        self._stream.restore({name: value for name, value in state.items() if name not in outputs})
        self._stream.set_outputs(outputs)

    def reset(self, rows: list[int] | None = None) -> None:
        """Begin texts anew: all, or some rows."""
        self._stream.reset(rows)

    def add(self, count: int = 1) -> None:
        """Add texts at the end of the batch."""
        self._stream.add(count)

    def keep(self, rows: list[int]) -> None:
        """Keep these texts, in this order, and drop the others."""
        self._stream.keep(rows)

    def copy(self) -> "LanguageStream":
        """Return a stream with copies of the texts' states."""
        return LanguageStream(self._stream.copy())
