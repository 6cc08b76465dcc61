// What crosses from Python to the kernels: shapes, options, and the memory of each tensor. No ownership, no torch.
// check.h holds all of it to what the kernels read and write.
#pragma once
#include <cstdint>

namespace unrolled {

// Memory that belongs to a tensor: where its first number is, and how many bytes follow from there. An address
// of 0 means absent. Kernels read it as an address.
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

// Data types of the tensors (float32, float64) and of the products (bfloat16: float32 tensors whose
// products round their operands to bfloat16 and add in float32).
enum class Arithmetic : int { float32 = 0, float64 = 1, bfloat16 = 2 };
enum class Nonlinearity : int { identity = 0, tanh = 1, relu = 2, sigmoid = 3 };

constexpr int most_states = 4, most_vectors = 8;  // of a cell

// One layer in one direction. T steps, B rows, I input, H hidden, R fed back (H unless a map), G gates.
// Every tensor is dense in its last axis; those with strides say so.
// Arrays of states follow the cell's declaration: state 0, (B, R), is emitted as y and fed back; the others
// are (B, H). Arrays of vectors are the cell's own parameters, (H) each.
struct LayerArgs {
  int64_t T = 0, B = 0, I = 0, H = 0, R = 0;
  int cell = 0;  // its place in the list of cells/list.h
  int nonlinearity = 1, output_nonlinearity = 0;
  bool reverse = false;    // each row from its last step to its first
  int64_t checkpoint = 0;  // steps of a segment that backward computes anew; 0 keeps everything
  double zoneout[most_states] = {};  // rates, where there is no mask
  Buffer lengths;  // int64 (B)

  Buffer x;  // (T, B, I), strides of the first two axes in elements; with tokens (V, G·H): W x + b by kind
  int64_t x_time = 0, x_row = 0;
  Buffer tokens;  // int64 (T, B), dense: the rows of x that are read; V, their number
  int64_t V = 0;
  Buffer weight_ih, bias_ih, weight_ln_ih;  // (G·H, I), (G·H), (G·H)
  Buffer weight_hh, bias_hh, weight_ln_hh;  // (G·H, R), (G·H), (G·H)
  Buffer vectors[most_vectors];
  Buffer weight_out, bias_out;  // (R, H), (R): what is fed back is a map of h
  Buffer initial[most_states];
  Buffer masks[most_states];  // zoneout of each state, (T, B, size of the state)
  Buffer mask_candidate;      // (T, B, H)

  Buffer y;  // (T, B, R), written by forward and read by backward
  int64_t y_time = 0, y_row = 0;
  Buffer final[most_states];

  // Kept for backward, by step in the order of computation; all 0 in inference. With checkpoint only states
  // are kept, (segments, B, H): those before each segment.
  Buffer gates;  // (T, B, G·H) as the cell leaves them; 0 where y is the same
  Buffer states[most_states];  // (T, B, H) after each step; of state 0 nothing, which is y
  Buffer extra;  // (T, B, H) of a cell that keeps more than gates and states
  Buffer norms;  // (T, B, G·H + 2) normalised U h and 1/σ, layer normalisation
  Buffer input_norms;  // (T, B, G·H + 1) the same of W x
  Buffer hidden;  // (T, B, H) what the map read, with weight_out
  Buffer emitted;  // (T, B, R) what the map gave, with weight_out and zoneout

  Buffer dy;  // (T, B, R)
  int64_t dy_time = 0, dy_row = 0;
  Buffer dfinal[most_states];
  // Gradients; 0 where not needed. dx is (T, B, I), dense; with tokens (V, G·H).
  Buffer dx, dinitial[most_states];
  Buffer dweight_ih, dbias_ih, dweight_hh, dbias_hh;
  Buffer dweight_ln_ih, dweight_ln_hh;
  Buffer dvectors[most_vectors];
  Buffer dweight_out, dbias_out;
};

// Softmax cross-entropy of y = h Vᵀ + c. N rows, F features, V classes.
struct SoftmaxArgs {
  int64_t N = 0, F = 0, V = 0, ignore = -100;
  double smoothing = 0;
  Buffer h, weight, bias;  // (N, F) with row stride h_row, (V, F), (V)
  int64_t h_row = 0;
  Buffer targets, row_weights;  // int64 (N), (N)
  Buffer loss, nats;  // (1), (N)
  Buffer dh, dweight, dbias;  // 0: no gradients
};

struct Kernels {
  const char* name;
  // Indexed by Arithmetic; null where this instruction set lacks it.
  void (*layer_forward[3])(const LayerArgs&, int threads);
  void (*layer_backward[3])(const LayerArgs&, int threads);
  void (*softmax[3])(const SoftmaxArgs&, int threads);
};

}  // namespace unrolled
