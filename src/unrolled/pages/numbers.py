"""The numbers of a page as strict JSON."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import ConfigError
from unrolled.pages.parts import Chart, Page, Part, StateMap, Table
from unrolled.storage.folder import FOLDER_KIND_KEY
from unrolled.storage.output import write_output


def write_numbers(page: Page, path: Path) -> None:
    """Write all texts and numbers of the page as standard JSON.

    JSON cannot represent non-finite values: they are written as the strings ``"nan"``, ``"inf"`` and
    ``"-inf"``, which ``float`` and ``numpy.array(…, float)`` read back. Numpy floats keep their exact value
    (float32 is written with as many digits as it needs), so that reading into the same type gives the same
    bits. A complex array is ``{"real": …, "imag": …}``; keys are strings.

    Raises:
        ConfigError: if the numbers of a chart contain anything but arrays, numbers, strings, None, and lists
            and mappings of these.
        RunError: if the file cannot be written.
    """
    write_output(path, numbers_bytes(page))


def numbers_bytes(page: Page) -> bytes:
    """Return the bytes that :func:`write_numbers` writes.

    Raises:
        ConfigError: see :func:`write_numbers`.
    """
    document = {
        FOLDER_KIND_KEY: "page",
        "title": page.title,
        "subtitle": page.subtitle,
        "facts": dict(page.facts),
        "verdicts": [_verdict(v) for v in page.verdicts],
        "sections": [
            {"title": s.title, "lead": s.lead, "parts": [_part(p) for p in s.parts]} for s in page.sections
        ],
    }
    text = json.dumps(document, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return f"{text}\n".encode("ascii")


def to_json_types(value: Any, where: str = "numbers") -> Any:
    """Convert a value to types of strict JSON; see :func:`write_numbers`.

    Raises:
        ConfigError: if a type is not supported; the message names ``where``.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _array(np.asarray(value), where)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, complex):
        return {"real": to_json_types(value.real), "imag": to_json_types(value.imag)}
    if isinstance(value, Mapping):
        return {str(key): to_json_types(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_types(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise ConfigError(
        f"{where} is of type {type(value).__name__}; give numpy arrays, numbers, strings, None, "
        "and lists and mappings of these"
    )


def _array(array: np.ndarray, where: str) -> Any:
    if array.dtype.kind == "c":
        return {"real": _array(array.real, where), "imag": _array(array.imag, where)}
    if array.dtype.kind in "biuU":
        return array.tolist()
    if array.dtype.kind == "O":
        return to_json_types(array.tolist(), where)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise ConfigError(f"{where} is an array of {array.dtype}, which JSON cannot represent; give float64")
    exact = array.astype("U32").astype(np.float64) if array.dtype.itemsize < 8 else array
    if np.isfinite(exact).all():
        return exact.tolist()
    items = exact.astype(object)
    for value in (np.nan, np.inf, -np.inf):
        same = np.isnan(exact) if np.isnan(value) else exact == value
        items[same] = str(value)
    return items.tolist()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "title": verdict.title,
        "level": verdict.level,
        "says": verdict.says,
        "where": verdict.where,
        "number": to_json_types(verdict.number, f"the number of verdict {verdict.title!r}"),
        "number_name": verdict.number_name,
        "remedies": [{"what": r.what, "flag": r.flag} for r in verdict.remedies],
    }


def _part(part: Part) -> dict[str, Any]:
    head = {"title": part.title, "caption": part.caption}
    if isinstance(part, Chart):
        numbers = to_json_types(part.numbers, f"chart {part.name!r}: numbers")
        return {"kind": "chart", "name": part.name, **head, "numbers": numbers}
    if isinstance(part, StateMap):
        layers = to_json_types(part.layers, f"state map {part.name!r}")
        notes = to_json_types(part.notes, f"state map {part.name!r}: notes")
        tokens = list(part.tokens)
        return {
            "kind": "state map", "name": part.name, **head, "tokens": tokens, "layers": layers, "notes": notes
        }  # fmt: skip
    if isinstance(part, Table):
        rows = to_json_types([list(row) for row in part.rows], f"table {part.title!r}")
        return {"kind": "table", **head, "header": list(part.header), "rows": rows}
    return {"kind": "words", **head, "text": part.text}
