// What crosses from Python to the kernels: shapes, options and addresses. No ownership, no torch.
#pragma once
#include <cstdint>

namespace unrolled {

// Data types of the tensors (float32, float64) and of the products (bfloat16: float32 tensors whose
// products round their operands to bfloat16 and add in float32).
enum class Arithmetic : int { float32 = 0, float64 = 1, bfloat16 = 2 };
enum class CellKind : int { elman = 0, lstm = 1, gru_after = 2, gru_before = 3 };
enum class Nonlinearity : int { identity = 0, tanh = 1, relu = 2, sigmoid = 3 };

// One layer in one direction. T steps, B rows, I input, H hidden, R fed back (H unless a map), G gates.
// An address of 0 means absent. Every tensor is dense in its last axis; those with strides say so.
struct LayerArgs {
  int64_t T = 0, B = 0, I = 0, H = 0, R = 0;
  int cell = 0, nonlinearity = 1, output_nonlinearity = 0;
  bool reverse = false;    // each row from its last step to its first
  int64_t checkpoint = 0;  // steps of a segment that backward computes anew; 0 keeps everything
  double zoneout_h = 0, zoneout_c = 0;  // rates, where there is no mask
  uintptr_t lengths = 0;                // int64 (B)

  uintptr_t x = 0;  // (T, B, I), strides of the first two axes in elements; with tokens (V, G·H): W x + b by kind
  int64_t x_time = 0, x_row = 0;
  uintptr_t tokens = 0;  // int64 (T, B), dense: the rows of x that are read; V, their number
  int64_t V = 0;
  uintptr_t weight_ih = 0, bias_ih = 0, weight_ln_ih = 0;   // (G·H, I), (G·H), (G·H)
  uintptr_t weight_hh = 0, bias_hh = 0, weight_ln_hh = 0;   // (G·H, R), (G·H), (G·H)
  uintptr_t peephole_i = 0, peephole_f = 0, peephole_o = 0; // (H)
  uintptr_t weight_ln_c = 0, bias_ln_c = 0;                 // (H)
  uintptr_t weight_out = 0, bias_out = 0;                   // (R, H), (R): what is fed back is a map of h
  uintptr_t h0 = 0, c0 = 0;                                 // (B, R), (B, H)
  uintptr_t mask_h = 0, mask_c = 0, mask_candidate = 0;     // (T, B, R), (T, B, H), (T, B, H)

  uintptr_t y = 0;  // (T, B, R), written by forward and read by backward
  int64_t y_time = 0, y_row = 0;
  uintptr_t h_n = 0, c_n = 0;  // (B, R), (B, H)

  // Kept for backward, by step in the order of computation; all 0 in inference. With checkpoint only
  // cells, (segments, B, H), holds the c before each segment.
  uintptr_t gates = 0;    // (T, B, G·H) after their nonlinearity; 0 where y is the same
  uintptr_t cells = 0;    // (T, B, H) c_t, LSTM
  uintptr_t extra = 0;    // (T, B, H) U_n h + b_hn, GRU with reset after
  uintptr_t norms = 0;    // (T, B, G·H + 2) normalised U h and 1/σ, layer normalisation
  uintptr_t input_norms = 0;  // (T, B, G·H + 1) the same of W x
  uintptr_t hidden = 0;   // (T, B, H) what the map read, with weight_out
  uintptr_t emitted = 0;  // (T, B, R) what the map gave, with weight_out and zoneout

  uintptr_t dy = 0;  // (T, B, R)
  int64_t dy_time = 0, dy_row = 0;
  uintptr_t dh_n = 0, dc_n = 0;
  // Gradients; 0 where not needed. dx is (T, B, I), dense; with tokens (V, G·H).
  uintptr_t dx = 0, dh0 = 0, dc0 = 0;
  uintptr_t dweight_ih = 0, dbias_ih = 0, dweight_hh = 0, dbias_hh = 0;
  uintptr_t dweight_ln_ih = 0, dweight_ln_hh = 0;
  uintptr_t dpeephole_i = 0, dpeephole_f = 0, dpeephole_o = 0, dweight_ln_c = 0, dbias_ln_c = 0;
  uintptr_t dweight_out = 0, dbias_out = 0;
};

// Softmax cross-entropy of y = h Vᵀ + c. N rows, F features, V classes.
struct SoftmaxArgs {
  int64_t N = 0, F = 0, V = 0, ignore = -100;
  double smoothing = 0;
  uintptr_t h = 0, weight = 0, bias = 0;  // (N, F) with row stride h_row, (V, F), (V)
  int64_t h_row = 0;
  uintptr_t targets = 0, row_weights = 0;       // int64 (N), (N)
  uintptr_t loss = 0, nats = 0;                 // (1), (N)
  uintptr_t dh = 0, dweight = 0, dbias = 0;     // 0: no gradients
};

struct Kernels {
  const char* name;
  // Indexed by Arithmetic; null where this instruction set lacks it.
  void (*layer_forward[3])(const LayerArgs&, int threads);
  void (*layer_backward[3])(const LayerArgs&, int threads);
  void (*softmax[3])(const SoftmaxArgs&, int threads);
};

}  // namespace unrolled
