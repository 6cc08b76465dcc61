"""Export to ONNX, compared with the module in ONNX Runtime."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.exporters.loss import BLOCK, Logits, compare_loss
from unrolled.exporters.onnx import Check, describe, export_onnx
from unrolled.exporters.onnx.check import Run, Session
from unrolled.exporters.onnx.page import NEXT_STEP, page
from unrolled.exporters.onnx.torch_reference import torch_references
from unrolled.exporters.options import ExportOptions
from unrolled.exporters.page.trained import page_text
from unrolled.exporters.recorded import recorded_inputs
from unrolled.exporters.result import FormatResult
from unrolled.exporters.subject import Subject


def to_onnx(subject: Subject, folder: Path, options: ExportOptions) -> FormatResult:
    """Write the graphs of a model and compare them with it on held-out data; see :func:`export_onnx`.

    A language model also gets a web page.
    """
    description = describe(subject.module)
    references = torch_references(description, subject.module)
    exported = export_onnx(
        description,
        subject.weights,
        folder,
        precision=options.precision,
        metadata=subject.metadata,
        references=references,
        inputs=recorded_inputs(subject),
    )
    loss = FormatResult(())
    if options.precision == "int8" and subject.name == "lm":
        model = Session(exported.files["model"])
        runs = (references["model"].run, model.run)
        loss = compare_loss(subject, "int8", *(_logits(run, model) for run in runs))
    text, notes = page_text(subject)
    if text is not None:
        states = json.loads(Session(exported.files["model"]).metadata["states"])
        weights = sum(parameter.numel() for parameter in subject.module.parameters())
        (folder / "page.html").write_text(page(text, states, weights), encoding="utf-8")
    facts: dict[str, Any] = {check.graph: dataclasses.asdict(check) for check in exported.checks}
    lines = (*map(_describe, exported.checks), *loss.lines, *notes)
    return FormatResult(lines, facts | dict(loss.facts), next_step=NEXT_STEP if text else "")


def _logits(run: Run, model: Session) -> Logits:
    """Return a language model as a function of tokens (T, B), which are read in blocks."""

    def run_all(tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        described, rows = json.loads(model.metadata["states"]), tokens.shape[1]
        states = {s["name"]: np.full((rows, s["size"]), s["initial"], np.float32) for s in described}
        logits = []
        for begin in range(0, len(tokens), BLOCK):
            outputs = run({"tokens": tokens[begin : begin + BLOCK], **states})
            states = {name: outputs[f"next_{name}"] for name in states}
            logits.append(outputs["logits"])
        return np.concatenate(logits)

    return run_all


def _describe(check: Check) -> str:
    """Return the differences and speeds of a graph in one line."""
    parts = [f"{check.graph}.onnx: largest difference {check.difference:.1e}"]
    if check.step_difference is not None:
        parts.append(f"{check.step_difference:.1e} step by step")
    if check.agreement < 1:
        parts.append(f"{check.agreement:.1%} of the predictions agree")
    size = f"{check.steps} steps of {check.rows} rows" if check.steps else f"{check.rows} rows"
    parts.append(f"{size} in {_ms(check.seconds)} (torch {_ms(check.reference_seconds)})")
    if check.step_seconds is not None and check.reference_step_seconds is not None:
        parts.append(f"one step in {_ms(check.step_seconds)} (torch {_ms(check.reference_step_seconds)})")
    return ", ".join(parts)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"
