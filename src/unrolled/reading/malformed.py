"""The error for malformed text; the caller adds the file name and what to do."""


class MalformedError(ValueError):
    """Malformed text. The message continues a sentence after "is": "nested too deep"."""
