"""Write a model as ONNX files, and check them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from unrolled.exporters.onnx.check import Arrays, Check, Reference, Session, check_graph
from unrolled.exporters.onnx.description import Description
from unrolled.exporters.onnx.examples import complete_inputs
from unrolled.exporters.onnx.graph import FLOAT32, INT8, Graph
from unrolled.exporters.onnx.metadata import make_metadata
from unrolled.exporters.onnx.quantize import quantize
from unrolled.exporters.onnx.weights import Weights
from unrolled.exporters.options import Precision


@dataclass(frozen=True)
class OnnxExport:
    """The files of an export, and how each agrees with the model."""

    files: Mapping[str, Path]
    """File of each graph by its name."""
    checks: tuple[Check, ...]
    """Empty if no reference was given."""


def export_onnx(
    description: Description,
    weights: Mapping[str, NDArray[Any]],
    folder: Path,
    *,
    precision: Precision = "float32",
    metadata: Mapping[str, str] | None = None,
    references: Mapping[str, Reference] | None = None,
    inputs: Mapping[str, Arrays] | None = None,
    threads: int = 1,
) -> OnnxExport:
    """Write the graphs of a model into a folder.

    Args:
        description: the model without its weights.
        weights: arrays of the model by name, as in its state dict.
        folder: an existing folder, for ``model.onnx``, or ``encoder.onnx`` and ``decoder.onnx``.
        precision: ``"int8"`` stores and multiplies weights in 8 bits, with scales chosen at run time.
        metadata: texts to store in every file, such as ``tokenizer``, ``labels`` and ``config``.
        references: the model as a function, by the name of the graph; each is compared with its file.
        inputs: inputs for the comparison, by the name of the graph; random ones for those that are missing.
        threads: threads of ONNX Runtime in the comparison.

    Raises:
        ExportError: if the model cannot be written, or a file differs from the model. In int8, where every
            file differs, only for NaN and infinity.
        ProgramError: if the step of a cell has an operation that step programs lack.
    """
    target = FLOAT32 if precision == "float32" else INT8
    files, checks = {}, []
    for name, graph in description.graphs(Weights(weights), target).items():
        model = graph.to_model(name, make_metadata(description, name, graph, metadata or {}))
        if precision == "int8":
            model = quantize(model)
        files[name] = folder / f"{name}.onnx"
        files[name].write_bytes(model.SerializeToString())
        if references and name in references:
            given = complete_inputs(graph, (inputs or {}).get(name, {}))
            checks.append(_check(Session(files[name], threads), graph, given, references[name], precision))
    return OnnxExport(files, tuple(checks))


def _check(
    session: Session, graph: Graph, inputs: Arrays, reference: Reference, precision: Precision
) -> Check:
    """Compare a file with the model; in int8 the difference is only reported."""
    if precision == "int8":
        rounded = Reference(reference.run)
        check = check_graph(session, inputs, rounded, streams=graph.streams)
        check.require_finite()
    else:
        check = check_graph(session, inputs, reference, streams=graph.streams)
        check.require_equal()
    return check
