"""The exported folder on real targets: make check with gcc, clang, 32-bit Arm and WebAssembly."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_models import (
    STRICT,
    export_and_compile,
    language_model,
    random_inputs,
    run,
    tool,
    write_language_model,
)
from unrolled.errors import ExportError
from unrolled.exporters.c import Vectors, export_c
from unrolled.programs.builder import Builder
from unrolled.programs.evaluate import Evaluator

STRICT_FLAGS = f"CFLAGS=-O2 {' '.join(STRICT)}"


def make(folder: Path, *words: str) -> str:
    return run(tool("make"), "-s", STRICT_FLAGS, *words, folder=folder)


@pytest.mark.thin(4)
@pytest.mark.parametrize(
    ("precision", "weights_in"),
    [("float32", "array"), ("int8", "file"), ("float32", "file"), ("int8", "array")],
)
def test_make_check(precision: Any, weights_in: Any, tmp_path: Path) -> None:
    write_language_model(tmp_path, precision=precision, weights_in=weights_in)
    assert (tmp_path / "model.bin").exists() == (weights_in == "file")
    out = make(tmp_path, "all", "check")
    assert re.fullmatch(
        r"model: largest difference \S+ over 32 steps \(allowed: \S+\), \d+ bytes of memory\n", out
    )
    make(tmp_path, "clean")
    assert not list(tmp_path.glob("*.o"))


def recorded(change: float = 0.0) -> Vectors:
    program, weights = language_model(24)
    _, tokens = random_inputs(program, 9)
    outputs = Evaluator(program, weights).run({}, tokens)
    outputs["logits"][8, 3] += change
    return Vectors(outputs, tokens=tokens)


def test_make_check_fails_on_a_difference(tmp_path: Path) -> None:
    write_language_model(tmp_path, vectors=recorded())
    text = (tmp_path / "vectors.h").read_text()
    first = re.search(r"expected_logits\[216\] = {\s+(\S+)f,", text)[1]
    (tmp_path / "vectors.h").write_text(text.replace(f"{first}f,", f"{float(first) + 0.0017:.9g}f,", 1))
    done = subprocess.run([tool("make"), "-s", "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    difference = float(done.stdout.split("largest difference ")[1].split()[0])
    assert difference == pytest.approx(0.0017, rel=0.01)
    assert "differs from the recorded outputs" in done.stderr


def test_the_report_tells_how_far_the_precision_is(tmp_path: Path) -> None:
    program, weights = language_model(24)
    export = lambda **options: export_c(program, weights, tmp_path, name="model", **options)  # noqa: E731
    assert export().difference is None
    assert export(vectors=recorded()).difference < 1e-5
    assert 1e-4 < export(vectors=recorded(), precision="int8").difference < 0.1
    make(tmp_path, "check")
    with pytest.raises(
        ExportError, match=r"the program differs from the recorded outputs by 0.0\d+, more than 1e-05"
    ):
        export(vectors=recorded(0.01))


def test_make_check_fails_without_the_weight_file(tmp_path: Path) -> None:
    write_language_model(tmp_path, weights_in="file")
    (tmp_path / "model.bin").write_bytes((tmp_path / "model.bin").read_bytes()[:-1])
    done = subprocess.run([tool("make"), "-s", "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "model.bin is missing or is not the weight file of this model" in done.stderr


def test_only_its_own_weight_file_is_loaded(tmp_path: Path) -> None:
    program, weights = language_model(24)
    model = export_and_compile(tmp_path, program, weights, weights_in="file")
    content = (tmp_path / "model.bin").read_bytes()
    assert model.step({}, {"token": 0})[0] == 2
    assert model.load(content[:-1]) == 2
    assert model.load(bytes(4) + content[4:]) == 2
    assert model.load(content) == 0
    steps = random_inputs(program, 5)
    expected = Evaluator(program, weights).run(*steps)["logits"]
    np.testing.assert_allclose(model.run(*steps)["logits"], expected, atol=1e-5)


@pytest.mark.thin(2)
@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_clang(precision: Any, tmp_path: Path) -> None:
    write_language_model(tmp_path, precision=precision)
    make(tmp_path, "check", f"CC={tool('clang')}")


@pytest.mark.thin(2)
@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_32_bit_arm(precision: Any, tmp_path: Path) -> None:
    compiler, emulator = tool("arm-linux-gnueabihf-gcc"), tool("qemu-arm")
    write_language_model(tmp_path, precision=precision, weights_in="file")
    make(tmp_path, "check", f"CC={compiler}", "LDLIBS=-static -lm", f"RUN={emulator}")


def test_a_cplusplus_program_may_include_the_header(tmp_path: Path) -> None:
    write_language_model(tmp_path)
    (tmp_path / "user.cpp").write_text('#include "model.h"\nint main() { return MODEL_VOCABULARY != 24; }\n')
    flags = ("-Wall", "-Wextra", "-Werror", "-pedantic")
    run(tool("g++"), *flags, tmp_path / "user.cpp", "-o", tmp_path / "user")
    run(tmp_path / "user")


@pytest.mark.thin(2)
@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_no_allocation_and_no_writable_globals(precision: Any, tmp_path: Path) -> None:
    write_language_model(tmp_path, precision=precision)
    make(tmp_path, "all")
    symbols = [line.split() for line in run(tool("nm"), tmp_path / "model.o").splitlines()]
    kinds = {words[-1]: words[-2] for words in symbols}
    # T, t: code; R, r: constants; U: needed from elsewhere.
    assert set(kinds.values()) <= {"T", "t", "R", "r", "U"}
    assert {name for name, kind in kinds.items() if kind == "T"} == {
        "model_init", "model_reset", "model_step", "model_sizeof_state",
    }  # fmt: skip
    assert {name for name, kind in kinds.items() if kind == "U"} <= {
        "expf", "tanhf", "rintf", "memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_",
    }  # fmt: skip


WASM_RUNNER = """
const fs = require("fs");
const [path, tokens, outputs, stack] = [process.argv[2], JSON.parse(process.argv[3]), +process.argv[4]];
WebAssembly.instantiate(fs.readFileSync(path), {}).then(({instance}) => {
    const c = instance.exports, memory = c.memory;
    const state = c.__heap_base.value, size = c.model_sizeof_state(), y = state + (size + 15 & ~15);
    memory.grow(Math.max(0, Math.ceil((y + 4 * outputs - memory.buffer.byteLength) / 65536)));
    c.model_init(state);
    const rows = tokens.map((token) => {
        if (c.model_step(state, token, y) !== 0) throw new Error("a step failed");
        return Array.from(new Float32Array(memory.buffer, y, outputs));
    });
    console.log(JSON.stringify(rows));
});
"""


@pytest.mark.thin(2)
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_webassembly(precision: Any, tmp_path: Path) -> None:
    node, _, _ = tool("node"), tool("clang"), tool("wasm-ld")
    program = write_language_model(tmp_path, precision=precision)
    make(tmp_path, "wasm")
    (tmp_path / "run.js").write_text(WASM_RUNNER)
    _, tokens = random_inputs(program, 20)
    words = json.dumps(tokens["token"].tolist())
    rows = json.loads(run(node, tmp_path / "run.js", tmp_path / "model.wasm", words, 24))
    folder = tmp_path / "native"
    folder.mkdir()
    native = export_and_compile(folder, *language_model(24), precision=precision)
    expected = native.run({}, tokens)["logits"]
    np.testing.assert_allclose(rows, expected, atol=1e-5 if precision == "float32" else 0.02)


OWN_FUNCTIONS = {
    "exp": (np.exp, -80, 88),
    "tanh": (np.tanh, -12, 12),
    "log": (np.log, 1e-30, 1e30),
    "softplus": (lambda x: np.logaddexp(0, x), -30, 30),
    "log_sigmoid": (lambda x: -np.logaddexp(0, -x), -30, 30),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -30, 30),
}


def test_functions_without_a_c_library_are_accurate(tmp_path: Path) -> None:
    from c_models import CModel, compile_library

    builder = Builder()
    inputs = {name: builder.input(name, 2001) for name in OWN_FUNCTIONS}
    program = builder.finish(**{f"{name}_of_x": getattr(x, name)() for name, x in inputs.items()})
    export_c(program, {}, tmp_path, name="own")
    model = CModel(compile_library(tmp_path, "own", flags=("-O2", "-DOWN_OWN_MATH")), "own", program)
    x = {
        name: np.geomspace(low, high, 2001) if low > 0 else np.linspace(low, high, 2001)
        for name, (_, low, high) in OWN_FUNCTIONS.items()
    }
    x = {name: values.astype(np.float32) for name, values in x.items()}
    _, outputs = model.step(x, {})
    for name, (function, _, _) in OWN_FUNCTIONS.items():
        expected = function(x[name].astype(np.float64))
        y = outputs[f"{name}_of_x"]
        error = np.abs(y - expected) / np.maximum(np.abs(expected), 1e-30)
        assert error.max() < 4e-7, name
    limits = {name: np.resize(np.float32([-np.inf, np.inf, np.nan, 0, -200, 200]), 2001) for name in inputs}
    _, outputs = model.step(limits, {})
    with np.errstate(all="ignore"):
        for name, (function, _, _) in OWN_FUNCTIONS.items():
            expected = function(limits[name].astype(np.float64)).astype(np.float32)
            np.testing.assert_allclose(outputs[f"{name}_of_x"], expected, rtol=4e-7, atol=2e-38)
