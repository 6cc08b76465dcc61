"""The error of a text that is not of its format; its reader adds the file and what to do."""


class MalformedError(ValueError):
    """Says what is wrong and where in the text, to go on from "is": "nested too deep"."""
