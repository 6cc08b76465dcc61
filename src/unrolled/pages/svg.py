"""Conversion of a matplotlib figure to inline SVG with the colours and the typeface of the page."""

import re
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.figure import Figure

from unrolled.pages.style import PAPER, apply_style
from unrolled.storage import picture
from unrolled.storage.picture import ignore_missing_glyphs

NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}
"""SVG metadata to omit, so that the same figure gives the same file."""
SALT = "unrolled"
"""Salt from which (with the content) matplotlib derives the ids in an SVG."""

_DPI = 150  # of images inside the SVG
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def page_svg(figure: Figure, prefix: str, label: str) -> str:
    """Return the figure as an ``<svg>`` element of HTML.

    Black becomes ``currentColor``, :data:`~unrolled.pages.style.PAPER` becomes the background of the page,
    and text gets the typeface of the page; the background is transparent. Ids begin with the prefix, because
    all SVGs of a page share one document.

    Args:
        figure: the figure; its legends and ticks are finished in the house style.
        prefix: prefix of ids, unique for each figure of a page.
        label: description for screen readers.
    """
    with ignore_missing_glyphs():
        apply_style(figure)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": SALT, "font.family": "sans-serif"}):
        svg = picture.draw(figure, "svg", transparent=True, dpi=_DPI, metadata=NO_DATE)
    root = ElementTree.fromstring(svg)
    _to_html_names(root)
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag in ("metadata", "style")]:
            parent.remove(child)
    _prefix_ids(root, prefix)
    for element in root.iter():
        _apply_theme(element)
    width = float(root.attrib.pop("width").removesuffix("pt")) / 72 * 96
    del root.attrib["height"]
    root.attrib.pop("version", None)
    root.attrib |= {"role": "img", "aria-label": label, "style": f"--natural: {width:.0f}px"}
    return ElementTree.tostring(root, encoding="unicode")


def _to_html_names(root: ElementTree.Element) -> None:
    """Drop the XML namespaces, which HTML adds to an ``<svg>`` implicitly."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [n for n in element.attrib if n.startswith("{")]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))


def _prefix_ids(root: ElementTree.Element, prefix: str) -> None:
    """Add the prefix to each id; drop unused ids."""
    used = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            used.update(_REFERENCE.findall(value))
            element.set(name, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
            if name == "href" and value.startswith("#"):
                used.add(value[1:])
                element.set(name, f"#{prefix}{value[1:]}")
    for element in root.iter():
        if (old_id := element.attrib.pop("id", None)) in used:
            element.set("id", f"{prefix}{old_id}")


def _apply_theme(element: ElementTree.Element) -> None:
    """Replace ink, paper and fonts by the page's colours and typeface; shorten coordinates."""
    for name in ("style", "fill", "stroke"):
        if value := element.get(name):
            value = value.replace("#000000", "currentColor").replace(PAPER, "var(--ground)")
            element.set(name, value)
    if element.tag == "text" and (style := element.get("style")):
        mono = re.search(r"font-family:[^;]*mono", style, re.IGNORECASE) and "sans" not in style.split(",")[0]
        family = "var(--mono)" if mono else "var(--sans)"
        element.set("style", re.sub(r"font-family:[^;]*", f"font-family: {family}", style))
    if path := element.get("d"):
        element.set("d", re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}", path))
