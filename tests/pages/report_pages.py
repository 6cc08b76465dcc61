"""A small page with every kind of part, and tokens that would break unescaped HTML."""

import numpy as np

from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.pages import Chart, Page, Section, StateMap, Table, Words, new_figure
from unrolled.pages.style import HALF

NASTY_TOKENS = [
    "</script>",
    "<b>bold</b>",
    '"quoted"',
    "it's",
    "\u2028",
    "\n",
    " ",
    "",
    "🙂",
    "\u0301",
    "שלום",
    "<!--",
    "&amp;",
    "\udc80",
    "]]>",
    "{{ 7 * 7 }}",
]


def make_curve(name="curve", width=HALF, title="A curve"):
    figure = new_figure(width, 2.4)
    axes = figure.subplots()
    axes.plot([1, 2, 3], [1e-12, 1e-6, 1], label="first")
    axes.set_yscale("log")
    axes.set_xlabel("distance")
    axes.legend()
    return Chart(name, title, "What it shows.", figure, {"y": np.array([1e-12, np.nan, np.inf])})


def make_picture(name="picture"):
    figure = new_figure(HALF, 2.4)
    axes = figure.subplots()
    figure.colorbar(axes.imshow(np.arange(12.0).reshape(3, 4)))
    return Chart(name, "A picture", "", figure, {})


def make_states(name="states", tokens=None, width=6, **changes):
    tokens = list("def f(x):\n    return x\n" * 8) if tokens is None else tokens
    values = np.tanh(np.random.default_rng(0).normal(size=(len(tokens), width))).astype(np.float32)
    defaults = {"layers": {"l0": values, "l1": -2 * values}, "notes": {"l0": {3: "newline, r = 0.93"}}}
    return StateMap(name, "States", "How to read it.", tokens, **(defaults | changes))


def make_page(*parts, **changes):
    defaults = {
        "title": "A report <i>with care</i>",
        "subtitle": "of a network & a text",
        "facts": {"cell": "LSTM", "data": "<none>"},
        "verdicts": (
            Verdict("All is well", "good", "It is."),
            Verdict(
                "Gradients vanish",
                "bad",
                "They do.",
                "layer l0",
                2.3e-9,
                "gradient norm",
                (Remedy("clip", '--clip-norm "1.0"'), Remedy("wait")),
            ),
            Verdict("Units are saturated", "notice", "Some are.", number=float("nan"), number_name="share"),
        ),
        "sections": (Section("Parts", "All of them.", parts or make_parts()),),
    }
    return Page(**(defaults | changes))


def make_parts():
    rows = [["a", 1, 0.5], ["</td><td>", 2, float("inf")]]
    return (
        make_curve(),
        make_picture(),
        make_states(),
        make_states("nasty", NASTY_TOKENS),
        Table("Norms", "By layer.", ["layer", "count", "norm"], rows),
        Words("Drawing", "x ──▶ <lstm>\n  \U0001f600", "It flows."),
    )
