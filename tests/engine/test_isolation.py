"""The runtime needs no torch, allocates nothing in a step, and refuses a second thread."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from imports import loaded
from numerics import needs_extension
from program_reference import language_model, random_weights
from unrolled.engine import Engine
from unrolled.engine.core import load_core
from unrolled.errors import BackendError, StreamError


def test_the_runtime_is_imported_without_torch() -> None:
    modules = loaded("import unrolled.engine")
    assert "unrolled.engine.engine" in modules
    assert not modules & {"torch", "unrolled.extension", "unrolled.cells", "unrolled._core"}


def test_a_missing_extension_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unrolled._core", None)
    load_core.cache_clear()
    program = language_model()
    try:
        with pytest.raises(BackendError, match=r"needs the compiled extension .* 'pip install"):
            Engine(program, random_weights(program))
    finally:
        load_core.cache_clear()


COUNTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
static long calls;
long allocation_calls(void) { return calls; }
void* malloc(size_t n) {
  static void* (*f)(size_t); if (!f) f = dlsym(RTLD_NEXT, "malloc"); calls++; return f(n);
}
void* realloc(void* p, size_t n) {
  static void* (*f)(void*, size_t); if (!f) f = dlsym(RTLD_NEXT, "realloc"); calls++; return f(p, n);
}
void* aligned_alloc(size_t a, size_t n) {
  static void* (*f)(size_t, size_t); if (!f) f = dlsym(RTLD_NEXT, "aligned_alloc"); calls++; return f(a, n);
}
"""
COUNTED = """
import ctypes
import gc
import sys
import numpy as np
sys.path.insert(0, {tests!r})
from program_reference import language_model, random_weights
from unrolled.engine import Engine
gc.disable()
count = ctypes.CDLL(None).allocation_calls
count.restype = ctypes.c_long
program = language_model(50, 6, 40, layers=2)
for precision in ("float32", "bfloat16", "int8"):
    stream = Engine(program, random_weights(program), precision).stream(3)
    def calls(steps):
        ids = np.zeros((steps, 3), np.int64)
        logits = np.zeros((steps, 3, 50), np.float32)
        before = count()
        stream._core.run(steps, {{}}, {{"token": ids}}, {{"logits": logits}}, None)
        generated = np.zeros(3, np.int64)
        for number, *options in (
            ([steps], [1.0], [0], [1.0]),
            ([steps], [0.5], [7], [0.9]),
            ([steps, 2, steps - 1], [0.5, 0.0, 1.0], [0, 3, 0], [0.9, 1.0, 0.5]),
        ):
            stream._core.generate(ids, generated, "logits", number, *options, [1], 49)
        return count() - before
    calls(5)
    few, many = calls(5), calls(500)
    assert many == few and few > 0, (precision, few, many)
    assert calls(5) == few
"""


@needs_extension
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler")
def test_a_step_allocates_nothing(tmp_path: Path) -> None:
    """The number of allocations of a call does not depend on its number of steps."""
    (tmp_path / "counter.c").write_text(COUNTER)
    library = tmp_path / "counter.so"
    compile_it = ["cc", "-O1", "-shared", "-fPIC", "-o", library, tmp_path / "counter.c", "-ldl"]
    subprocess.run(compile_it, check=True, cwd=tmp_path)
    script = COUNTED.format(tests=str(Path(__file__).parents[1]))
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "LD_PRELOAD": str(library)})


@needs_extension
def test_a_stream_in_use_by_another_thread_is_refused() -> None:
    program = language_model(50, 8, 64, layers=2)
    stream = Engine(program, random_weights(program)).stream(8)
    ids = np.zeros((20_000, 8), np.int64)
    outcomes: list[str] = []

    def work() -> None:
        try:
            stream.run(tokens={"token": ids}, last=True)
            outcomes.append("done")
        except StreamError as error:
            outcomes.append(str(error).partition(":")[0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", *["the stream is in use by another thread"] * 3]
    stream.reset()
    assert np.isfinite(stream.run(tokens={"token": ids[:2]})["logits"]).all()


@needs_extension
def test_ctrl_c_ends_a_long_call() -> None:
    program = language_model(50, 8, 300)
    stream = Engine(program, random_weights(program)).stream()
    stream.step_token(0)
    steps = 3_000_000  # half a minute or more
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            stream.generate(steps)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - begin < 10
    assert np.isfinite(stream.step_token(1)).all()


@needs_extension
def test_many_threads_share_an_engine() -> None:
    program = language_model(50, 8, 64, layers=2)
    engine = Engine(program, random_weights(program))
    ids = np.random.default_rng(0).integers(50, size=(500, 4))
    expected = engine.stream(4).run(tokens={"token": ids})["logits"]
    results: list[np.ndarray] = []

    def work() -> None:
        for _ in range(3):
            results.append(engine.stream(4).run(tokens={"token": ids})["logits"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    for result in results:
        np.testing.assert_array_equal(result, expected)
