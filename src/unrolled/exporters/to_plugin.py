"""Export to the files of audio plug-ins."""

from pathlib import Path
from typing import Literal

from unrolled.exporters.audio.model import read_lstm
from unrolled.exporters.audio.nam import nam_json
from unrolled.exporters.audio.rtneural import rtneural_json
from unrolled.exporters.options import ExportOptions
from unrolled.exporters.result import FormatResult
from unrolled.exporters.subject import Subject


def to_nam(subject: Subject, folder: Path, options: ExportOptions) -> FormatResult:
    """Write ``model.nam``; the module has an LSTM ``recurrent`` and a linear layer ``head``."""
    return _write(subject, folder, "nam")


def to_rtneural(subject: Subject, folder: Path, options: ExportOptions) -> FormatResult:
    """Write ``model.json``; the module has an LSTM ``recurrent`` and a linear layer ``head``."""
    return _write(subject, folder, "rtneural")


def _write(subject: Subject, folder: Path, to: Literal["nam", "rtneural"]) -> FormatResult:
    model = read_lstm(subject.weights)
    if to == "nam":
        (folder / "model.nam").write_text(nam_json(model, name=subject.name), encoding="utf-8")
    else:
        (folder / "model.json").write_text(rtneural_json(model), encoding="utf-8")
    layers = f"{len(model.layers)} LSTM layers of {model.hidden_size} units"
    return FormatResult((layers,), {"layers": len(model.layers), "hidden": model.hidden_size})
