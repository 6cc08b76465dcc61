"""The console of the package: Rich's console with control characters in text made visible."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from unrolled.visible import escape_control_characters


class Terminal(Console):
    """Rich console that passes all text, except its own styles, through :func:`escape_control_characters`."""

    def render_str(self, text: str, **options: Any) -> Text:
        """See rich; control characters are made visible before the text is measured."""
        return super().render_str(escape_control_characters(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """See rich; control characters in ``Text`` objects are made visible too."""
        for segment in super().render(renderable, options):
            yield (
                segment
                if segment.control
                else Segment(escape_control_characters(segment.text), segment.style)
            )
