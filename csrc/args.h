// Arguments that Python passes to the kernels: shapes, options, and the memory of each tensor. They own no
// memory and do not depend on torch. check.h checks that the memory fits what the kernels read and write.
#pragma once
#include <cstdint>

namespace unrolled {

// Memory of a tensor: the address of its first number, and the number of bytes from there on. The address 0
// means absent. A Buffer converts implicitly to its address, so `if (buffer)` tests whether the tensor is there.
struct Buffer {
  uintptr_t address = 0;
  int64_t bytes = 0;
  operator uintptr_t() const { return address; }
  Buffer& operator+=(int64_t n) {
    address += uintptr_t(n);
    bytes -= n;
    return *this;
  }
};

// Precision of the arithmetic. Tensors are float64 for float64, else float32. With bfloat16, matrix products
// round their operands to bfloat16 and accumulate in float32.
enum class Arithmetic : int { float32 = 0, float64 = 1, bfloat16 = 2 };
enum class Nonlinearity : int { identity = 0, tanh = 1, relu = 2, sigmoid = 3 };

constexpr int max_states = 4, max_vectors = 8;  // of one cell

// One layer in one direction.
//   T  steps
//   B  rows (sequences)
//   I  input size
//   H  hidden size
//   R  size of the output, which is fed back: H, or the size of the projection weight_out
//   G  gates
// Every tensor is dense, except that x, y and dy have strides for their first two axes. Members with
// [max_states] have one entry per state, in the order of the cell's declaration (cells/). State 0 is the
// output y, (B, R), which is fed back; the others are (B, H). Members with [max_vectors] have one entry, (H),
// per additional parameter of the cell. x, tokens, y, dx and dy are in the order of time. Masks and stored
// values are in the order of computation: with `reverse`, index 0 is the last time step of a row.
struct LayerArgs {
  int64_t T = 0, B = 0, I = 0, H = 0, R = 0;
  int cell = 0;  // index in the list of cells/list.h
  int nonlinearity = 1, output_nonlinearity = 0;
  bool reverse = false;    // run each row from its last step to its first
  int64_t checkpoint = 0;  // gradient checkpointing: steps per segment that backward recomputes; 0: off
  // Zoneout rates in evaluation, when there are no zoneout masks: state = rate·old + (1 − rate)·new.
  double zoneout[max_states] = {};
  Buffer lengths;  // int64 (B)

  Buffer x;  // (T, B, I); if `tokens` is set, a table (V, G·H) of W x + b for each token
  int64_t x_time = 0, x_row = 0;  // strides of the first two axes of x in elements
  Buffer tokens;  // int64 (T, B), dense: row of x for each step
  int64_t V = 0;  // number of rows of x, if `tokens` is set
  Buffer weight_ih, bias_ih, weight_ln_ih;  // (G·H, I), (G·H), (G·H)
  Buffer weight_hh, bias_hh, weight_ln_hh;  // (G·H, R), (G·H), (G·H)
  Buffer vectors[max_vectors];
  Buffer weight_out, bias_out;  // (R, H), (R): projection of h, whose result is the output and is fed back
  Buffer initial[max_states];
  Buffer masks[max_states];  // zoneout masks, (T, B, size of the state)
  Buffer mask_candidate;      // (T, B, H)

  Buffer y;  // (T, B, R), written by forward and read by backward
  int64_t y_time = 0, y_row = 0;
  Buffer final[max_states];

  // Values that forward stores for backward; all absent in inference. If checkpoint > 0, only the states before
  // each segment are stored, (segments, B, H).
  Buffer gates;  // (T, B, G·H) in the layout of the cell; absent if the cell has one gate and its value is y
  Buffer states[max_states];  // (T, B, H) after each step; absent for state 0, which is y
  Buffer extra;  // (T, B, H) if the cell stores more than gates and states (keeps_extra)
  // (T, B, G·H + 2) layer normalisation: normalised weight_hh·h, then 1/σ and 0. gru_before normalises its last
  // gate separately; there 1/σ of the other gates is followed by that of the last.
  Buffer norms;
  Buffer input_norms;  // (T, B, G·H + 1) normalised weight_ih·x, 1/σ
  Buffer hidden;  // (T, B, H) input of the projection, with weight_out
  Buffer emitted;  // (T, B, R) output of the projection before zoneout; only if both are used

  Buffer dy;  // (T, B, R)
  int64_t dy_time = 0, dy_row = 0;
  Buffer dfinal[max_states];
  // Gradients; 0 if not needed. dx is (T, B, I), dense; with tokens (V, G·H).
  Buffer dx, dinitial[max_states];
  Buffer dweight_ih, dbias_ih, dweight_hh, dbias_hh;
  Buffer dweight_ln_ih, dweight_ln_hh;
  Buffer dvectors[max_vectors];
  Buffer dweight_out, dbias_out;
};

// Softmax cross-entropy of y = h Vᵀ + c. N rows, F features, V classes.
struct SoftmaxArgs {
  int64_t N = 0, F = 0, V = 0, ignore = -100;  // rows with the target `ignore` have no loss
  double smoothing = 0;
  Buffer h, weight, bias;  // (N, F) with row stride h_row, (V, F), (V)
  int64_t h_row = 0;
  Buffer targets, row_weights;  // int64 (N), (N)
  Buffer loss, nats;  // (1), (N)
  Buffer dh, dweight, dbias;  // no gradients without dh; with it, dweight and dbias are optional
};

// The kernels of one instruction set.
struct Kernels {
  const char* name;
  // Indexed by Arithmetic; null if this instruction set has no such kernel.
  void (*layer_forward[3])(const LayerArgs&, int threads);
  void (*layer_backward[3])(const LayerArgs&, int threads);
  void (*softmax[3])(const SoftmaxArgs&, int threads);
};

}  // namespace unrolled
