"""What travels inside an ONNX file besides the graph."""

import json
from collections.abc import Mapping

from unrolled.exporters.onnx.description import Description
from unrolled.exporters.onnx.graph import Graph
from unrolled.version import __version__


def make_metadata(
    description: Description, name: str, graph: Graph, extras: Mapping[str, str]
) -> dict[str, str]:
    """Return the metadata of one graph.

    ``task``, ``graph`` (its name), ``version`` of this package, ``details`` and ``states`` (JSON: name, name
    of the next value, size, initial value), and the texts of the caller, such as ``tokenizer`` or ``labels``.
    """
    states = [
        {"name": s.name, "next": s.next_name, "size": s.size, "initial": s.initial} for s in graph.states
    ]
    return {
        "task": description.task,
        "graph": name,
        "version": __version__,
        "details": json.dumps(description.details()),
        "states": json.dumps(states),
        **extras,
    }
