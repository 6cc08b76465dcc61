"""Texts that a language model writes in one batch."""

import secrets
import time
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

from unrolled.arrays import Ids
from unrolled.data.padding import pad_arrays
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.symbols import EOS_ID, UNK_ID
from unrolled.tasks.base.service import Limits, Progress, State, Writer
from unrolled.tasks.base.service.checks import check_steps, check_texts
from unrolled.tasks.lm.runtime import LanguageRuntime
from unrolled.tasks.lm.service.messages import Generate, Generated, Written
from unrolled.tasks.lm.service.reader import first_tokens
from unrolled.tasks.lm.service.written import WrittenText
from unrolled.tasks.lm.stream import LanguageStream

READ_TOKENS, READ_LEAST, READ_MOST = 4096, 8, 1024
"""Number of tokens that all prompts together read in a turn; minimum and maximum for each prompt."""
MOST_STEPS = 64
"""Maximum number of tokens that a text gets in a turn."""
TURN_SECONDS, ROW_SECONDS, LONGEST_TURN = 0.02, 0.0002, 0.1
"""Time of a turn, additional time for each row, and maximum time.

Each event costs about 50 µs in addition to the engine. With many rows, longer turns put more tokens in
each event.
"""

MOST_SLOWER = 1.1
"""Maximum factor by which the estimated time of a token grows in a turn: other programs may slow it."""


class LanguageWriter(Writer[Generate, Generated]):
    """Texts that a language model writes in one batch.

    A row first reads its text in chunks, in the stream of the rows that read. Then it moves to the stream of
    the rows that write.
    """

    def __init__(self, runtime: LanguageRuntime, limits: Limits) -> None:
        self._runtime, self._limits = runtime, limits
        self._reading, self._writing = Rows(runtime.stream(0)), Rows(runtime.stream(0))
        self._begun: list[tuple[LanguageStream, WrittenText]] = []
        """Texts that have begun since the last turn, each with its stream of one row."""
        self._stop = EOS_ID if runtime.is_separate else None
        self._token_seconds = 1e-4

    def begin(self, row: int, request: Generate, state: State | None) -> None:
        """See :meth:`Writer.begin`."""
        runtime = self._runtime
        check_texts([request.text], self._limits, "text")
        check_steps(request.length, self._limits, "length")
        ids, _ = first_tokens(runtime, request.text, begins=state is None)
        stream = runtime.stream()
        if state is not None:
            stream.restore(state)
        seed = secrets.randbits(32) if request.seed is None else request.seed
        stream.seed(seed)
        words = runtime.tokenizer.kind == "word"
        needs_space = words and request.text and not request.text[-1].isspace()
        text = WrittenText(
            row, request, seed, ids, runtime.tokenizer.begin_text(), " " if needs_space else ""
        )
        self._begun.append((stream, text))

    def end(self, row: int) -> None:
        """See :meth:`Writer.end`."""
        self._begun = [(stream, text) for stream, text in self._begun if text.row != row]
        for rows in (self._reading, self._writing):
            rows.drop({row})

    def advance(self, rows: Collection[int]) -> Sequence[Progress[Generated]]:
        """See :meth:`Writer.advance`."""
        self._reading.add([(stream, text) for stream, text in self._begun if len(text.unread)])
        self._writing.add([(stream, text) for stream, text in self._begun if not len(text.unread)])
        self._begun.clear()
        self._read()
        return self._write(rows)

    def _read(self) -> None:
        """Read the next chunk of each text; move rows that have read everything to the stream that writes."""
        texts = self._reading.texts
        if not texts:
            return
        chunk_size = max(READ_LEAST, min(READ_MOST, READ_TOKENS // len(texts)))
        chunks = [text.unread[:chunk_size] for text in texts]
        ids, lengths = pad_arrays(chunks, EOS_ID)
        if self._runtime.is_separate:  # each sentence begins at the first state
            self._reading.stream.reset([i for i, chunk in enumerate(chunks) if chunk[0] == EOS_ID])
        self._reading.stream.push(ids, lengths)
        for text, chunk in zip(texts, chunks, strict=True):
            text.unread = text.unread[len(chunk) :]
        self._reading.move_to(self._writing, {text.row for text in texts if not len(text.unread)})

    def _write(self, rows: Collection[int]) -> list[Progress[Generated]]:
        texts = self._writing.texts
        if not texts:
            return []
        counts = self._counts(rows)
        may_stop = [column for column, text in enumerate(texts) if text.request.stop]
        before = self._writing.stream.select(may_stop)
        began = time.perf_counter()
        ids = self._generate(self._writing.stream, texts, counts)
        if len(ids):
            token_seconds = (time.perf_counter() - began) / sum(counts)
            self._token_seconds = min(token_seconds, MOST_SLOWER * self._token_seconds)
        columns = ids.T.tolist() if len(ids) else [[]] * len(texts)
        progress: list[Progress[Generated]] = []
        done, ended = set(), set()
        for column, (text, count) in enumerate(zip(texts, counts, strict=True)):
            if not count and text.left:
                continue  # it waits
            if self._writing.stream.generated[column] < 0:
                progress.append(Progress(text.row, error=non_finite_error()))
                done.add(text.row)
                continue
            written = columns[column][:count]
            if self._stop is not None and self._stop in written:
                written = written[: written.index(self._stop) + 1]
            added = text.add(written)
            state: State | None = None
            if self._stop is not None and added and written[added - 1] == self._stop:
                ended.add(text.row)
            elif not text.left:
                after = self._writing.stream.select([column])
                if added < len(written):  # a stop text came in the middle of the turn
                    after = before.select([may_stop.index(column)])
                    self._generate(after, [text], [added])
                state = after.state()
                done.add(text.row)
            progress.append(_progress(text, added, state))
        self._writing.drop(done)
        self._begin_sentences(ended)
        return progress

    def _generate(self, stream: LanguageStream, texts: Sequence[WrittenText], counts: list[int]) -> Ids:
        options = [text.request for text in texts]
        return stream.generate(
            counts,
            temperature=[o.temperature for o in options],
            top_k=[o.top_k for o in options],
            top_p=[o.top_p for o in options],
            banned=(UNK_ID,),
            stop=self._stop,
            skip_broken=True,  # the other texts go on
        )

    def _counts(self, rows: Collection[int]) -> list[int]:
        """Return the number of tokens to write of each text."""
        turn = min(LONGEST_TURN, TURN_SECONDS + ROW_SECONDS * len(rows))
        steps = max(1, min(MOST_STEPS, int(turn / (self._token_seconds * max(1, len(rows))))))
        return [min(text.left, steps) if text.row in rows else 0 for text in self._writing.texts]

    def _begin_sentences(self, rows: set[int]) -> None:
        """Let texts whose sentence ended read the beginning of the next one, even if they write no more.

        The state of such a text is then the one from which the next sentence begins.
        """
        for text in self._writing.texts:
            if text.row in rows:
                text.unread = np.array([EOS_ID])
        self._writing.move_to(self._reading, rows)


def _progress(text: WrittenText, added: int, state: State | None) -> Progress[Generated]:
    """Return what a text has written in a turn; ``state`` is that of a text that is done."""
    new = text.show()
    event = Written(text=new, tokens=added) if added or new else None
    if state is None:
        return Progress(text.row, event, steps=added)
    finish: Literal["length", "stop"] = "stop" if text.stopped else "length"
    answer = Generated(text=text.text, tokens=text.tokens, finish=finish, seed=text.seed)
    return Progress(text.row, event, answer, state, added)


class Rows:
    """Rows of a stream, and the text of each."""

    def __init__(self, stream: LanguageStream) -> None:
        self.stream = stream
        self.texts: list[WrittenText] = []

    def add(self, begun: Sequence[tuple[LanguageStream, WrittenText]]) -> None:
        """Add texts, each with its stream of one row."""
        streams = [stream for stream, _ in begun]
        while len(streams) > 1:  # in pairs, so that each row is copied only a few times
            for first, second in zip(streams[::2], streams[1::2], strict=False):
                first.extend(second)
            streams = streams[::2]
        for stream in streams:
            self.stream.extend(stream)
        self.texts += [text for _, text in begun]

    def drop(self, rows: set[int]) -> None:
        """Drop the rows of these texts."""
        if any(text.row in rows for text in self.texts):
            self.stream.keep([i for i, text in enumerate(self.texts) if text.row not in rows])
            self.texts = [text for text in self.texts if text.row not in rows]

    def move_to(self, other: "Rows", rows: set[int]) -> None:
        """Move the rows of these texts to other rows."""
        moved = [i for i, text in enumerate(self.texts) if text.row in rows]
        if moved:
            other.stream.extend(self.stream.select(moved))
            other.texts += [self.texts[i] for i in moved]
            self.drop(rows)
