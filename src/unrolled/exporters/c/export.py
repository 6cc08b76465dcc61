"""Write a program as C source."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from numpy.typing import NDArray

from unrolled.errors import ExportError
from unrolled.exporters.c.check import check_source, vectors_header
from unrolled.exporters.c.makefile import makefile
from unrolled.exporters.c.page import page
from unrolled.exporters.c.source import make_source
from unrolled.exporters.c.vectors import Vectors, check_vectors, compare_vectors, record_vectors
from unrolled.exporters.c.weights import Precision
from unrolled.exporters.options import WeightsIn
from unrolled.exporters.page import PageText
from unrolled.programs.program import Program
from unrolled.text.tokenizer import Tokenizer

AUTO_LIMIT = 1 << 20
"""Bytes of weights up to which they become arrays in the source: about 4 MB of text, compiled in seconds."""
ARRAY_LIMIT = 32 << 20
"""Bytes above which arrays are refused: compilers need minutes and gigabytes for them."""


@dataclass(frozen=True)
class Report:
    """What was written, and what it needs on the target."""

    files: tuple[str, ...]
    precision: Precision
    weights_in: WeightsIn
    """"array" or "file"."""
    weight_bytes: int
    state_bytes: int
    """Bytes that carry over from one step to the next."""
    scratch_bytes: int
    """Further bytes in the state struct."""
    multiply_adds: int
    """Multiply-adds of the products of a step."""
    difference: float | None
    """Largest difference of the source's arithmetic from the outputs in ``vectors``, over max(1, |output|);
    None without vectors."""


def export_c(
    program: Program,
    weights: Mapping[str, NDArray[Any]],
    folder: Path,
    *,
    name: str,
    precision: Precision = "float32",
    weights_in: WeightsIn = "auto",
    tokens: Tokenizer | PageText | None = None,
    vectors: Vectors | None = None,
) -> Report:
    """Write NAME.c, NAME.h, check.c, vectors.h and a Makefile into a folder.

    Args:
        program: one step of the model.
        weights: float32 array of each parameter.
        folder: an existing folder.
        name: beginning of the names of files, functions and types: letters, digits and underscores.
        precision: "float32", or "int8" for the matrices in products (one scale per row) and the vectors that
            they multiply (one scale per step); the rest stays float32.
        weights_in: "array": constant arrays in NAME.c; "file": NAME.bin, which the caller loads or maps;
            "auto": arrays up to 1 MiB of weights.
        tokens: tokeniser of a language model, or how it reads and writes text; adds page.html, a web page on
            which the model continues a text. ``make wasm`` compiles the model into it.
        vectors: inputs, and the outputs that the trained module computes from them. A float32 source must
            reproduce them; of int8 the report tells the difference. None: random inputs, numpy's outputs.

    Raises:
        ExportError: if the program cannot be written as C, or an argument does not fit it.
        OSError: if a file cannot be written.
    """
    _require_choice("precision", precision, get_args(Precision))
    _require_choice("weights_in", weights_in, get_args(WeightsIn))
    in_file = _goes_to_file(program, precision, weights_in)
    source = make_source(program, weights, name, precision, in_file=in_file)
    difference = None
    if vectors is None:
        recorded = record_vectors(program, weights, precision)
    else:
        check_vectors(program, vectors)
        recorded, difference = compare_vectors(program, weights, precision, vectors)
    constants = source.interface.constants(program)
    files: dict[str, str | bytes] = {
        f"{name}.c": source.c,
        f"{name}.h": source.h,
        "check.c": check_source(source.interface, constants, in_file=in_file),
        "vectors.h": vectors_header(source.interface, recorded, precision),
        "Makefile": makefile(source.interface, in_file=in_file, page=tokens is not None),
    }
    if source.weight_file:
        files[f"{name}.bin"] = source.weight_file.content
    if tokens is not None:
        files["page.html"] = page(program, tokens, name, in_file=in_file)
    for file, content in files.items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return Report(
        tuple(files),
        precision,
        "file" if in_file else "array",
        source.weight_bytes,
        4 * program.state_size(),
        source.scratch_bytes,
        program.multiply_adds(),
        difference,
    )


def _require_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ExportError(f"{option}={value!r} is not one of {', '.join(choices)}")


def _goes_to_file(program: Program, precision: Precision, weights_in: WeightsIn) -> bool:
    """Return whether the weights go to a file of their own."""
    size = sum(math.prod(shape) for shape in program.parameters.values()) * (
        4 if precision == "float32" else 1
    )
    if weights_in == "array" and size > ARRAY_LIMIT:
        raise ExportError(
            f"{size >> 20} MiB of weights are too many for arrays in a source file: the limit is "
            f"{ARRAY_LIMIT >> 20} MiB; use weights_in='file'"
        )
    return weights_in == "file" or (weights_in == "auto" and size > AUTO_LIMIT)
