"""The web page of a language model in ONNX, which runs in onnxruntime-web."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.exporters.page import PageText, build_page

BACKEND = Path(__file__).parent / "backend.html"
NEXT_STEP = (
    "cd {folder} && npm install --prefix . onnxruntime-web@1 && python -m http.server   "
    "# then open http://localhost:8000/page.html"
)


def page(text: PageText, states: Sequence[Mapping[str, Any]], weights: int) -> str:
    """Return page.html, which loads model.onnx and onnxruntime-web from its folder.

    Args:
        text: how the model reads and writes text.
        states: states of the graph, as in its metadata.
        weights: number of weights.
    """
    facts = {"weights": weights, "states": list(states)}
    return build_page(text, BACKEND.read_text(encoding="utf-8"), facts)
