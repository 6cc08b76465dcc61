// The compiled core as Python sees it. No torch here: building needs a C++ compiler and nothing else.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "cpu.h"
#include "peak.h"

namespace nb = nanobind;

NB_MODULE(_core, m) {
  m.doc() = "Compiled core of unrolled.";
  m.def("instruction_sets", &unrolled::instruction_sets,
        "Names of the vector instruction sets that this processor offers.");
  m.def(
      "peak_gflops",
      [](const std::string& dtype, double seconds) {
        nb::gil_scoped_release release;
        if (dtype == "float32")
          return unrolled::peak_gflops<float>(seconds, unrolled::chains_f32());
        if (dtype == "float64")
          return unrolled::peak_gflops<double>(seconds, unrolled::chains_f64());
        throw std::invalid_argument("dtype must be 'float32' or 'float64', got '" + dtype + "'");
      },
      nb::arg("dtype"), nb::arg("seconds"),
      "GFLOP/s of one core on multiply-adds held in registers, measured over `seconds`.");
}
