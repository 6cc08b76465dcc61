#include "check.h"

#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>

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

// Compares memory with what will be touched, in numbers of one size.
class Memory {
 public:
  explicit Memory(int64_t number) : number_(number) {}

  void needs(const char* name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    if (!b.address && numbers_of(shape)) refuse(std::string(name) + " is missing");
    may_have(name, b, shape);
  }
  // Absent, or large enough.
  void may_have(const char* name, const Buffer& b, std::initializer_list<int64_t> shape) const {
    holds(name, b, numbers_of(shape));
  }
  // Rows of `size` numbers, each dense; an axis of length one has no stride.
  void strided(const char* name, const Buffer& b, int64_t outer, int64_t outer_stride, int64_t inner,
               int64_t inner_stride, int64_t size) const {
    if (!b.address) return;
    const auto last = [&](int64_t length, int64_t stride) {
      if (length < 2) return int64_t(0);
      if (stride < 0) refuse(std::string(name) + " has a negative stride");
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
  void holds(const char* name, const Buffer& b, int64_t numbers) const {
    if (!b.address) return;
    if (b.address % uintptr_t(number_)) refuse(std::string(name) + " is not aligned to its numbers");
    if (times(numbers, number_) > b.bytes)
      refuse(std::string(name) + " needs " + std::to_string(numbers) + " numbers of " + std::to_string(number_) +
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

void check_rate(const char* name, double rate) {
  if (!(rate >= 0 && rate <= 1)) refuse(std::string(name) + " must lie in 0..1");
}

struct Sizes {
  int64_t gates, GH, segments;
  bool has_c, map, norm, norm_input, checkpoint;

  explicit Sizes(const LayerArgs& a)
      : gates(gates_of(CellKind(a.cell))),
        GH(times(gates, a.H)),
        segments(a.checkpoint ? (a.T + a.checkpoint - 1) / a.checkpoint : a.T),
        has_c(CellKind(a.cell) == CellKind::lstm),
        map(a.weight_out),
        norm(a.weight_ln_hh),
        norm_input(a.weight_ln_ih),
        checkpoint(a.checkpoint) {}
};

void check_options(const LayerArgs& a) {
  within("T", a.T, 1, largest);
  within("B", a.B, 1, largest);
  within("I", a.I, 0, largest);
  within("H", a.H, 1, largest);
  within("R", a.R, 1, largest);
  within("cell", a.cell, 0, int(CellKind::gru_before));
  within("nonlinearity", a.nonlinearity, 0, int(Nonlinearity::sigmoid));
  within("output_nonlinearity", a.output_nonlinearity, 0, int(Nonlinearity::sigmoid));
  within("checkpoint", a.checkpoint, 0, a.T);
  check_rate("zoneout_h", a.zoneout_h);
  check_rate("zoneout_c", a.zoneout_c);
}

void check_indices(LayerArgs& a, Indices& indices) {
  own("lengths", a.lengths, a.B, indices.lengths);
  for (const int64_t length : indices.lengths) within("a length", length, 1, a.T);
  if (!a.tokens) return;
  within("V", a.V, 1, largest);
  own("tokens", a.tokens, times(a.T, a.B), indices.tokens);
  for (const int64_t token : indices.tokens) within("a token", token, 0, a.V - 1);
}

void check_parameters(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  if (a.tokens) {
    memory.needs("x", a.x, {a.V, s.GH});
    if (a.weight_ih || a.bias_ih || a.weight_ln_ih) refuse("with tokens x is W x + b already");
  } else {
    memory.needs("weight_ih", a.weight_ih, {s.GH, a.I});
  }
  memory.needs("weight_hh", a.weight_hh, {s.GH, a.R});
  memory.may_have("bias_ih", a.bias_ih, {s.GH});
  memory.may_have("bias_hh", a.bias_hh, {s.GH});
  memory.may_have("weight_ln_ih", a.weight_ln_ih, {s.GH});
  memory.may_have("weight_ln_hh", a.weight_ln_hh, {s.GH});
  if (s.norm_input && !s.norm) refuse("weight_ln_ih needs weight_ln_hh");
  if (a.peephole_i || a.peephole_f || a.peephole_o) {
    memory.needs("peephole_i", a.peephole_i, {a.H});
    memory.needs("peephole_f", a.peephole_f, {a.H});
    memory.needs("peephole_o", a.peephole_o, {a.H});
  }
  if (a.weight_ln_c || a.bias_ln_c) {
    memory.needs("weight_ln_c", a.weight_ln_c, {a.H});
    memory.needs("bias_ln_c", a.bias_ln_c, {a.H});
  }
  if (s.map)
    memory.needs("weight_out", a.weight_out, {a.R, a.H});
  else if (a.R != a.H)
    refuse("R must be H where h itself is fed back");
  memory.may_have("bias_out", a.bias_out, {a.R});
}

void check_states(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  memory.needs("h0", a.h0, {a.B, a.R});
  memory.may_have("mask_h", a.mask_h, {a.T, a.B, a.R});
  memory.may_have("mask_c", a.mask_c, {a.T, a.B, a.H});
  memory.may_have("mask_candidate", a.mask_candidate, {a.T, a.B, a.H});
  if (s.has_c) memory.needs("c0", a.c0, {a.B, a.H});
  if (!a.y) refuse("y is missing");
  memory.strided("y", a.y, a.T, a.y_time, a.B, a.y_row, a.R);
}

// Room for what forward keeps and backward reads.
void check_kept(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  memory.may_have("gates", a.gates, {a.T, a.B, s.GH});
  memory.may_have("cells", a.cells, {s.checkpoint && !a.gates ? s.segments : a.T, a.B, a.H});
  memory.may_have("extra", a.extra, {a.T, a.B, a.H});
  memory.may_have("norms", a.norms, {a.T, a.B, s.GH + 2});
  memory.may_have("input_norms", a.input_norms, {a.T, a.B, s.GH + 1});
  memory.may_have("hidden", a.hidden, {a.T, a.B, a.H});
  memory.may_have("emitted", a.emitted, {a.T, a.B, a.R});
}

void check_kept_for_backward(const LayerArgs& a, const Sizes& s) {
  const auto needed = [](const char* name, const Buffer& b) {
    if (!b.address) refuse(std::string(name) + " was not kept for backward");
  };
  if (s.has_c) needed("cells", a.cells);
  if (s.checkpoint) {
    if (a.gates) refuse("gates are computed anew with checkpoint");
    return;
  }
  // An Elman step has no gate beside its output where nothing comes between the two.
  const bool zoneout = a.mask_h || a.zoneout_h != 0;
  if (s.gates > 1 || s.map || zoneout || a.mask_candidate) needed("gates", a.gates);
  if (s.map && zoneout) needed("emitted", a.emitted);
  if (CellKind(a.cell) == CellKind::gru_after) needed("extra", a.extra);
  if (s.norm) needed("norms", a.norms);
  if (s.norm_input) needed("input_norms", a.input_norms);
  if (s.map) needed("hidden", a.hidden);
}

void check_gradients(const LayerArgs& a, const Sizes& s, const Memory& memory) {
  memory.strided("dy", a.dy, a.T, a.dy_time, a.B, a.dy_row, a.R);
  memory.may_have("dh_n", a.dh_n, {a.B, a.R});
  memory.may_have("dc_n", a.dc_n, {a.B, a.H});
  if (a.tokens)
    memory.may_have("dx", a.dx, {a.V, s.GH});
  else
    memory.may_have("dx", a.dx, {a.T, a.B, a.I});
  if (a.tokens && a.dweight_ih) refuse("with tokens there is no gradient of weight_ih");
  if (!s.map && a.dweight_out) refuse("dweight_out needs weight_out");
  memory.may_have("dh0", a.dh0, {a.B, a.R});
  memory.may_have("dweight_ih", a.dweight_ih, {s.GH, a.I});
  memory.may_have("dweight_hh", a.dweight_hh, {s.GH, a.R});
  memory.may_have("dweight_out", a.dweight_out, {a.R, a.H});
  memory.may_have("dbias_out", a.dbias_out, {a.R});
  memory.may_have("dbias_ih", a.dbias_ih, {s.GH});
  memory.may_have("dbias_hh", a.dbias_hh, {s.GH});
  memory.may_have("dweight_ln_ih", a.dweight_ln_ih, {s.GH});
  memory.may_have("dweight_ln_hh", a.dweight_ln_hh, {s.GH});
  memory.may_have("dpeephole_i", a.dpeephole_i, {a.H});
  memory.may_have("dpeephole_f", a.dpeephole_f, {a.H});
  memory.may_have("dpeephole_o", a.dpeephole_o, {a.H});
  memory.may_have("dweight_ln_c", a.dweight_ln_c, {a.H});
  memory.may_have("dbias_ln_c", a.dbias_ln_c, {a.H});
  if (s.has_c)
    memory.may_have("dc0", a.dc0, {a.B, a.H});
  else if (a.dc0)
    refuse("dc0 needs a cell with a state c");
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
  memory.needs("h_n", a.h_n, {a.B, a.R});
  if (s.has_c) memory.needs("c_n", a.c_n, {a.B, a.H});
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
