"""What cannot be exported as C is refused in one line, before a file is written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_models import language_model
from unrolled.errors import ExportError
from unrolled.exporters.c import Vectors, export_c
from unrolled.exporters.c.export import ARRAY_LIMIT
from unrolled.programs.builder import Builder
from unrolled.programs.program import Program

PROGRAM, WEIGHTS = language_model(9)
LOGITS, TOKENS = np.zeros((3, 9)), np.zeros(3, int)


def refused(
    folder: Path, match: str, program: Program = PROGRAM, weights: Any = WEIGHTS, **options: Any
) -> None:
    with pytest.raises(ExportError, match=match) as caught:
        export_c(program, weights, folder, **{"name": "model"} | options)
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "1model", "my-model", "int", "class", "modèle", "a b"])
def test_names_that_c_does_not_have(name: str, tmp_path: Path) -> None:
    refused(tmp_path, f"name='{name}' cannot begin the names of C functions", name=name)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"output.bias": None}, "the weights lack 'output.bias'"),
        ({"output.bias": np.zeros(8)}, r"'output.bias' has shape \(8,\), but the program reads \(9,\)"),
        ({"output.bias": np.full(9, np.nan)}, "'output.bias' holds a number that is not finite"),
        ({"output.bias": np.full(9, 1e39)}, "'output.bias' holds a number that is not finite"),
    ],
    ids=["missing", "shape", "nan", "float64"],
)
def test_weights_that_do_not_fit(changed: dict[str, Any], match: str, tmp_path: Path) -> None:
    weights = {k: v for k, v in (WEIGHTS | changed).items() if v is not None}
    refused(tmp_path, match, weights=weights)


@pytest.mark.parametrize("option", ["precision", "weights_in"])
def test_options_that_do_not_exist(option: str, tmp_path: Path) -> None:
    refused(tmp_path, f"{option}='int4' is not one of ", **{option: "int4"})


def test_an_operation_that_c_does_not_have(tmp_path: Path) -> None:
    operations = (*PROGRAM.operations[:-1], replace(PROGRAM.operations[-1], name="convolve"))
    refused(tmp_path, "operation 'convolve' has no form in C", replace(PROGRAM, operations=operations))


def test_programs_that_do_nothing(tmp_path: Path) -> None:
    refused(tmp_path, "the program has no outputs", replace(PROGRAM, outputs={}))
    builder = Builder()
    program = builder.finish(y=builder.constant(1.0))
    refused(tmp_path, "the program has no inputs", program, {})


def test_too_many_weights_for_arrays(tmp_path: Path) -> None:
    builder = Builder()
    rows = ARRAY_LIMIT // 4096 + 1
    program = builder.finish(y=builder.input("x", 1024).linear(builder.parameter("w", (rows, 1024))))
    refused(tmp_path, r"32 MiB of weights are too many .* weights_in='file'", program, {}, weights_in="array")


def test_sums_that_overflow_in_int8(tmp_path: Path) -> None:
    builder = Builder()
    program = builder.finish(y=builder.input("x", 140_000).linear(builder.parameter("w", (1, 140_000))))
    weights = {"w": np.zeros((1, 140_000), np.float32)}
    refused(tmp_path, "w has 140,000 columns", program, weights, precision="int8")


@pytest.mark.parametrize(
    ("vectors", "match"),
    [
        (
            Vectors({"y": LOGITS}, tokens={"token": TOKENS}),
            r"outputs are \['y'\], but the program has \['logits'\]",
        ),
        (Vectors({"logits": LOGITS}), r"tokens are \[\], but the program has \['token'\]"),
        (
            Vectors({"logits": LOGITS[:, 1:]}, tokens={"token": TOKENS}),
            r"'logits' has shape \(3, 8\), not \(3, 9\)",
        ),
        (Vectors({"logits": LOGITS}, tokens={"token": TOKENS[1:]}), r"'token' has shape \(2,\), not \(3,\)"),
    ],
    ids=["outputs", "tokens", "size", "steps"],
)
def test_vectors_of_another_program(vectors: Vectors, match: str, tmp_path: Path) -> None:
    refused(tmp_path, f"vectors: .*{match}", vectors=vectors)


def test_odd_names_become_identifiers(tmp_path: Path) -> None:
    builder = Builder()
    state = builder.state("a.int */", 2)
    builder.set_state("a.int */", state + builder.input("double", 2))
    program = builder.finish(**{"1.é": state.linear(builder.parameter("sum", (2, 2))), "s": state})
    weights = {"sum": np.ones((2, 2), np.float32)}
    export_c(program, weights, tmp_path, name="odd")
    from c_models import CModel, compile_library

    model = CModel(compile_library(tmp_path, "odd"), "odd", program)
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    outputs = model.run({"double": x}, {})
    np.testing.assert_allclose(outputs["1.é"], [[0, 0], [3, 3]])
    np.testing.assert_allclose(outputs["s"], [[0, 0], [1, 2]])
