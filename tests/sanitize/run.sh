#!/usr/bin/env bash
# The extension under sanitizers: `make sanitize`, or `make sanitize SANITIZE=quick`. Needs g++.
set -euo pipefail
cd "$(dirname "$0")/../.."
form=${1:-full}
bin=$PWD/.venv/bin

build() {  # build FOLDER SANITIZERS TARGET...
  "$bin/cmake" -S . -B "build/$1" -G Ninja -DCMAKE_MAKE_PROGRAM="$bin/ninja" -DCMAKE_CXX_COMPILER=g++ \
    -DPython_EXECUTABLE="$bin/python" -DUNROLLED_SANITIZE="$2" >"build/$1.log" || { cat "build/$1.log"; exit 1; }
  "$bin/cmake" --build "build/$1" --target "${@:3}"
}

# Python runs the tests with the sanitized extension. Python itself was built without sanitizers: their
# runtime is loaded first, and leaks, which are Python's, are not looked for.
run_python() {
  local core
  core=$(echo "$PWD"/build/address/_core.*)
  env UNROLLED_CORE="$core" PYTHONPATH="$PWD/tests/sanitize" OMP_NUM_THREADS=1 \
    LD_PRELOAD="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libstdc++.so)" \
    ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
    "$bin/python" "$@"
}

mkdir -p build
build address address,undefined _core drive_kernels
if [ "$form" = quick ]; then
  build/address/tests/native/drive_kernels 60
  run_python -m pytest -q tests/test_extension.py tests/recurrence/test_compiled_layouts.py tests/layers/test_softmax_loss.py
  exit
fi
build thread thread drive_kernels
build/address/tests/native/drive_kernels 1000
build/thread/tests/native/drive_kernels 300
run_python -m pytest -q tests/test_extension.py tests/recurrence tests/layers
