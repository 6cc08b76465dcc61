"""Texts that a language model reads and writes token by token."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.engine import Stream
from unrolled.engine.stream import Integers, Reals
from unrolled.models.steps.language_model import LOGITS
from unrolled.models.steps.stack import TOKEN


class LanguageStream:
    """Texts that a language model reads and writes, one token at a time; made by ``stream()``.

    Memory does not grow with the length of the texts: only the states are kept.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def batch(self) -> int:
        """Number of texts B."""
        return self._stream.batch

    @property
    def vocabulary(self) -> int:
        """Number of tokens V."""
        return self._stream.engine.program.tokens[TOKEN]

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits (B, V) of the token after the last one that was read."""
        return self._stream.outputs()[LOGITS]

    @property
    def generated(self) -> Ids:
        """Number of tokens (B,) that each text got in the last :meth:`generate`, ``stop`` included."""
        return self._stream.generated

    def push(self, ids: Any, lengths: Ids | None = None) -> NDArray[np.float32]:
        """Read tokens; return the logits (B, V) of the token after the last one.

        Args:
            ids: (T, B); for a single text also (T,) or one token; for a batch also one token each, (B,).
            lengths: number of tokens of each text, (B,); None: T.

        Raises:
            ShapeError: if the shape does not fit, or a token is not in the vocabulary.
        """
        tokens = np.asarray(ids)
        if tokens.ndim < 2:
            tokens = tokens.reshape(-1, 1) if self._stream.batch == 1 else tokens.reshape(1, -1)
        return self._stream.run(tokens={TOKEN: tokens}, lengths=lengths, last=True)[LOGITS]

    def read(self, ids: Ids, lengths: Ids | None = None) -> NDArray[np.float32]:
        """Read tokens (T, B), ``lengths`` (B,) of each text; return the logits (T, B, V) after each."""
        return self._stream.run(tokens={TOKEN: ids}, lengths=lengths)[LOGITS]

    def seed(self, seed: int | Sequence[int]) -> None:
        """Begin the random numbers of each text anew; see :meth:`generate`."""
        self._stream.seed(seed)

    def generate(
        self,
        n: Integers,
        *,
        temperature: Reals = 1.0,
        top_k: Integers = 0,
        top_p: Reals = 1.0,
        seed: int | Sequence[int] | None = None,
        banned: tuple[int, ...] = (),
        stop: int | None = None,
        skip_broken: bool = False,
    ) -> Ids:
        """Sample the next ``n`` tokens of each text and read them; return them, (n, B).

        ``n``, ``temperature``, ``top_k`` and ``top_p`` are one value for all texts, or one for each, (B,).
        The result has as many rows as the longest text got tokens. After the end of a text it is ``stop``,
        or -1 if ``stop`` is None; :attr:`generated` has the number of tokens of each text.

        Args:
            n: largest number of tokens.
            temperature: divisor of the logits; 0 takes the most probable token.
            top_k: sample from the k most probable tokens; 0 means all.
            top_p: sample from the most probable tokens that together reach this probability.
            seed: begin the random numbers of each text anew; None goes on with them. With one seed for each
                text, a text is what it would be alone with that seed.
            banned: tokens that are never sampled.
            stop: token that ends a text; it is not read.
            skip_broken: end a text without finite probabilities, instead of raising an error; its number in
                :attr:`generated` is -1.

        Raises:
            ConfigError: if an option is out of range.
            ShapeError: if an option has another number of values than there are texts.
            StreamError: if a text has no token yet.
            NonFiniteError: if the model gives no finite probabilities, unless ``skip_broken``.
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
            skip_broken=skip_broken,
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

    def extend(self, other: "LanguageStream") -> None:
        """Add copies of all texts of another stream of the same runtime, at the end of the batch.

        Raises:
            StreamError: if the other stream is of another runtime.
        """
        self._stream.extend(other._stream)

    def select(self, rows: Sequence[int]) -> "LanguageStream":
        """Return a stream with copies of these texts, in this order; a text may be repeated.

        Raises:
            ShapeError: if there is no such text.
        """
        return LanguageStream(self._stream.select(rows))

    def copy(self) -> "LanguageStream":
        """Return a stream with copies of the texts' states."""
        return LanguageStream(self._stream.copy())
