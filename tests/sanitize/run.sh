#!/usr/bin/env bash
# The compiled extension under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer, every instruction
# set of this processor: `make sanitize`. Needs g++.
#
#   run.sh full     everything (about half an hour on two cores)
#   run.sh quick    without ThreadSanitizer, and a share of the cases and tests (two to three minutes)
set -euo pipefail
cd "$(dirname "$0")/../.."
form=${1:-full}
case $form in full | quick) ;; *) echo "sanitize: '$form' is neither full nor quick" >&2; exit 2 ;; esac
bin=$PWD/.venv/bin

build() {  # build FOLDER SANITIZERS TARGET...
  local folder=build/sanitize-$1
  mkdir -p "$folder"
  "$bin/cmake" -S . -B "$folder" -G Ninja -DCMAKE_MAKE_PROGRAM="$bin/ninja" -DCMAKE_CXX_COMPILER=g++ \
    -DPython_EXECUTABLE="$bin/python" -DUNROLLED_SANITIZE="$2" >"$folder/configure.log" ||
    { cat "$folder/configure.log"; exit 1; }
  "$bin/cmake" --build "$folder" --target "${@:3}"
}

drive() {  # drive FOLDER CASES
  TSAN_OPTIONS=halt_on_error=1 "build/sanitize-$1/tests/native/drive_kernels" "$2"
}

# Python and torch were built without sanitizers: the runtime is loaded before them. Leaks are not looked for,
# since Python keeps memory to its end.
python() {
  env UNROLLED_CORE="$core" PYTHONPATH="$PWD/tests/sanitize" OMP_NUM_THREADS=1 \
    LD_PRELOAD="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libstdc++.so)" \
    ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 "$bin/python" "$@"
}

build address address,undefined _core drive_kernels drive_runtime
core=$(echo "$PWD"/build/sanitize-address/_core.*)
python -c 'from unrolled import extension; import os; assert extension.core.__file__ == os.environ["UNROLLED_CORE"]'
if [ "$form" = quick ]; then
  drive address 60
  build/sanitize-address/tests/native/drive_runtime 20
  python tests/random_cases.py --cases 100
  python -m pytest -q tests/test_extension.py tests/backends/test_compiled_shapes.py \
    tests/backends/test_compiled_layouts.py tests/layers/test_softmax_loss.py \
    tests/engine/test_engine_stream.py tests/engine/test_checks.py
  exit
fi
build thread thread drive_kernels
drive address 1000
build/sanitize-address/tests/native/drive_runtime 1000
drive thread 300
python tests/random_cases.py --cases 3000
# AddressSanitizer's own allocator takes more memory than the test that measures it allows.
# The sanitizer's allocator is not the one that the test of the runtime counts.
python -m pytest -q tests/test_extension.py tests/backends tests/layers tests/engine tests/bench/test_bench_ceiling.py \
  --deselect tests/engine/test_isolation.py::test_a_step_allocates_nothing \
  --deselect tests/backends/test_checkpoint_every.py::test_a_hundred_thousand_steps_add_little_memory
