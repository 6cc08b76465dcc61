// What the step of a cell reads and writes, one row of the batch at a time. All arrays are dense.
#pragma once
#include "args.h"
#include "arithmetic/nonlinearity.h"
#include "arithmetic/normalise.h"
#include "arithmetic/simd.h"
#include "cells/declaration.h"

namespace unrolled::UNROLLED_ISA {

// Options of the layer, and the cell's own parameters.
template <class T>
struct Options {
  long H;
  Nonlinearity nonlinearity;
  const T* vector[most_vectors];  // (H) each, or null
  T rate[most_states];            // zoneout of each state where there is no mask

  explicit Options(const LayerArgs& a) : H(a.H), nonlinearity(Nonlinearity(a.nonlinearity)) {
    for (int k = 0; k < most_vectors; ++k) vector[k] = at<const T>(a.vectors[k]);
    for (int k = 0; k < most_states; ++k) rate[k] = T(a.zoneout[k]);
  }
};

// S states. State 0 is what is fed back: the loop replaces it, with its zoneout. The step replaces the others.
template <class T, int S>
struct RowForward {
  const T* a;          // (G·H) W x + b_ih
  const T* z;          // (G·H) U h + b_hh; not computed for a cell without U
  T* gate;             // (G·H) written; may be where a is, or null for an Elman step whose values nobody needs
  T* hidden;           // (H) written: what is emitted, before the map
  T* extra;            // (H) written, or null
  T* reset;            // (H) written by the first stage of a GRU with reset before: r ⊙ h
  const T* candidate;  // (H) mask or null
  T* scratch;          // (H)
  T* state[S];         // 0: h_{t-1}, read; others: (H) before the step, replaced by those after it
  const T* mask[S];    // zoneout of states 1 and up, (H) or null
};

template <class T, int S>
struct RowBackward {
  const T* gate;       // (G·H)
  const T* extra;      // (H)
  const T* dhidden;    // (H)
  T* da;               // (G·H) written: gradient of W x + b_ih
  T* du;               // (G·H) written where own_du: gradient of U h + b_hh
  T* reset;            // (H) written by a GRU with reset before: r ⊙ h
  const T* candidate;
  T* scratch;          // (2 H)
  const T* before[S];  // states before the step
  T* dstate[S];        // 0: added to, what reaches h_{t-1} beside the product with U;
                       // others: gradient of the state after the step, replaced by that before it
  const T* mask[S];
};

// One thread's sums of the gradients of small parameters; null where not needed.
template <class T>
struct SmallGradients {
  T *bias_ih, *bias_hh, *weight_ln_ih, *weight_ln_hh;  // (G·H)
  T* vector[most_vectors];                             // (H)
  T* bias_out;                                         // (R)
};

}  // namespace unrolled::UNROLLED_ISA
