// Python bindings of the compiled core. They do not use torch, so building needs only a C++ compiler. Tensors
// are passed as addresses, memory sizes and shapes. Python checks them first; check.h checks them again.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "args.h"
#include "arithmetic/cpu.h"
#include "arithmetic/parallel.h"
#include "arithmetic/peak.h"
#include "bindings_runtime.h"
#include "cells/declaration.h"
#include "check.h"
#include "loop/dispatch.h"

namespace nb = nanobind;
using namespace unrolled;

namespace {

template <class Args>
using Kernel = void (*)(const Args&, int);

template <class Args>
Kernel<Args> kernel_for(Kernel<Args> const (Kernels::*table)[3], int arithmetic) {
  if (arithmetic < 0 || arithmetic > 2)
    throw std::invalid_argument("no such arithmetic: give 0 (float32), 1 (float64) or 2 (bfloat16)");
  const Kernel<Args> kernel = (current_kernels().*table)[arithmetic];
  if (!kernel)
    throw std::runtime_error(std::string("the instruction set ") + current_kernels().name +
                             " has no kernel for this arithmetic");
  return kernel;
}

// `args` is a copy of Python's object, because check_layer points it at the copied indices.
void layer(LayerArgs args, int arithmetic, int threads, bool backward) {
  const auto kernel = kernel_for(backward ? &Kernels::layer_backward : &Kernels::layer_forward, arithmetic);
  Indices indices;
  check_layer(args, indices, arithmetic, threads, backward);
  nb::gil_scoped_release release;
  kernel(args, threads);
}

void softmax(SoftmaxArgs args, int arithmetic, int threads) {
  const auto kernel = kernel_for(&Kernels::softmax, arithmetic);
  Indices indices;
  check_softmax(args, indices, arithmetic, threads);
  nb::gil_scoped_release release;
  kernel(args, threads);
}

using Memory = std::pair<uintptr_t, int64_t>;  // address, bytes

Memory to_python(const Buffer& b) { return {b.address, b.bytes}; }
double to_python(double value) { return value; }
void from_python(Buffer& b, const Memory& memory) { b = {memory.first, memory.second}; }
void from_python(double& b, double value) { b = value; }

// Bind an array as a list. Reading returns all entries. Setting takes at most `capacity` entries; the remaining
// ones become absent.
template <class T, std::size_t capacity>
void bind_array(nb::class_<LayerArgs>& c, const char* name, T (LayerArgs::*field)[capacity]) {
  using Item = decltype(to_python(std::declval<const T&>()));
  c.def_prop_rw(
      name,
      [field](const LayerArgs& a) {
        std::vector<Item> items;
        for (const T& item : a.*field) items.push_back(to_python(item));
        return items;
      },
      [field, name](LayerArgs& a, const std::vector<Item>& items) {
        if (items.size() > capacity)
          throw std::invalid_argument(std::string("unrolled kernel: ") + name + " holds at most " +
                                      std::to_string(capacity) + " entries, got " + std::to_string(items.size()));
        for (T& item : a.*field) item = T{};
        for (std::size_t k = 0; k < items.size(); ++k) from_python((a.*field)[k], items[k]);
      });
}

// Bind a field: a number, or memory as (address, bytes).
template <class Args, class T>
void bind_field(nb::class_<Args>& c, const char* name, T Args::*field) {
  if constexpr (std::is_same_v<T, Buffer>)
    c.def_prop_rw(
        name, [field](const Args& a) { return to_python(a.*field); },
        [field](Args& a, const Memory& memory) { from_python(a.*field, memory); });
  else
    c.def_rw(name, field);
}

void bind_layer(nb::module_& m) {
  nb::class_<LayerArgs> c(m, "LayerArgs");
  c.def(nb::init<>());
#define FIELD(name) bind_field(c, #name, &LayerArgs::name);
#define ARRAY(name) bind_array(c, #name, &LayerArgs::name);
  FIELD(T) FIELD(B) FIELD(I) FIELD(H) FIELD(R)
  FIELD(cell) FIELD(nonlinearity) FIELD(output_nonlinearity) FIELD(reverse) FIELD(checkpoint)
  ARRAY(zoneout) FIELD(lengths)
  FIELD(x) FIELD(x_time) FIELD(x_row) FIELD(tokens) FIELD(V)
  FIELD(weight_ih) FIELD(bias_ih) FIELD(weight_hh) FIELD(bias_hh) FIELD(weight_ln_ih) FIELD(weight_ln_hh)
  ARRAY(vectors) FIELD(weight_out) FIELD(bias_out) ARRAY(initial) ARRAY(masks) FIELD(mask_candidate)
  FIELD(y) FIELD(y_time) FIELD(y_row) ARRAY(final)
  FIELD(gates) ARRAY(states) FIELD(extra) FIELD(norms) FIELD(input_norms) FIELD(hidden) FIELD(emitted)
  FIELD(dy) FIELD(dy_time) FIELD(dy_row) ARRAY(dfinal) FIELD(dx) ARRAY(dinitial)
  FIELD(dweight_ih) FIELD(dbias_ih) FIELD(dweight_hh) FIELD(dbias_hh) FIELD(dweight_ln_ih) FIELD(dweight_ln_hh)
  ARRAY(dvectors) FIELD(dweight_out) FIELD(dbias_out)
#undef ARRAY
#undef FIELD
  m.def("layer_forward", [](const LayerArgs& a, int arithmetic, int threads) { layer(a, arithmetic, threads, false); },
        nb::arg("args"), nb::arg("arithmetic"), nb::arg("threads"), "Run one layer in one direction.");
  m.def("layer_backward", [](const LayerArgs& a, int arithmetic, int threads) { layer(a, arithmetic, threads, true); },
        nb::arg("args"), nb::arg("arithmetic"), nb::arg("threads"), "Compute the gradients of layer_forward.");
}

// Bind the declarations of the compiled steps, in the order of cells/list.h.
void bind_cells(nb::module_& m) {
  nb::class_<Declaration> c(m, "Kernel");
  c.def_prop_ro("name", [](const Declaration& d) { return std::string(d.name); });
  c.def_ro("gates", &Declaration::gates);
  c.def_prop_ro("states", [](const Declaration& d) {
    return std::vector<std::string>(d.states.name, d.states.name + d.states.count());
  });
  c.def_prop_ro("vectors", [](const Declaration& d) {
    std::vector<std::string> names;
    for (int k = 0; k < d.vectors.count(); ++k) names.emplace_back(d.vectors.entries[k].name);
    return names;
  });
  c.def_ro("recurrent", &Declaration::recurrent);
  c.def_ro("keeps_extra", &Declaration::keeps_extra);
  c.def_ro("gate_is_hidden", &Declaration::gate_is_hidden);
  m.def("kernels_of_cells", &declarations,
        "Declarations of the compiled steps. LayerArgs.cell is an index into this list.");
}

void bind_softmax(nb::module_& m) {
  nb::class_<SoftmaxArgs> c(m, "SoftmaxArgs");
  c.def(nb::init<>());
#define FIELD(name) bind_field(c, #name, &SoftmaxArgs::name);
  FIELD(N) FIELD(F) FIELD(V) FIELD(ignore) FIELD(smoothing) FIELD(h) FIELD(weight) FIELD(bias) FIELD(h_row)
  FIELD(targets) FIELD(row_weights) FIELD(loss) FIELD(nats) FIELD(dh) FIELD(dweight) FIELD(dbias)
#undef FIELD
  m.def("softmax", &softmax,
        nb::arg("args"), nb::arg("arithmetic"), nb::arg("threads"),
        "Compute the softmax cross-entropy of a linear layer and its gradients.");
}

}  // namespace

NB_MODULE(_core, m) {
  m.doc() = "Compiled kernels of unrolled.";
  m.def("instruction_sets", &instruction_sets,
        "Return the names of this processor's vector instruction sets.");
  m.def("kernel_sets", &kernel_sets,
        "Return the names of the kernels that this processor can run, fastest first.");
  m.def("use_kernels", &use_kernels, nb::arg("name"), "Use the kernels of this instruction set from now on.");
  m.def("current_kernels", [] { return std::string(current_kernels().name); },
        "Return the name of the kernels in use.");
  m.def("has_bfloat16", [] { return current_kernels().layer_forward[2] != nullptr; },
        "Return whether the kernels in use can multiply bfloat16.");
  m.def("use_openmp_of", [](const std::string& library) { return std::string(use_openmp_of(library.c_str())); },
        nb::arg("library"),
        "Use the OpenMP runtime of this loaded library. Returns its name, or 'none: ' and the reason.");
  bind_layer(m);
  bind_cells(m);
  bind_softmax(m);
  bind_runtime(m);
  m.def(
      "peak_gflops",
      [](const std::string& dtype, double seconds) {
        if (!(seconds > 0 && seconds <= 60))
          throw std::invalid_argument("seconds must lie between 0 and 60, got " + std::to_string(seconds));
        nb::gil_scoped_release release;
        if (dtype == "float32") return peak_gflops<float>(seconds, best_fma_kernel_f32());
        if (dtype == "float64") return peak_gflops<double>(seconds, best_fma_kernel_f64());
        throw std::invalid_argument("dtype must be 'float32' or 'float64', got '" + dtype + "'");
      },
      nb::arg("dtype"), nb::arg("seconds"),
      "Measure the GFLOP/s of one core on multiply-adds in registers, over `seconds` of wall time.");
}
