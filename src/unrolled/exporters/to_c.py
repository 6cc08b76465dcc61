"""Export to C source."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.engine import Engine
from unrolled.exporters.c.export import Report, export_c
from unrolled.exporters.loss import Logits, compare_loss
from unrolled.exporters.module_vectors import module_vectors
from unrolled.exporters.options import ExportOptions, Precision
from unrolled.exporters.page.trained import page_text
from unrolled.exporters.result import FormatResult, format_bytes
from unrolled.exporters.subject import Subject
from unrolled.models.steps.language_model import LOGITS
from unrolled.models.steps.stack import TOKEN


def to_c(subject: Subject, folder: Path, options: ExportOptions) -> FormatResult:
    """Write the step program of a model as C; see :func:`export_c`."""
    text, notes = page_text(subject)
    report = export_c(
        subject.program,
        subject.weights,
        folder,
        name=options.name,
        precision=options.precision,
        weights_in=options.weights,
        tokens=text,
        vectors=module_vectors(subject),
    )
    loss = FormatResult(())
    if options.precision == "int8" and subject.task is not None:
        loss = compare_loss(subject, "int8", *(_logits(subject, p) for p in ("float32", "int8")))
    check = "make -C {folder} check   # compile it and compare it with recorded vectors"
    facts = dataclasses.asdict(report) | dict(loss.facts)
    built = ("model.js", "index.html", *(f"{options.name}{end}" for end in (".o", "_check", ".wasm")))
    return FormatResult((_describe(report), *loss.lines, *notes), facts, built, check)


def _logits(subject: Subject, precision: Precision) -> Logits:
    """Return the language model in the native runtime, whose arithmetic the C source has."""

    def run(tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        stream = Engine(subject.program, subject.weights, precision).stream(tokens.shape[1])
        return stream.run(tokens={TOKEN: tokens})[LOGITS]

    return run


def _describe(report: Report) -> str:
    """Return sizes, and the difference from the module, in one line."""
    difference = "" if report.difference is None else f", largest difference {report.difference:.1e}"
    return (
        f"{report.precision}: {format_bytes(report.weight_bytes)} of weights, "
        f"{format_bytes(report.state_bytes)} of states, {format_bytes(report.scratch_bytes)} of scratch, "
        f"{report.multiply_adds:,} multiply-adds per step{difference}"
    )
