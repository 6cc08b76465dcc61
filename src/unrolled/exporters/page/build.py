"""Put the parts of the page together."""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unrolled.exporters.page.text import PageText

FOLDER = Path(__file__).parent
SCRIPTS = ("tokens.js", "reading.js", "page.js")


def build_page(text: PageText, backend: str, facts: Mapping[str, Any]) -> str:
    """Return the page as HTML.

    Args:
        text: how the model reads and writes text.
        backend: script elements that define the object ``model``. ``load()`` returns a promise; ``start()``
            returns the state before any token; ``step(state, token)`` returns ``{state, logits}`` after it,
            or a promise of them. The page keeps states: none may change.
        facts: what the backend finds in the object ``data``; ``weights`` is the number of weights.
    """
    parts = {
        "TITLE": html.escape(text.title),
        "STYLE": _read("style.css"),
        # "<" could begin a comment, or end the script element that holds the data.
        "DATA": json.dumps({**text.data(), **facts}).replace("<", "\\u003c"),
        "BACKEND": backend,
        "SCRIPT": "\n".join(map(_read, SCRIPTS)),
    }
    # In one pass: what is put in may contain the name of another part.
    return re.sub("__([A-Z]+)__", lambda match: parts[match[1]], _read("page.html"))


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
