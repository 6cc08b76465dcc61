"""The text of a translation, piece by piece while its tokens arrive."""

from unrolled.text.tokenizer import Tokenizer


class TranslationText:
    """The text of a translation whose tokens arrive one by one.

    The pieces, joined, are the text of all tokens. With byte-pair encoding it has no white space at its ends.

    Args:
        tokenizer: tokenizer of the target.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._text = tokenizer.begin_text()
        self._strips = tokenizer.kind == "bpe"
        self._space: str | None = None
        """White space at the end of the text so far, which may be dropped; None: there is no text yet."""

    def push(self, token: int, copied: str | None = None) -> str:
        """Return the text that a token adds.

        Args:
            token: the token.
            copied: word of the source to put in its place.
        """
        text = self._text.push([token])
        if copied is not None:
            text = " " * text.startswith(" ") + copied
        return self._strip(text)

    def finish(self) -> str:
        """Return the rest of the text."""
        return self._strip(self._text.finish())

    def _strip(self, text: str) -> str:
        if not self._strips:
            return text
        text = text.lstrip() if self._space is None else self._space + text
        shown = text.rstrip()
        if shown or self._space is not None:
            self._space = text[len(shown) :]
        return shown
