#include "check.h"

#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "cells/declaration.h"

namespace unrolled {
namespace {

constexpr int64_t largest = INT32_MAX;  // of one axis: kernels keep the order of rows in 32 bits
constexpr int most_threads = 4096;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("unrolled kernel: " + what); }

void within(const char* name, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most)
    refuse(std::string(name) + " must lie in " + std::to_string(least) + ".." + std::to_string(most) + ", got " +
           std::to_string(value));
}

int64_t times(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) refuse("sizes overflow 64 bits");
  return product;
}

int64_t plus(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) refuse("sizes overflow 64 bits");
  return sum;
}

// How a message names a tensor: a field of LayerArgs, or one of an array by what the cell calls it.
struct Label {
  const char *name, *before = "", *after = "";
  Label(const char* name) : name(name) {}
  Label(const char* before, const char* name, const char* after = "") : name(name), before(before), after(after) {}
  std::string text() const { return std::string(before) + name + after; }
};

// Compares memory with what will be touched, in numbers of one size.
class Memory {
 public:
  explicit Memory(int64_t number) : number_(number) {}

  void needs(const Label& name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    if (!b.address && numbers_of(shape)) refuse(name.text() + " is missing");
    may_have(name, b, shape);
  }
  // Absent, or large enough.
  void may_have(const Label& name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    holds(name, b, numbers_of(shape));
  }
  // Rows of `size` numbers, each dense; an axis of length one has no stride.
  void strided(const Label& name, const Buffer& b, int64_t outer, int64_t outer_stride, int64_t inner,
               int64_t inner_stride, int64_t size) const {
    if (!b.address) return;
    const auto last = [&](int64_t length, int64_t stride) {
      if (length < 2) return int64_t(0);
      if (stride < 0) refuse(name.text() + " has a negative stride");
      return times(length - 1, stride);
    };
    holds(name, b, plus(plus(last(outer, outer_stride), last(inner, inner_stride)), size));
  }

 private:
  static int64_t numbers_of(std::initializer_list<int64_t> shape) {
    int64_t numbers = 1;
    for (const int64_t size : shape) numbers = times(numbers, size);
    return numbers;
  }
  void holds(const Label& name, const Buffer& b, int64_t numbers) const {
    if (!b.address) return;
    if (b.address % uintptr_t(number_)) refuse(name.text() + " is not aligned to its numbers");
    if (times(numbers, number_) > b.bytes)
      refuse(name.text() + " needs " + std::to_string(numbers) + " numbers of " + std::to_string(number_) +
             " bytes, but its memory has " + std::to_string(b.bytes) + " bytes");
  }
  int64_t number_;
};

// Copies whole numbers and points the buffer at the copy.
void own(const char* name, Buffer& b, int64_t count, std::vector<int64_t>& copy) {
  if (!b.address) return;
  Memory(sizeof(int64_t)).needs(name, b, {count});
  copy.resize(std::size_t(count));
  std::memcpy(copy.data(), reinterpret_cast<const void*>(b.address), std::size_t(count) * sizeof(int64_t));
  b = {reinterpret_cast<uintptr_t>(copy.data()), int64_t(count * sizeof(int64_t))};
}

int64_t number_size(int arithmetic) { return Arithmetic(arithmetic) == Arithmetic::float64 ? 8 : 4; }

void check_rate(const Label& name, double rate) {
  if (!(rate >= 0 && rate <= 1)) refuse(name.text() + " must lie in 0..1");
}

// What follows from the declaration of the cell and the parameters that are there.
struct Sizes {
  const Declaration& cell;
  int states, vectors;
  int64_t GH, segments;
  bool map, norm, norm_input, zoneout;

  explicit Sizes(const LayerArgs& a)
      : cell(declarations()[std::size_t(a.cell)]),
        states(cell.states.count()),
        vectors(cell.vectors.count()),
        GH(times(cell.gates, a.H)),
        segments(a.checkpoint ? (a.T + a.checkpoint - 1) / a.checkpoint : a.T),
        map(a.weight_out),
        norm(a.weight_ln_hh),
        norm_input(a.weight_ln_ih),
        zoneout(a.masks[0] || a.zoneout[0] != 0) {}

  const char* state(int k) const { return cell.states.name[k]; }
  static int64_t size(const LayerArgs& a, int k) { return k ? a.H : a.R; }
};

void check_options(const LayerArgs& a) {
  within("T", a.T, 1, largest);
  within("B", a.B, 1, largest);
  within("I", a.I, 0, largest);
  within("H", a.H, 1, largest);
  within("R", a.R, 1, largest);
  within("cell", a.cell, 0, int64_t(declarations().size()) - 1);
  within("nonlinearity", a.nonlinearity, 0, int(Nonlinearity::sigmoid));
  within("output_nonlinearity", a.output_nonlinearity, 0, int(Nonlinearity::sigmoid));
  within("checkpoint", a.checkpoint, 0, a.T);
}

// Entries of an array beyond what the cell declares are absent.
template <int most>
void check_unused(const char* array, const Buffer (&buffers)[most], int used, const Sizes& s) {
  for (int k = used; k < most; ++k)
    if (buffers[k])
      refuse(std::string(array) + "[" + std::to_string(k) + "] is more than " + s.cell.name + " has");
}

void check_indices(LayerArgs& a, Indices& indices) {
  own("lengths", a.lengths, a.B, indices.lengths);
  for (const int64_t length : indices.lengths) within("a length", length, 1, a.T);
  if (!a.tokens) return;
  within("V", a.V, 1, largest);
  own("tokens", a.tokens, times(a.T, a.B), indices.tokens);
  for (const int64_t token : indices.tokens) within("a token", token, 0, a.V - 1);
}

// A cell without the product U h has none of its parameters.
void check_recurrent(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  if (!s.cell.recurrent) {
    if (a.weight_hh || a.bias_hh || a.weight_ln_hh || a.dweight_hh || a.dbias_hh || a.dweight_ln_hh)
      refuse(std::string(s.cell.name) + " has no product U h: weight_hh, bias_hh and weight_ln_hh must be absent");
    return;
  }
  memory.needs("weight_hh", a.weight_hh, {s.GH, a.R});
  memory.may_have("bias_hh", a.bias_hh, {s.GH});
  memory.may_have("weight_ln_hh", a.weight_ln_hh, {s.GH});
  if (s.norm_input && !s.norm) refuse("weight_ln_ih needs weight_ln_hh");
}

void check_vectors(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  check_unused("vectors", a.vectors, s.vectors, s);
  for (int k = 0; k < s.vectors; ++k) {
    const Vector& vector = s.cell.vectors.of[k];
    bool given = false;  // any of its group
    for (int j = 0; j < s.vectors; ++j) given |= s.cell.vectors.of[j].group == vector.group && a.vectors[j];
    if (given) memory.needs(vector.name, a.vectors[k], {a.H});
  }
}

void check_parameters(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  if (a.tokens) {
    memory.needs("x", a.x, {a.V, s.GH});
    if (a.weight_ih || a.bias_ih || a.weight_ln_ih) refuse("with tokens x is W x + b already");
  } else {
    memory.needs("weight_ih", a.weight_ih, {s.GH, a.I});
  }
  memory.may_have("bias_ih", a.bias_ih, {s.GH});
  memory.may_have("weight_ln_ih", a.weight_ln_ih, {s.GH});
  check_recurrent(a, s, memory);
  check_vectors(a, s, memory);
  if (s.map)
    memory.needs("weight_out", a.weight_out, {a.R, a.H});
  if (a.R != a.H && (!s.map || s.cell.reads_h)) refuse("R must be H where h itself is fed back");
  memory.may_have("bias_out", a.bias_out, {a.R});
}

void check_states(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  for (int k = 0; k < s.states; ++k) {
    memory.needs({"", s.state(k), "0"}, a.initial[k], {a.B, s.size(a, k)});
    memory.may_have({"mask_", s.state(k)}, a.masks[k], {a.T, a.B, s.size(a, k)});
    check_rate({"zoneout_", s.state(k)}, a.zoneout[k]);
  }
  check_unused("initial", a.initial, s.states, s);
  check_unused("masks", a.masks, s.states, s);
  memory.may_have("mask_candidate", a.mask_candidate, {a.T, a.B, a.H});
  if (!a.y) refuse("y is missing");
  memory.strided("y", a.y, a.T, a.y_time, a.B, a.y_row, a.R);
}

// Room for what forward keeps and backward reads.
void check_kept(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  memory.may_have("gates", a.gates, {a.T, a.B, s.GH});
  if (a.states[0]) refuse("states[0] is kept as y");
  check_unused("states", a.states, s.states, s);
  for (int k = 1; k < s.states; ++k) {
    memory.may_have({"states of ", s.state(k)}, a.states[k], {a.checkpoint && !a.gates ? s.segments : a.T, a.B, a.H});
    if (bool(a.states[k]) != bool(a.states[1])) refuse("states are kept all or none");
  }
  memory.may_have("extra", a.extra, {a.T, a.B, a.H});
  memory.may_have("norms", a.norms, {a.T, a.B, s.GH + 2});
  memory.may_have("input_norms", a.input_norms, {a.T, a.B, s.GH + 1});
  memory.may_have("hidden", a.hidden, {a.T, a.B, a.H});
  memory.may_have("emitted", a.emitted, {a.T, a.B, a.R});
}

void check_kept_for_backward(const LayerArgs& a, const Sizes& s) {
  const auto needed = [](const Label& name, const Buffer& b) {
    if (!b.address) refuse(name.text() + " was not kept for backward");
  };
  for (int k = 1; k < s.states; ++k) needed({"states of ", s.state(k)}, a.states[k]);
  if (a.checkpoint) {
    if (a.gates) refuse("gates are computed anew with checkpoint");
    return;
  }
  const bool y_is_gate = s.cell.gate_is_hidden && !s.map && !s.zoneout && !a.mask_candidate;
  if (!y_is_gate) needed("gates", a.gates);
  if (s.map && s.zoneout) needed("emitted", a.emitted);
  if (s.cell.keeps_extra) needed("extra", a.extra);
  if (s.norm) needed("norms", a.norms);
  if (s.norm_input) needed("input_norms", a.input_norms);
  if (s.map) needed("hidden", a.hidden);
}

void check_gradients(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  memory.strided("dy", a.dy, a.T, a.dy_time, a.B, a.dy_row, a.R);
  for (int k = 0; k < s.states; ++k) {
    memory.may_have({"d", s.state(k), "_n"}, a.dfinal[k], {a.B, s.size(a, k)});
    memory.may_have({"d", s.state(k), "0"}, a.dinitial[k], {a.B, s.size(a, k)});
  }
  check_unused("dfinal", a.dfinal, s.states, s);
  check_unused("dinitial", a.dinitial, s.states, s);
  if (a.tokens)
    memory.may_have("dx", a.dx, {a.V, s.GH});
  else
    memory.may_have("dx", a.dx, {a.T, a.B, a.I});
  if (a.tokens && a.dweight_ih) refuse("with tokens there is no gradient of weight_ih");
  if (!s.map && a.dweight_out) refuse("dweight_out needs weight_out");
  memory.may_have("dweight_ih", a.dweight_ih, {s.GH, a.I});
  memory.may_have("dweight_hh", a.dweight_hh, {s.GH, a.R});
  memory.may_have("dweight_out", a.dweight_out, {a.R, a.H});
  memory.may_have("dbias_out", a.dbias_out, {a.R});
  memory.may_have("dbias_ih", a.dbias_ih, {s.GH});
  memory.may_have("dbias_hh", a.dbias_hh, {s.GH});
  memory.may_have("dweight_ln_ih", a.dweight_ln_ih, {s.GH});
  memory.may_have("dweight_ln_hh", a.dweight_ln_hh, {s.GH});
  for (int k = 0; k < s.vectors; ++k) memory.may_have({"d", s.cell.vectors.of[k].name}, a.dvectors[k], {a.H});
  check_unused("dvectors", a.dvectors, s.vectors, s);
}

}  // namespace

void check_layer(LayerArgs& a, Indices& indices, int arithmetic, int threads, bool backward) {
  within("threads", threads, 1, most_threads);
  check_options(a);
  check_indices(a, indices);
  const Memory memory(number_size(arithmetic));
  const Sizes s(a);
  if (!a.tokens) {
    if (!a.x && a.I) refuse("x is missing");
    memory.strided("x", a.x, a.T, a.x_time, a.B, a.x_row, a.I);
  }
  check_parameters(a, s, memory);
  check_states(a, s, memory);
  check_kept(a, s, memory);
  if (backward) {
    check_kept_for_backward(a, s);
    check_gradients(a, s, memory);
    return;
  }
  for (int k = 0; k < s.states; ++k) memory.needs({"", s.state(k), "_n"}, a.final[k], {a.B, s.size(a, k)});
  check_unused("final", a.final, s.states, s);
}

void check_softmax(SoftmaxArgs& a, Indices& indices, int arithmetic, int threads) {
  within("threads", threads, 1, most_threads);
  within("N", a.N, 1, largest);
  within("F", a.F, 0, largest);
  within("V", a.V, 1, largest);
  check_rate("smoothing", a.smoothing);
  const Memory memory(number_size(arithmetic));
  if (!a.h && a.F) refuse("h is missing");
  memory.strided("h", a.h, a.N, a.h_row, 1, 0, a.F);
  memory.needs("weight", a.weight, {a.V, a.F});
  memory.may_have("bias", a.bias, {a.V});
  memory.may_have("row_weights", a.row_weights, {a.N});
  memory.needs("loss", a.loss, {1});
  memory.needs("nats", a.nats, {a.N});
  memory.may_have("dh", a.dh, {a.N, a.F});
  memory.may_have("dweight", a.dweight, {a.V, a.F});
  memory.may_have("dbias", a.dbias, {a.V});
  if (!a.targets) refuse("targets are missing");
  own("targets", a.targets, a.N, indices.targets);
  for (const int64_t target : indices.targets)
    if (target != a.ignore) within("a target", target, 0, a.V - 1);
}

}  // namespace unrolled
