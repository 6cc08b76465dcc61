"""State maps as static figures for papers."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from unrolled.pages.display import visible
from unrolled.pages.parts import StateMap
from unrolled.pages.states import colour_limit
from unrolled.pages.style import DIVERGING, WIDE, new_figure

MAX_LABELS = 80
"""Maximum number of tokens to write below the map."""
MAX_LABEL_LENGTH = 16
"""Maximum number of characters of a token to write."""
FAMILIES = ["DejaVu Sans Mono", "DejaVu Sans"]
"""Typefaces included in matplotlib."""


def draw_states(states: StateMap) -> Figure:
    """Draw units over time, one layer below the other, in the colours of the page's map.

    Non-finite values are white.
    """
    heights = [min(max(1.2, 0.025 * s.shape[1]), 4.0) for s in states.layers.values()]
    figure = new_figure(WIDE, sum(heights) + 0.55 * len(heights) + 0.5)
    rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, values) in zip(rows, states.layers.items(), strict=True):
        real = np.where(np.isfinite(values), values, np.nan).astype(float).T
        limit = colour_limit(values)
        image = axes.imshow(real, DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="none")
        axes.set_title(name, parse_math=False)
        axes.set_ylabel("unit")
        figure.colorbar(image, ax=axes, extend="both", pad=0.01, aspect=30 * heights[0] / 3)
    _label_tokens(rows[-1], states)
    return figure


def _label_tokens(axes: Any, states: StateMap) -> None:
    if len(states.tokens) > MAX_LABELS:
        axes.set_xlabel("token")
        return
    drawable = {code for family in FAMILIES for code in get_font(findfont(family)).get_charmap()}
    names = ["".join(c if ord(c) in drawable else "\ufffd" for c in visible(t)) for t in states.tokens]
    names = [name if len(name) <= MAX_LABEL_LENGTH else f"{name[: MAX_LABEL_LENGTH - 1]}…" for name in names]
    wide = max(map(len, names)) > 2
    axes.set_xticks(
        range(len(names)),
        names,
        rotation=90 if wide else 0,
        family=FAMILIES,
        fontsize=7 if wide else 8,
        parse_math=False,
    )
