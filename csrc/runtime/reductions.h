// Sums, largest elements and normalisation of one vector of n numbers. The padding is not read as numbers.
#pragma once
#include "arithmetic/simd.h"

namespace unrolled::UNROLLED_ISA {

inline float sum(const float* a, long size) {
  return sum_over<float>(size, UNROLLED_EACH { return load_n(a + u, n); });
}

// NaN if an element is.
inline float largest(const float* a, long size) {
  Vec<float> most = splat(a[0]);
  each_vector<float>(0, size, UNROLLED_EACH {
    Vec<float> v = load_n(a + u, n);
    if (n < lanes<float>) {
      float part[lanes<float>];
      store(part, v);
      for (long k = n; k < lanes<float>; ++k) part[k] = part[0];
      v = load(part);
    }
    most = v > most ? v : (v == v ? most : v);
  });
  float result = most[0];
  for (long k = 1; k < lanes<float>; ++k) result = most[k] > result || most[k] != most[k] ? float(most[k]) : result;
  return result;
}

// (a − mean) / √(variance + ε) [⊙ gain] [+ bias] (Ba et al. 2016, eqs. 3-4).
inline void layer_norm(float* y, const float* a, const float* gain, const float* bias, float epsilon, long size) {
  const float mean = sum(a, size) / float(size);
  const auto square = UNROLLED_EACH {
    const Vec<float> d = first_n<float>(load_n(a + u, n) - mean, n);
    return d * d;
  };
  const float variance = sum_over<float>(size, square) / float(size);
  const float scale = float(1.0 / __builtin_sqrt(double(variance) + double(epsilon)));
  each_vector<float>(0, size, UNROLLED_EACH {
    Vec<float> v = (load_n(a + u, n) - mean) * scale;
    if (gain) v *= load_n(gain + u, n);
    if (bias) v += load_n(bias + u, n);
    store_n(y + u, v, n);
  });
}

// p = exp((logits − largest) / temperature) in float64, for whole vectors: the padding holds −∞. Returns the sum.
// A division: 1 / temperature may overflow.
inline double exponentials(double* p, const float* logits, double most, double temperature, long padded_size) {
  constexpr long L = lanes<double>;
  typedef float Half __attribute__((vector_size(L * sizeof(float)), aligned(4), may_alias));
  Vec<double> total = {};
  for (long k = 0; k < padded_size; k += L) {
    Vec<double> v = __builtin_convertvector(*reinterpret_cast<const Half*>(logits + k), Vec<double>) - most;
    if (temperature != 1.0) v /= temperature;
    const Vec<double> e = v < -708.0 ? Vec<double>{} : exp<double>(v);
    store(p + k, e);
    total += e;
  }
  return sum_lanes<double>(total);
}

}  // namespace unrolled::UNROLLED_ISA
