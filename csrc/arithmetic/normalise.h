// Layer normalisation of one row, forward and backward.
#pragma once
#include "arithmetic/simd.h"

namespace unrolled::UNROLLED_ISA {

// Layer normalisation of `size` numbers (Ba et al. 2016, eqs. 3-4; ε = 1e-5 as in torch). Calls use(u, n, ẑ)
// for every vector of ẑ; `use` may overwrite z. Returns 1/σ.
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

// z ← ẑ ⊙ gain + bias. Stores ẑ in `normalised` unless it is null. Returns 1/σ.
template <class T>
T normalise_row(T* z, T* normalised, const T* gain, const T* bias, long size) {
  return normalise<T>(z, size, [&](long u, long n, Vec<T> v) __attribute__((always_inline)) {
    if (normalised) store_n(normalised + u, v, n);
    v *= load_n(gain + u, n);
    if (bias) v += load_n(bias + u, n);
    store_n(z + u, v, n);
  });
}

// Compute the gradient of z from d, the gradient of ẑ ⊙ gain + bias: dz = (g − mean(g) − ẑ·mean(g ⊙ ẑ)) / σ
// with g = d ⊙ gain. Adds the gradients of gain and bias to dgain and dbias.
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
