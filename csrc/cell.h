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
  T *bias_ih, *bias_hh, *weight_ln_hh;             // (G·H)
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

// Layer normalisation of size numbers: z ← ẑ, returns 1/σ (Ba et al. 2016, eqs. 3-4; ε = 1e-5 as in torch).
template <class T>
T normalise(T* z, long size) {
  const auto value = UNROLLED_EACH { return load_n(z + u, n); };
  const T mean = sum_over<T>(size, value) / T(size);
  const auto square = UNROLLED_EACH {
    const Vec<T> d = first_n<T>(load_n(z + u, n) - mean, n);
    return d * d;
  };
  const T variance = sum_over<T>(size, square) / T(size);
  const T scale = T(1) / T(__builtin_sqrt(double(variance) + 1e-5));
  each_vector<T>(0, size, UNROLLED_EACH { store_n(z + u, (load_n(z + u, n) - mean) * scale, n); });
  return scale;
}

// From the gradient of ẑ ⊙ gain to that of z: dz = (g − mean(g) − ẑ·mean(g ⊙ ẑ)) / σ with g = d ⊙ gain.
template <class T>
void normalise_backward(T* dz, const T* d, const T* zhat, const T* gain, T scale, long size) {
  const auto scaled = UNROLLED_EACH { return load_n(d + u, n) * load_n(gain + u, n); };
  const auto along = UNROLLED_EACH { return load_n(d + u, n) * load_n(gain + u, n) * load_n(zhat + u, n); };
  const T mean = sum_over<T>(size, scaled) / T(size), product = sum_over<T>(size, along) / T(size);
  each_vector<T>(0, size, UNROLLED_EACH {
    const Vec<T> g = load_n(d + u, n) * load_n(gain + u, n);
    store_n(dz + u, (g - mean - load_n(zhat + u, n) * product) * scale, n);
  });
}

}  // namespace unrolled::UNROLLED_ISA
