// The two steps of the GRU, gates r z n: the reset gate is applied after or before the product with U_n.
#pragma once
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
UNROLLED_INLINE void gru_output(const RowForward<T, 1>& r, long u, long n, Vec<T> update, Vec<T> content) {
  if (r.candidate) content *= load_n(r.candidate + u, n);
  store_n(r.hidden + u, (T(1) - update) * content + update * load_n(r.state[0] + u, n), n);
}

// Backward computation of both variants: the gradients of z and n, and that of h_{t-1} through z. Returns the
// gradient of n.
template <class T>
UNROLLED_INLINE Vec<T> gru_backward(const RowBackward<T, 1>& r, long H, long u, long n) {
  const Vec<T> z = load_n(r.gate + H + u, n), content = load_n(r.gate + 2 * H + u, n);
  const Vec<T> d = load_n(r.dhidden + u, n);
  const Vec<T> masked_content = r.candidate ? content * load_n(r.candidate + u, n) : content;
  Vec<T> dn = d * (T(1) - z) * (T(1) - content * content);
  if (r.candidate) dn *= load_n(r.candidate + u, n);
  const Vec<T> dz = d * (load_n(r.before[0] + u, n) - masked_content) * z * (T(1) - z);
  store_n(r.da + H + u, dz, n);
  store_n(r.da + 2 * H + u, dn, n);
  store_n(r.du + H + u, dz, n);
  store_n(r.dstate[0] + u, load_n(r.dstate[0] + u, n) + d * z, n);
  return dn;
}

template <class T>
struct GRUAfter : CellDefaults {
  static constexpr const char* name = "gru_after";
  static constexpr long gates = 3;
  static constexpr bool reads_h = true, keeps_extra = true, separate_du = true;  // extra: U_n h + b_hn

  static void forward(const RowForward<T, 1>& r, const Options<T>& o, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> reset = sigmoid<T>(load_n(r.a + u, n) + load_n(r.z + u, n));
      const Vec<T> update = sigmoid<T>(load_n(r.a + H + u, n) + load_n(r.z + H + u, n));
      const Vec<T> un = load_n(r.z + 2 * H + u, n);
      const Vec<T> content = tanh<T>(load_n(r.a + 2 * H + u, n) + reset * un);
      store_n(r.gate + u, reset, n);
      store_n(r.gate + H + u, update, n);
      store_n(r.gate + 2 * H + u, content, n);
      if (r.extra) store_n(r.extra + u, un, n);
      gru_output(r, u, n, update, content);
    });
  }
  static void forward_second(const RowForward<T, 1>&, const Options<T>&) {}

  static void backward(const RowBackward<T, 1>& r, const Options<T>& o, const SmallGradients<T>&, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> dn = gru_backward(r, H, u, n), reset = load_n(r.gate + u, n);
      const Vec<T> dr = dn * load_n(r.extra + u, n) * reset * (T(1) - reset);
      store_n(r.da + u, dr, n);
      store_n(r.du + u, dr, n);
      store_n(r.du + 2 * H + u, dn * reset, n);
    });
  }
  static void backward_second(const RowBackward<T, 1>&, const Options<T>&, const T*) {}
};

template <class T>
struct GRUBefore : CellDefaults {
  static constexpr const char* name = "gru_before";
  static constexpr long gates = 3;
  static constexpr bool reads_h = true, separate_du = true, two_stage = true;

  // First stage: r, z, and r ⊙ h, the input of the second product.
  static void forward(const RowForward<T, 1>& r, const Options<T>& o, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> reset = sigmoid<T>(load_n(r.a + u, n) + load_n(r.z + u, n));
      const Vec<T> update = sigmoid<T>(load_n(r.a + H + u, n) + load_n(r.z + H + u, n));
      store_n(r.reset + u, reset * load_n(r.state[0] + u, n), n);
      store_n(r.gate + u, reset, n);
      store_n(r.gate + H + u, update, n);
    });
  }
  static void forward_second(const RowForward<T, 1>& r, const Options<T>& o) {
    const long H = o.H;
    each_vector<T>(0, H, UNROLLED_EACH {
      const Vec<T> content = tanh<T>(load_n(r.a + 2 * H + u, n) + load_n(r.z + 2 * H + u, n));
      store_n(r.gate + 2 * H + u, content, n);
      gru_output(r, u, n, load_n(r.gate + H + u, n), content);
    });
  }

  static void backward(const RowBackward<T, 1>& r, const Options<T>& o, const SmallGradients<T>&, long u0, long u1) {
    const long H = o.H;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      store_n(r.du + 2 * H + u, gru_backward(r, H, u, n), n);
      store_n(r.reset + u, load_n(r.gate + u, n) * load_n(r.before[0] + u, n), n);
    });
  }
  // Second stage: dreset (H) is the gradient of r ⊙ h.
  static void backward_second(const RowBackward<T, 1>& r, const Options<T>& o, const T* dreset) {
    const long H = o.H;
    each_vector<T>(0, H, UNROLLED_EACH {
      const Vec<T> reset = load_n(r.gate + u, n), d = load_n(dreset + u, n);
      const Vec<T> dr = d * load_n(r.before[0] + u, n) * reset * (T(1) - reset);
      store_n(r.da + u, dr, n);
      store_n(r.du + u, dr, n);
      store_n(r.dstate[0] + u, load_n(r.dstate[0] + u, n) + d * reset, n);
    });
  }
};

}  // namespace unrolled::UNROLLED_ISA
