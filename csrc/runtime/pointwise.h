// Operations on vectors, one pass each. They work on whole vectors: n is a multiple of the lanes, and numbers in
// the padding are computed too. Zeroed or old padding is harmless: nothing traps.
#pragma once
#include "arithmetic/simd.h"
#include "runtime/kernels.h"

namespace unrolled::UNROLLED_ISA {

using Floats = Vec<float>;
using Bits = Simd<float>::I;

UNROLLED_INLINE Floats infinity() { return splat(__builtin_inff()); }
UNROLLED_INLINE Floats magnitude(Floats x) { return (Floats)((Bits)x & 0x7fffffff); }
UNROLLED_INLINE Bits sign_of(Floats x) { return (Bits)x & int32_t(0x80000000); }

// exp over the whole range of float32. simd.h's exp stops at ±87, which is enough inside sigmoid and tanh.
UNROLLED_INLINE Floats exp_full(Floats x) {
  const Floats e = exp<float>(x * 0.5f), far = e * e;  // |x| > 87: half the exponent, squared
  Floats y = magnitude(x) > 87.0f ? far : exp<float>(x);
  y = x > 88.7228394f ? infinity() : y;
  return x < -103.972084f ? Floats{} : y;
}

// ln x for x > 0: Cephes, logf. x = 2^n · m with m in [√½, √2).
UNROLLED_INLINE Floats log_full(Floats x) {
  const Bits tiny = x < 1.17549435e-38f;
  const Floats scaled = tiny ? x * 8388608.0f : x;
  const Bits offset = (Bits)magnitude(scaled) - 0x3f3504f3;
  const Bits n = offset >> 23;
  const Floats m = (Floats)((offset & 0x7fffff) + 0x3f3504f3) - 1.0f;
  const Floats exponent = __builtin_convertvector(n, Floats) - (tiny ? splat(23.0f) : Floats{});
  Floats p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const Floats square = m * m;
  Floats y = p * m * square + exponent * -2.12194440e-4f - 0.5f * square;
  y = (m + y) + exponent * 0.693359375f;
  y = x == infinity() ? infinity() : y;
  y = x == 0.0f ? -infinity() : y;
  return x >= 0.0f ? y : splat(__builtin_nanf(""));
}

// ln(1 + t) for 0 ≤ t ≤ 1. The quotient removes the rounding error of 1 + t (Goldberg 1991, theorem 4).
UNROLLED_INLINE Floats log_of_one_plus(Floats t) {
  const Floats u = t + 1.0f, rounded = u - 1.0f;
  return rounded == 0.0f ? t : log_full(u) * (t / rounded);
}
UNROLLED_INLINE Floats softplus(Floats x) {
  const Floats y = log_of_one_plus(exp_full(-magnitude(x))) + relu<float>(x);
  return x == x ? y : x;
}
// Round half to even. Above 2^23 every float is a whole number.
UNROLLED_INLINE Floats round_even(Floats x) {
  const Floats size = magnitude(x), rounded = (size + 8388608.0f) - 8388608.0f;
  return (Floats)((Bits)(size < 8388608.0f ? rounded : size) | sign_of(x));
}
UNROLLED_INLINE Floats square_root(Floats x) {
#if defined(__AVX512F__)
  return (Floats)_mm512_sqrt_ps((__m512)x);
#else
  for (long k = 0; k < lanes<float>; ++k) x[k] = __builtin_sqrtf(x[k]);
  return x;
#endif
}

#define UNROLLED_FUNCTION(name, expression) \
  struct name {                             \
    static UNROLLED_INLINE Floats of(Floats x) { return expression; } \
  };
UNROLLED_FUNCTION(Negate, -x)
UNROLLED_FUNCTION(Sigmoid, sigmoid<float>(x))
UNROLLED_FUNCTION(Tanh, tanh<float>(x))
UNROLLED_FUNCTION(Relu, relu<float>(x))
UNROLLED_FUNCTION(Exp, exp_full(x))
UNROLLED_FUNCTION(Log, log_full(x))
UNROLLED_FUNCTION(LogSigmoid, -softplus(-x))
UNROLLED_FUNCTION(Softplus, softplus(x))
UNROLLED_FUNCTION(Sqrt, square_root(x))
UNROLLED_FUNCTION(Absolute, magnitude(x))
UNROLLED_FUNCTION(Round, round_even(x))
#undef UNROLLED_FUNCTION

#define UNROLLED_FUNCTION(name, expression) \
  struct name {                             \
    static UNROLLED_INLINE Floats of(Floats a, Floats b) { return expression; } \
  };
UNROLLED_FUNCTION(Add, a + b)
UNROLLED_FUNCTION(Subtract, a - b)
UNROLLED_FUNCTION(Multiply, a * b)
UNROLLED_FUNCTION(Divide, a / b)
UNROLLED_FUNCTION(Minimum, a < b ? a : (a == a ? b : a))  // NaN if either is
UNROLLED_FUNCTION(Maximum, a > b ? a : (a == a ? b : a))
UNROLLED_FUNCTION(Greater, a > b ? splat(1.0f) : Floats{})
#undef UNROLLED_FUNCTION

template <class F>
void unary(float* y, const float* a, long n) {
  for (long k = 0; k < n; k += lanes<float>) store(y + k, F::of(load(a + k)));
}
template <class F>
void binary(float* y, const float* a, const float* b, long n) {
  for (long k = 0; k < n; k += lanes<float>) store(y + k, F::of(load(a + k), load(b + k)));
}
template <class F>
void number_second(float* y, const float* a, const float* b, long n) {
  const Floats second = splat(*b);
  for (long k = 0; k < n; k += lanes<float>) store(y + k, F::of(load(a + k), second));
}
template <class F>
void number_first(float* y, const float* a, const float* b, long n) {
  const Floats first = splat(*a);
  for (long k = 0; k < n; k += lanes<float>) store(y + k, F::of(first, load(b + k)));
}

inline void where(float* y, const float* condition, const float* a, const float* b, long n) {
  for (long k = 0; k < n; k += lanes<float>)
    store(y + k, load(condition + k) != 0.0f ? load(a + k) : load(b + k));
}
inline void fill(float* y, const float* value, long n) {
  const Floats v = splat(*value);
  for (long k = 0; k < n; k += lanes<float>) store(y + k, v);
}

}  // namespace unrolled::UNROLLED_ISA
