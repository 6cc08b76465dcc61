// Python bindings of the runtime.
#pragma once
#include <nanobind/nanobind.h>

void bind_runtime(nanobind::module_& m);
