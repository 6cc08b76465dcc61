"""A web page on which a language model continues what one types.

The page is one file: markup, style and scripts of this folder, the tokeniser as JSON, and a backend that the
exporter of a format gives.
"""

from unrolled.exporters.page.build import build_page
from unrolled.exporters.page.text import PageText

__all__ = ["PageText", "build_page"]
