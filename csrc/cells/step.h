// Arguments of a cell's step, for one row of the batch. All arrays are dense.
#pragma once
#include "args.h"
#include "arithmetic/nonlinearity.h"
#include "arithmetic/normalise.h"
#include "arithmetic/simd.h"
#include "cells/declaration.h"

namespace unrolled::UNROLLED_ISA {

// Options of the layer, and additional parameters of the cell.
template <class T>
struct Options {
  long H;
  Nonlinearity nonlinearity;
  const T* vector[max_vectors];  // (H) each, or null
  T rate[max_states];            // zoneout rate of each state without a mask

  explicit Options(const LayerArgs& a) : H(a.H), nonlinearity(Nonlinearity(a.nonlinearity)) {
    for (int k = 0; k < max_vectors; ++k) vector[k] = at<const T>(a.vectors[k]);
    for (int k = 0; k < max_states; ++k) rate[k] = T(a.zoneout[k]);
  }
};

// Arguments of a forward step, for a cell with S states. State 0 is fed back: the loop updates it and applies
// its zoneout. The step updates the others.
template <class T, int S>
struct RowForward {
  const T* a;          // (G·H) W x + b_ih
  const T* z;          // (G·H) U h + b_hh; not computed for a cell without U
  T* gate;             // (G·H) written; may be equal to a, or null for an Elman step that stores none
  T* hidden;           // (H) written: the new h, before the projection
  T* extra;            // (H) written, or null
  T* reset;            // (H) written by the first stage of a GRU that resets before the product: r ⊙ h
  const T* candidate;  // (H) dropout mask of the candidate, or null
  T* scratch;          // (H)
  T* state[S];         // 0: h_{t-1}, read only; others: (H) updated in place
  const T* mask[S];    // zoneout masks of states 1 and up, (H) or null
};

// Arguments of a backward step.
template <class T, int S>
struct RowBackward {
  const T* gate;       // (G·H)
  const T* extra;      // (H)
  const T* dhidden;    // (H)
  T* da;               // (G·H) written: gradient of W x + b_ih
  T* du;               // (G·H) written if separate_du: gradient of U h + b_hh
  T* reset;            // (H) written by a GRU that resets before the product: r ⊙ h
  const T* candidate;
  T* scratch;          // (2 H)
  const T* before[S];  // states before the step
  T* dstate[S];        // 0: the step adds the gradient of h_{t-1} other than through the product with U;
                       // others: gradient of the state after the step, replaced by that of the state before
                       // it
  const T* mask[S];
};

// One thread's sums of the gradients of the small parameters.
template <class T>
struct SmallGradients {
  T *bias_ih, *bias_hh, *weight_ln_ih, *weight_ln_hh;  // (G·H)
  T* vector[max_vectors];                              // (H)
  T* bias_out;                                         // (R)
};

}  // namespace unrolled::UNROLLED_ISA
