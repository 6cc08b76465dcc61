"""Export a trained model or a layer to a folder."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unrolled.errors import ExportError, suggestion
from unrolled.exporters import FORMATS, Format
from unrolled.exporters.folder import new_folder, write_manifest
from unrolled.exporters.options import ExportOptions
from unrolled.exporters.result import ExportResult, FormatResult
from unrolled.exporters.subject import Subject, subject_of
from unrolled.version import __version__

Exporter = Callable[[Subject, Path, ExportOptions], FormatResult]
"""Writes a model into an existing empty folder."""


def export(
    model: Any,
    to: Format,
    out: str | Path,
    *,
    overwrite: bool = False,
    **options: Any,
) -> ExportResult:
    """Write a trained model or a layer for other programs, and compare the result with the original.

    Args:
        model: a trained model of any task, its run folder, or a layer of this package or of torch.nn.
        to: ``"onnx"``, ``"c"``, ``"torch"``, ``"nam"`` or ``"rtneural"``.
        out: folder to write. It appears only when the export is complete.
        overwrite: replace an earlier export in ``out``.
        options: see :class:`ExportOptions`: precision, name, weights.

    Returns:
        What was written: files, sizes and differences. It prints as a few lines.

    Raises:
        ExportError: if the format cannot carry the model or an option, or the result differs from the model.
        ProgramError: if the step of a cell has an operation that step programs lack.
        RunError: if ``out`` cannot be used.
        MissingExtraError: if the format needs a package that is not installed.
    """
    if to not in FORMATS:
        raise ExportError(f"to={to!r} is not one of {', '.join(FORMATS)}{suggestion(str(to), FORMATS)}")
    chosen = ExportOptions(**options)
    exporter = _import_exporter(to)
    chosen.check(to)
    folder = Path(out)
    subject = subject_of(model)
    with new_folder(folder, overwrite=overwrite) as temporary:
        result = exporter(subject, temporary, chosen)
        files = {path.name: path.stat().st_size for path in sorted(temporary.iterdir())}
        facts = {"to": to, "model": subject.name, "version": __version__, **dataclasses.asdict(chosen)}
        write_manifest(temporary, facts | {"facts": dict(result.facts)}, result.built)
    return ExportResult(folder, to, files, result)


def _import_exporter(to: Format) -> Exporter:
    """Return the exporter of a format; its module may need packages of its own."""
    match to:
        case "onnx":
            from unrolled.exporters.to_onnx import to_onnx as exporter
        case "c":
            from unrolled.exporters.to_c import to_c as exporter
        case "torch":
            from unrolled.exporters.to_torch import to_torch as exporter
        case "nam":
            from unrolled.exporters.to_plugin import to_nam as exporter
        case "rtneural":
            from unrolled.exporters.to_plugin import to_rtneural as exporter
    return exporter
