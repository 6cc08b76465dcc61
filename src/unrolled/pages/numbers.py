"""Every number of a page as strict JSON."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import ConfigError
from unrolled.pages.parts import Chart, Page, Part, StateMap, Table
from unrolled.storage.folder import MARK
from unrolled.storage.output import write_output


def write_numbers(page: Page, path: Path) -> None:
    """Write all that the page says and draws, as JSON that any reader takes.

    JSON has no word for values that are not finite: they are the strings ``"nan"``, ``"inf"`` and ``"-inf"``,
    which ``float`` and ``numpy.array(…, float)`` read back. Floats of numpy keep their type's exact value
    (float32 is written with the digits that it needs), so reading into the same type gives the same bits. A
    complex array is ``{"real": …, "imag": …}``; keys are strings.

    Raises:
        ConfigError: if a chart's numbers hold anything but arrays, numbers, strings, None, and lists and
            mappings of these.
        RunError: if the file cannot be written.
    """
    write_output(path, numbers_bytes(page))


def numbers_bytes(page: Page) -> bytes:
    """Return what :func:`write_numbers` writes.

    Raises:
        ConfigError: see there.
    """
    document = {
        MARK: "page",
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


def plain(value: Any, where: str = "numbers") -> Any:
    """Return the value in the types of strict JSON; see :func:`write_numbers`.

    Raises:
        ConfigError: if it holds anything else; ``where`` is named in the message.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _array(np.asarray(value), where)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, complex):
        return {"real": plain(value.real), "imag": plain(value.imag)}
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
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
        return plain(array.tolist(), where)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise ConfigError(f"{where} is an array of {array.dtype}, which JSON cannot hold; give float64")
    exact = array.astype("U32").astype(np.float64) if array.dtype.itemsize < 8 else array
    if np.isfinite(exact).all():
        return exact.tolist()
    words = exact.astype(object)
    for value in (np.nan, np.inf, -np.inf):
        same = np.isnan(exact) if np.isnan(value) else exact == value
        words[same] = str(value)
    return words.tolist()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "title": verdict.title,
        "level": verdict.level,
        "says": verdict.says,
        "where": verdict.where,
        "number": plain(verdict.number, f"the number of verdict {verdict.title!r}"),
        "number_name": verdict.number_name,
        "remedies": [{"what": r.what, "flag": r.flag} for r in verdict.remedies],
    }


def _part(part: Part) -> dict[str, Any]:
    head = {"title": part.title, "caption": part.caption}
    if isinstance(part, Chart):
        numbers = plain(part.numbers, f"chart {part.name!r}: numbers")
        return {"kind": "chart", "name": part.name, **head, "numbers": numbers}
    if isinstance(part, StateMap):
        layers = plain(part.layers, f"state map {part.name!r}")
        notes = plain(part.notes, f"state map {part.name!r}: notes")
        tokens = list(part.tokens)
        return {
            "kind": "state map", "name": part.name, **head, "tokens": tokens, "layers": layers, "notes": notes
        }  # fmt: skip
    if isinstance(part, Table):
        rows = plain([list(row) for row in part.rows], f"table {part.title!r}")
        return {"kind": "table", **head, "header": list(part.header), "rows": rows}
    return {"kind": "words", **head, "text": part.text}
