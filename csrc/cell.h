// What the step of a cell reads and writes, one row of the batch at a time. All arrays are dense.
#pragma once
#include "args.h"
#include "simd.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
UNROLLED_INLINE T* at(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

template <class T>
UNROLLED_INLINE Vec<T> apply(Nonlinearity f, Vec<T> x) {
  switch (f) {
    case Nonlinearity::tanh: return tanh<T>(x);
    case Nonlinearity::relu: return relu<T>(x);
    case Nonlinearity::sigmoid: return sigmoid<T>(x);
    default: return x;
  }
}

// σ'(x) from the value y = σ(x).
template <class T>
UNROLLED_INLINE Vec<T> slope(Nonlinearity f, Vec<T> y) {
  switch (f) {
    case Nonlinearity::tanh: return T(1) - y * y;
    case Nonlinearity::relu: return y > T(0) ? splat(T(1)) : Vec<T>{};
    case Nonlinearity::sigmoid: return y * (T(1) - y);
    default: return splat(T(1));
  }
}

// Of the layer: options and the small parameters.
template <class T>
struct Options {
  long H;
  Nonlinearity nonlinearity;
  const T *peephole_i, *peephole_f, *peephole_o;  // (H) or null
  const T *weight_ln_c, *bias_ln_c;               // (H) or null
  T rate_c;                                       // zoneout of c where there is no mask

  explicit Options(const LayerArgs& a)
      : H(a.H),
        nonlinearity(Nonlinearity(a.nonlinearity)),
        peephole_i(at<const T>(a.peephole_i)),
        peephole_f(at<const T>(a.peephole_f)),
        peephole_o(at<const T>(a.peephole_o)),
        weight_ln_c(at<const T>(a.weight_ln_c)),
        bias_ln_c(at<const T>(a.bias_ln_c)),
        rate_c(T(a.zoneout_c)) {}
};

template <class T>
struct RowForward {
  const T* a;          // (G·H) W x + b_ih
  const T* z;          // (G·H) U h + b_hh
  const T* h;          // (H) h_{t-1}
  T* gate;             // (G·H) written; null for an Elman step whose values nobody needs
  T* c;                // (H) c_{t-1}, replaced by c_t
  T* hidden;           // (H) written
  T* extra;            // (H) written, or null
  T* reset;            // (H) written by the first stage of a GRU with reset before: r ⊙ h
  const T* candidate;  // (H) mask or null
  const T* mask_c;     // (H) or null
  T* scratch;          // (H)
};

template <class T>
struct RowBackward {
  const T* gate;       // (G·H)
  const T* c_before;   // (H) c_{t-1}
  const T* extra;      // (H)
  const T* h;          // (H) h_{t-1}
  const T* dhidden;    // (H)
  T* da;               // (G·H) written: gradient of W x + b_ih
  T* du;               // (G·H) written where own_du: gradient of U h + b_hh
  T* dh;               // (H) added to: what reaches h_{t-1} beside the product with U
  T* dc;               // (H) gradient of c_t, replaced by that of c_{t-1}
  T* reset;            // (H) written by a GRU with reset before: r ⊙ h
  const T* candidate;
  const T* mask_c;
  T* scratch;          // (2 H)
};

// One thread's sums of the gradients of small parameters; null where not needed.
template <class T>
struct SmallGradients {
  T *bias_ih, *bias_hh, *weight_ln_ih, *weight_ln_hh;  // (G·H)
  T *peephole_i, *peephole_f, *peephole_o;         // (H)
  T *weight_ln_c, *bias_ln_c;                      // (H)
  T* bias_out;                                     // (R)
};

template <class T>
UNROLLED_INLINE void accumulate(T* to, const T* from, long n) {
  each_vector<T>(0, n, [&](long u, long m) __attribute__((always_inline)) {
    store_n(to + u, load_n(to + u, m) + load_n(from + u, m), m);
  });
}

// Layer normalisation of size numbers (Ba et al. 2016, eqs. 3-4; ε = 1e-5 as in torch): use(u, n, ẑ) for every
// vector of ẑ, which may write over z. Returns 1/σ.
template <class T, class F>
UNROLLED_INLINE T normalise(const T* z, long size, F&& use) {
  const T mean = sum_over<T>(size, UNROLLED_EACH { return load_n(z + u, n); }) / T(size);
  const auto square = UNROLLED_EACH {
    const Vec<T> d = first_n<T>(load_n(z + u, n) - mean, n);
    return d * d;
  };
  const T variance = sum_over<T>(size, square) / T(size);
  const T scale = T(1) / T(__builtin_sqrt(double(variance) + 1e-5));
  each_vector<T>(0, size, UNROLLED_EACH { use(u, n, (load_n(z + u, n) - mean) * scale); });
  return scale;
}

// z ← ẑ ⊙ gain + bias, ẑ to kept unless that is null. Returns 1/σ.
template <class T>
T normalise_row(T* z, T* kept, const T* gain, const T* bias, long size) {
  return normalise<T>(z, size, [&](long u, long n, Vec<T> v) __attribute__((always_inline)) {
    if (kept) store_n(kept + u, v, n);
    v *= load_n(gain + u, n);
    if (bias) v += load_n(bias + u, n);
    store_n(z + u, v, n);
  });
}

// From d, the gradient of ẑ ⊙ gain + bias, to that of z: dz = (g − mean(g) − ẑ·mean(g ⊙ ẑ)) / σ with
// g = d ⊙ gain. The gradients of gain and bias are added to their sums.
template <class T>
void normalise_backward(T* dz, const T* d, const T* zhat, const T* gain, T scale, long size, T* dgain, T* dbias) {
  constexpr long L = lanes<T>;
  Vec<T> sum[2] = {}, dot[2] = {};
  const auto add = [&](long u, long n, int k) __attribute__((always_inline)) {
    const Vec<T> dv = load_n(d + u, n), z = load_n(zhat + u, n), g = dv * load_n(gain + u, n);
    store_n(dbias + u, load_n(dbias + u, n) + dv, n);
    store_n(dgain + u, load_n(dgain + u, n) + dv * z, n);
    sum[k] += g;
    dot[k] += g * z;
  };
  long done = 0;
  for (; done + 2 * L <= size; done += 2 * L) {
    add(done, L, 0);
    add(done + L, L, 1);
  }
  each_vector<T>(done, size, UNROLLED_EACH { add(u, n, 0); });
  const T mean = sum_lanes<T>(sum[0] + sum[1]) / T(size), product = sum_lanes<T>(dot[0] + dot[1]) / T(size);
  each_vector<T>(0, size, UNROLLED_EACH {
    const Vec<T> g = load_n(d + u, n) * load_n(gain + u, n);
    store_n(dz + u, (g - mean - load_n(zhat + u, n) * product) * scale, n);
  });
}

}  // namespace unrolled::UNROLLED_ISA
