"""A text that is being continued."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.arrays import Ids
from unrolled.tasks.lm.service.messages import Generate
from unrolled.text.incremental import IncrementalText


@dataclass
class WrittenText:
    """A text that is being continued."""

    row: int
    request: Generate
    seed: int
    unread: Ids
    """Tokens to read before the next one is written."""
    decoder: IncrementalText
    separator: str
    """Text between the text of the request and its continuation."""
    tokens: int = 0
    text: str = ""
    stopped: bool = False
    """Whether it has come to a stop text."""
    _shown: int = 0

    @property
    def left(self) -> int:
        """Number of tokens still to be written."""
        return 0 if self.stopped else self.request.length - self.tokens

    def add(self, ids: Sequence[int]) -> int:
        """Add tokens, up to the one that completes a stop text; return the number of those added."""
        if not self.request.stop:
            self._push(ids)
            return len(ids)
        for number, token in enumerate(ids, 1):
            read = len(self.text)
            self._push([token])
            finds = (self.text.find(stop, max(0, read - len(stop))) for stop in self.request.stop)
            if begins := [begin for begin in finds if begin >= 0]:
                self.text, self.stopped = self.text[: min(begins)], True
                return number
        return len(ids)

    def show(self) -> str:
        """Return the text to show next: what may begin a stop text is held back until the end."""
        end = len(self.text) - (self._held() if self.request.stop and self.left else 0)
        new = self.text[self._shown : end]
        self._shown = end
        return new

    def _push(self, ids: Sequence[int]) -> None:
        self.tokens += len(ids)
        new = self.decoder.push(ids) + (self.decoder.finish() if not self.left else "")
        if new and not self.text:
            new = self.separator + new
        self.text += new

    def _held(self) -> int:
        """Return the length of the longest end of the text that begins a stop text."""
        lengths = (
            length
            for stop in self.request.stop
            for length in range(len(stop) - 1, 0, -1)
            if self.text.endswith(stop[:length])
        )
        return max(lengths, default=0)
