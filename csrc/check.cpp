#include "check.h"

#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "cells/declaration.h"

namespace unrolled {
namespace {

constexpr int64_t max_axis = INT32_MAX;  // longest axis: kernels store the order of rows in 32 bits
constexpr int max_threads = 4096;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("unrolled kernel: " + what); }

void check_range(const char* name, int64_t value, int64_t minimum, int64_t maximum) {
  if (value < minimum || value > maximum)
    fail(std::string(name) + " must lie in " + std::to_string(minimum) + ".." + std::to_string(maximum) + ", got " +
         std::to_string(value));
}

int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) fail("sizes overflow 64 bits");
  return product;
}

int64_t add(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) fail("sizes overflow 64 bits");
  return sum;
}

// Name of a tensor in messages: a field of LayerArgs, or the cell's name for an entry of an array.
struct Label {
  const char *name, *prefix = "", *suffix = "";
  Label(const char* name) : name(name) {}
  Label(const char* prefix, const char* name, const char* suffix = "")
      : name(name), prefix(prefix), suffix(suffix) {}
  std::string text() const { return std::string(prefix) + name + suffix; }
};

// Checks that the memory of tensors covers what a kernel will access. All numbers have the same size.
class MemoryChecker {
 public:
  explicit MemoryChecker(int64_t element_bytes) : element_bytes_(element_bytes) {}

  void check_required(const Label& name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    if (!b.address && count_numbers(shape)) fail(name.text() + " is missing");
    check_optional(name, b, shape);
  }
  // Passes if the tensor is absent or large enough.
  void check_optional(const Label& name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    check_size(name, b, count_numbers(shape));
  }
  // Check dense rows of `size` numbers with two strided outer axes. The stride of an axis of length 1 is not
  // used.
  void check_strided(const Label& name, const Buffer& b, int64_t outer, int64_t outer_stride, int64_t inner,
                     int64_t inner_stride, int64_t size) const {
    if (!b.address) return;
    const auto last_offset = [&](int64_t length, int64_t stride) {
      if (length < 2) return int64_t(0);
      if (stride < 0) fail(name.text() + " has a negative stride");
      return multiply(length - 1, stride);
    };
    check_size(name, b, add(add(last_offset(outer, outer_stride), last_offset(inner, inner_stride)), size));
  }

 private:
  static int64_t count_numbers(std::initializer_list<int64_t> shape) {
    int64_t numbers = 1;
    for (const int64_t size : shape) numbers = multiply(numbers, size);
    return numbers;
  }
  void check_size(const Label& name, const Buffer& b, int64_t numbers) const {
    if (!b.address) return;
    if (b.address % uintptr_t(element_bytes_))
      fail(name.text() + " is not aligned to the size of its numbers");
    if (multiply(numbers, element_bytes_) > b.bytes)
      fail(name.text() + " needs " + std::to_string(numbers) + " numbers of " +
           std::to_string(element_bytes_) + " bytes, but its memory has " + std::to_string(b.bytes) +
           " bytes");
  }
  int64_t element_bytes_;
};

// Copy int64 indices and point the buffer at the copy.
void copy_indices(const char* name, Buffer& b, int64_t count, std::vector<int64_t>& copy) {
  if (!b.address) return;
  MemoryChecker(sizeof(int64_t)).check_required(name, b, {count});
  copy.resize(std::size_t(count));
  std::memcpy(copy.data(), reinterpret_cast<const void*>(b.address), std::size_t(count) * sizeof(int64_t));
  b = {reinterpret_cast<uintptr_t>(copy.data()), int64_t(count * sizeof(int64_t))};
}

int64_t number_size(int arithmetic) { return Arithmetic(arithmetic) == Arithmetic::float64 ? 8 : 4; }

void check_rate(const Label& name, double rate) {
  if (!(rate >= 0 && rate <= 1)) fail(name.text() + " must lie in 0..1, got " + std::to_string(rate));
}

// Sizes and flags derived from the declaration of the cell and the parameters that are present.
struct Sizes {
  const Declaration& cell;
  int states, vectors;
  int64_t GH, segments;
  bool has_projection, has_norm, has_input_norm, has_zoneout;

  explicit Sizes(const LayerArgs& a)
      : cell(declarations()[std::size_t(a.cell)]),
        states(cell.states.count()),
        vectors(cell.vectors.count()),
        GH(multiply(cell.gates, a.H)),
        segments(a.checkpoint ? (a.T + a.checkpoint - 1) / a.checkpoint : a.T),
        has_projection(a.weight_out),
        has_norm(a.weight_ln_hh),
        has_input_norm(a.weight_ln_ih),
        has_zoneout(a.masks[0] || a.zoneout[0] != 0) {}

  const char* state_name(int k) const { return cell.states.name[k]; }
  static int64_t state_size(const LayerArgs& a, int k) { return k ? a.H : a.R; }
};

void check_options(const LayerArgs& a) {
  check_range("T", a.T, 1, max_axis);
  check_range("B", a.B, 1, max_axis);
  check_range("I", a.I, 0, max_axis);
  check_range("H", a.H, 1, max_axis);
  check_range("R", a.R, 1, max_axis);
  check_range("cell", a.cell, 0, int64_t(declarations().size()) - 1);
  check_range("nonlinearity", a.nonlinearity, 0, int(Nonlinearity::sigmoid));
  check_range("output_nonlinearity", a.output_nonlinearity, 0, int(Nonlinearity::sigmoid));
  check_range("checkpoint", a.checkpoint, 0, a.T);
}

// Check that an array has no more entries than the cell declares.
template <int capacity>
void check_unused(const char* array, const Buffer (&buffers)[capacity], int used, const Sizes& s) {
  for (int k = used; k < capacity; ++k)
    if (buffers[k])
      fail(std::string(array) + "[" + std::to_string(k) + "] must be absent: " + s.cell.name + " has only " +
           std::to_string(used));
}

void check_indices(LayerArgs& a, Indices& indices) {
  copy_indices("lengths", a.lengths, a.B, indices.lengths);
  for (const int64_t length : indices.lengths) check_range("a length", length, 1, a.T);
  if (!a.tokens) return;
  check_range("V", a.V, 1, max_axis);
  copy_indices("tokens", a.tokens, multiply(a.T, a.B), indices.tokens);
  for (const int64_t token : indices.tokens) check_range("a token", token, 0, a.V - 1);
}

// Check the parameters of the product U h. A cell without this product must have none of them.
void check_recurrent(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  if (!s.cell.recurrent) {
    if (a.weight_hh || a.bias_hh || a.weight_ln_hh || a.dweight_hh || a.dbias_hh || a.dweight_ln_hh)
      fail(std::string(s.cell.name) + " has no product U h: weight_hh, bias_hh and weight_ln_hh must be absent");
    return;
  }
  memory.check_required("weight_hh", a.weight_hh, {s.GH, a.R});
  memory.check_optional("bias_hh", a.bias_hh, {s.GH});
  memory.check_optional("weight_ln_hh", a.weight_ln_hh, {s.GH});
  if (s.has_input_norm && !s.has_norm) fail("weight_ln_ih needs weight_ln_hh");
}

void check_vectors(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  check_unused("vectors", a.vectors, s.vectors, s);
  for (int k = 0; k < s.vectors; ++k) {
    const Vector& vector = s.cell.vectors.entries[k];
    bool group_present = false;  // any parameter of the group
    for (int j = 0; j < s.vectors; ++j)
      group_present |= s.cell.vectors.entries[j].group == vector.group && a.vectors[j];
    if (group_present) memory.check_required(vector.name, a.vectors[k], {a.H});
  }
}

void check_parameters(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  if (a.tokens) {
    memory.check_required("x", a.x, {a.V, s.GH});
    if (a.weight_ih || a.bias_ih || a.weight_ln_ih)
      fail("with tokens, x already holds W x + b: weight_ih, bias_ih and weight_ln_ih must be absent");
  } else {
    memory.check_required("weight_ih", a.weight_ih, {s.GH, a.I});
  }
  memory.check_optional("bias_ih", a.bias_ih, {s.GH});
  memory.check_optional("weight_ln_ih", a.weight_ln_ih, {s.GH});
  check_recurrent(a, s, memory);
  check_vectors(a, s, memory);
  if (s.has_projection) memory.check_required("weight_out", a.weight_out, {a.R, a.H});
  if (a.R != a.H && (!s.has_projection || s.cell.reads_h))
    fail("R must be H unless weight_out is present and the step does not read h");
  memory.check_optional("bias_out", a.bias_out, {a.R});
}

void check_states(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  for (int k = 0; k < s.states; ++k) {
    memory.check_required({"", s.state_name(k), "0"}, a.initial[k], {a.B, s.state_size(a, k)});
    memory.check_optional({"mask_", s.state_name(k)}, a.masks[k], {a.T, a.B, s.state_size(a, k)});
    check_rate({"zoneout_", s.state_name(k)}, a.zoneout[k]);
  }
  check_unused("initial", a.initial, s.states, s);
  check_unused("masks", a.masks, s.states, s);
  memory.check_optional("mask_candidate", a.mask_candidate, {a.T, a.B, a.H});
  if (!a.y) fail("y is missing");
  memory.check_strided("y", a.y, a.T, a.y_time, a.B, a.y_row, a.R);
}

// Check the memory of the values that forward stores and backward reads.
void check_stored(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  memory.check_optional("gates", a.gates, {a.T, a.B, s.GH});
  if (a.states[0]) fail("states[0] must be absent: state 0 is stored in y");
  check_unused("states", a.states, s.states, s);
  for (int k = 1; k < s.states; ++k) {
    memory.check_optional({"states of ", s.state_name(k)}, a.states[k],
                          {a.checkpoint && !a.gates ? s.segments : a.T, a.B, a.H});
    if (bool(a.states[k]) != bool(a.states[1])) fail("states must be stored for all states or for none");
  }
  memory.check_optional("extra", a.extra, {a.T, a.B, a.H});
  memory.check_optional("norms", a.norms, {a.T, a.B, s.GH + 2});
  memory.check_optional("input_norms", a.input_norms, {a.T, a.B, s.GH + 1});
  memory.check_optional("hidden", a.hidden, {a.T, a.B, a.H});
  memory.check_optional("emitted", a.emitted, {a.T, a.B, a.R});
}

void check_stored_for_backward(const LayerArgs& a, const Sizes& s) {
  const auto require_stored = [](const Label& name, const Buffer& b) {
    if (!b.address) fail(name.text() + " is missing: backward needs the values that forward stored");
  };
  for (int k = 1; k < s.states; ++k) require_stored({"states of ", s.state_name(k)}, a.states[k]);
  if (a.checkpoint) {
    if (a.gates) fail("gates must be absent with checkpoint: backward recomputes them");
    return;
  }
  const bool y_is_gate = s.cell.gate_is_hidden && !s.has_projection && !s.has_zoneout && !a.mask_candidate;
  if (!y_is_gate) require_stored("gates", a.gates);
  if (s.has_projection && s.has_zoneout) require_stored("emitted", a.emitted);
  if (s.cell.keeps_extra) require_stored("extra", a.extra);
  if (s.has_norm) require_stored("norms", a.norms);
  if (s.has_input_norm) require_stored("input_norms", a.input_norms);
  if (s.has_projection) require_stored("hidden", a.hidden);
}

void check_gradients(const LayerArgs& a, const Sizes& s, const MemoryChecker& memory) {
  memory.check_strided("dy", a.dy, a.T, a.dy_time, a.B, a.dy_row, a.R);
  for (int k = 0; k < s.states; ++k) {
    memory.check_optional({"d", s.state_name(k), "_n"}, a.dfinal[k], {a.B, s.state_size(a, k)});
    memory.check_optional({"d", s.state_name(k), "0"}, a.dinitial[k], {a.B, s.state_size(a, k)});
  }
  check_unused("dfinal", a.dfinal, s.states, s);
  check_unused("dinitial", a.dinitial, s.states, s);
  if (a.tokens)
    memory.check_optional("dx", a.dx, {a.V, s.GH});
  else
    memory.check_optional("dx", a.dx, {a.T, a.B, a.I});
  if (a.tokens && a.dweight_ih) fail("with tokens, dweight_ih must be absent: weight_ih has no gradient");
  if (!s.has_projection && a.dweight_out) fail("dweight_out needs weight_out");
  memory.check_optional("dweight_ih", a.dweight_ih, {s.GH, a.I});
  memory.check_optional("dweight_hh", a.dweight_hh, {s.GH, a.R});
  memory.check_optional("dweight_out", a.dweight_out, {a.R, a.H});
  memory.check_optional("dbias_out", a.dbias_out, {a.R});
  memory.check_optional("dbias_ih", a.dbias_ih, {s.GH});
  memory.check_optional("dbias_hh", a.dbias_hh, {s.GH});
  memory.check_optional("dweight_ln_ih", a.dweight_ln_ih, {s.GH});
  memory.check_optional("dweight_ln_hh", a.dweight_ln_hh, {s.GH});
  for (int k = 0; k < s.vectors; ++k)
    memory.check_optional({"d", s.cell.vectors.entries[k].name}, a.dvectors[k], {a.H});
  check_unused("dvectors", a.dvectors, s.vectors, s);
}

}  // namespace

void check_layer(LayerArgs& a, Indices& indices, int arithmetic, int threads, bool backward) {
  check_range("threads", threads, 1, max_threads);
  check_options(a);
  check_indices(a, indices);
  const MemoryChecker memory(number_size(arithmetic));
  const Sizes s(a);
  if (!a.tokens) {
    if (!a.x && a.I) fail("x is missing");
    memory.check_strided("x", a.x, a.T, a.x_time, a.B, a.x_row, a.I);
  }
  check_parameters(a, s, memory);
  check_states(a, s, memory);
  check_stored(a, s, memory);
  if (backward) {
    check_stored_for_backward(a, s);
    check_gradients(a, s, memory);
    return;
  }
  for (int k = 0; k < s.states; ++k)
    memory.check_required({"", s.state_name(k), "_n"}, a.final[k], {a.B, s.state_size(a, k)});
  check_unused("final", a.final, s.states, s);
}

void check_softmax(SoftmaxArgs& a, Indices& indices, int arithmetic, int threads) {
  check_range("threads", threads, 1, max_threads);
  check_range("N", a.N, 1, max_axis);
  check_range("F", a.F, 0, max_axis);
  check_range("V", a.V, 1, max_axis);
  check_rate("smoothing", a.smoothing);
  const MemoryChecker memory(number_size(arithmetic));
  if (!a.h && a.F) fail("h is missing");
  memory.check_strided("h", a.h, a.N, a.h_row, 1, 0, a.F);
  memory.check_required("weight", a.weight, {a.V, a.F});
  memory.check_optional("bias", a.bias, {a.V});
  memory.check_optional("row_weights", a.row_weights, {a.N});
  memory.check_required("loss", a.loss, {1});
  memory.check_required("nats", a.nats, {a.N});
  memory.check_optional("dh", a.dh, {a.N, a.F});
  memory.check_optional("dweight", a.dweight, {a.V, a.F});
  memory.check_optional("dbias", a.dbias, {a.V});
  if (!a.targets) fail("targets are missing");
  copy_indices("targets", a.targets, a.N, indices.targets);
  for (const int64_t target : indices.targets)
    if (target != a.ignore) check_range("a target", target, 0, a.V - 1);
}

}  // namespace unrolled
