"""The console of the package: Rich's, on which text cannot steer the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from unrolled.visible import visible


class Terminal(Console):
    """Rich's console, on which everything but its own styles is :func:`visible`."""

    def render_str(self, text: str, **options: Any) -> Text:
        """See rich: text is made visible before it is measured."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """See rich: what comes as a ``Text`` is made visible as well."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
