// The step of minLSTM, gates f i g. All three depend only on the input: the cell has no product with U.
#pragma once
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
struct MinLSTM : CellDefaults {
  static constexpr const char* name = "min_lstm";
  static constexpr long gates = 3;
  static constexpr bool recurrent = false, reads_h = true;

  // Normalised gates f' = f / (f + i) and i' = 1 − f'. With m = min(f, i, 0) of the preactivations, all
  // exponents are at most 0 and the sum is at least 1.
  struct NormalisedGates {
    Vec<T> keep, take;
  };
  static UNROLLED_INLINE NormalisedGates normalised_gates(Vec<T> f, Vec<T> i) {
    Vec<T> m = f < i ? f : i;
    m = m < T(0) ? m : Vec<T>{};
    const Vec<T> one = exp<T>(m), keep = one + exp<T>(m - i), take = one + exp<T>(m - f);
    const Vec<T> sum = reciprocal<T>(keep + take);
    return {keep * sum, take * sum};
  }

  // Stores the preactivations of f and i, and g.
  static void forward(const RowForward<T, 1>& r, const Options<T>& o, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> f = load_n(r.a + u, n), i = load_n(r.a + H + u, n), g = load_n(r.a + 2 * H + u, n);
      const NormalisedGates gate = normalised_gates(f, i);
      store_n(r.gate + u, f, n);
      store_n(r.gate + H + u, i, n);
      store_n(r.gate + 2 * H + u, g, n);
      const Vec<T> content = r.candidate ? g * load_n(r.candidate + u, n) : g;
      store_n(r.hidden + u, gate.keep * load_n(r.state[0] + u, n) + gate.take * content, n);
    });
  }
  static void forward_second(const RowForward<T, 1>&, const Options<T>&) {}

  static void backward(const RowBackward<T, 1>& r, const Options<T>& o, const SmallGradients<T>&, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> f = load_n(r.gate + u, n), i = load_n(r.gate + H + u, n), g = load_n(r.gate + 2 * H + u, n);
      const Vec<T> d = load_n(r.dhidden + u, n);
      const NormalisedGates gate = normalised_gates(f, i);
      const Vec<T> content = r.candidate ? g * load_n(r.candidate + u, n) : g;
      // Gradient of ln f − ln i.
      const Vec<T> dratio = d * (load_n(r.before[0] + u, n) - content) * gate.keep * gate.take;
      Vec<T> dg = d * gate.take;
      if (r.candidate) dg *= load_n(r.candidate + u, n);
      store_n(r.da + u, dratio * sigmoid<T>(-f), n);
      store_n(r.da + H + u, -dratio * sigmoid<T>(-i), n);
      store_n(r.da + 2 * H + u, dg, n);
      store_n(r.dstate[0] + u, load_n(r.dstate[0] + u, n) + d * gate.keep, n);
    });
  }
  static void backward_second(const RowBackward<T, 1>&, const Options<T>&, const T*) {}
};

}  // namespace unrolled::UNROLLED_ISA
