// Vectors of one instruction set, and the functions that cells are built from. Compiled once per instruction
// set, each time in a different namespace (UNROLLED_ISA). Uses no inline functions of the standard library:
// the linker keeps only one copy of those, perhaps one for an instruction set that the processor lacks.
#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#ifndef UNROLLED_ISA
#error "compile with -DUNROLLED_ISA=<name of the instruction set>"
#endif
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace unrolled::UNROLLED_ISA {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr int tile_rows = 12;  // 12 × 2 sums and 2 operands in 32 registers
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
constexpr int tile_rows = 6;  // 6 × 2 sums and 2 operands in 16 registers
#elif defined(__aarch64__)
constexpr int vector_bytes = 16;
constexpr int tile_rows = 12;
#else
constexpr int vector_bytes = 16;
constexpr int tile_rows = 6;
#endif

#define UNROLLED_INLINE inline __attribute__((always_inline))

// Two bfloat16 values, k in the lower half and k + 1 in the upper half: the operand of one lane in a product.
struct Pair {
  uint32_t bits;
};

template <class T>
struct Simd;
template <>
struct Simd<float> {
  typedef float V __attribute__((vector_size(vector_bytes)));
  typedef float Memory __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
  typedef int32_t I __attribute__((vector_size(vector_bytes)));
  typedef int32_t Int;
  typedef float Sum;
};
template <>
struct Simd<double> {
  typedef double V __attribute__((vector_size(vector_bytes)));
  typedef double Memory __attribute__((vector_size(vector_bytes), aligned(8), may_alias));
  typedef int64_t I __attribute__((vector_size(vector_bytes)));
  typedef int64_t Int;
  typedef double Sum;
};
template <>
struct Simd<Pair> {
  typedef int32_t V __attribute__((vector_size(vector_bytes)));
  typedef int32_t Memory __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
  typedef float Sum;
};

template <class T>
using Vec = typename Simd<T>::V;
template <class T>
using SumOf = typename Simd<T>::Sum;
template <class T>
constexpr int lanes = vector_bytes / int(sizeof(T));

// Return a pointer to the numbers at an address.
template <class T>
UNROLLED_INLINE T* at(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

template <class T>
UNROLLED_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Memory*>(p);
}
template <class T>
UNROLLED_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename Simd<T>::Memory*>(p) = v;
}
template <class T>
UNROLLED_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};  // not a sum: −0 + 0 is 0, so the compiler would have to add
}

// Load or store the first n lanes. The other lanes are loaded as zero and not stored.
template <class T>
UNROLLED_INLINE Vec<T> load_n(const T* p, long n) {
  if (n >= lanes<T>) return load(p);
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8)
    return (Vec<T>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), p);
  else
    return (Vec<T>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p);
#else
  T part[lanes<T>] = {};
  for (long k = 0; k < n; ++k) part[k] = p[k];
  return load(part);
#endif
}
template <class T>
UNROLLED_INLINE void store_n(T* p, Vec<T> v, long n) {
  if (n >= lanes<T>) return store(p, v);
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8)
    _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), (__m512d)v);
  else
    _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), (__m512)v);
#else
  T part[lanes<T>];
  store(part, v);
  for (long k = 0; k < n; ++k) p[k] = part[k];
#endif
}
#if defined(__clang__) || __GNUC__ >= 12
#define UNROLLED_HAS_SHUFFLE 1
#else
#define UNROLLED_HAS_SHUFFLE 0
#endif

// Transpose a square matrix with one row per vector: exchange lanes of rows at distances 1, 2, 4, …
template <class T, int distance, int... J>
UNROLLED_INLINE void exchange(Vec<T>& a, Vec<T>& b, std::integer_sequence<int, J...>) {
  constexpr int L = lanes<T>;
#if UNROLLED_HAS_SHUFFLE
  const Vec<T> x = a;
  a = __builtin_shufflevector(x, b, (J & distance ? L + J - distance : J)...);
  b = __builtin_shufflevector(x, b, (J & distance ? L + J : J + distance)...);
#else
  T x[L], y[L];
  store(x, a);
  store(y, b);
  for (int j = 0; j < L; ++j)
    if (!(j & distance)) {
      const T moved = x[j + distance];
      x[j + distance] = y[j];
      y[j] = moved;
    }
  a = load(x);
  b = load(y);
#endif
}
template <class T, int distance = 1>
UNROLLED_INLINE void transpose(Vec<T>* rows) {
  constexpr int L = lanes<T>;
  if constexpr (distance < L) {
#pragma GCC unroll 16
    for (int k = 0; k < L; ++k)
      if (!(k & distance)) exchange<T, distance>(rows[k], rows[k + distance], std::make_integer_sequence<int, L>{});
    transpose<T, 2 * distance>(rows);
  }
}

// Call f(u, n) for every vector of [from, to): n numbers starting at u. The last, shorter vector is a
// separate call, so that the compiler knows n in all others.
template <class T, class F>
UNROLLED_INLINE void each_vector(long from, long to, F&& f) {
  long u = from;
  for (; u + lanes<T> <= to; u += lanes<T>) f(u, long(lanes<T>));
  if (u < to) f(u, to - u);
}
#define UNROLLED_EACH [&](long u, long n) __attribute__((always_inline))

// Short rows are copied inline: in a small layer, copies of rows are the most frequent call.
template <class T>
UNROLLED_INLINE void copy(T* to, const T* from, long n) {
  if (n > 16 * lanes<T>) {
    __builtin_memcpy(to, from, n * sizeof(T));
    return;
  }
  each_vector<T>(0, n, [&](long u, long m) __attribute__((always_inline)) { store_n(to + u, load_n(from + u, m), m); });
}
template <class T>
UNROLLED_INLINE void accumulate(T* to, const T* from, long n) {
  each_vector<T>(0, n, [&](long u, long m) __attribute__((always_inline)) {
    store_n(to + u, load_n(to + u, m) + load_n(from + u, m), m);
  });
}

// Return the first n lanes, with zeros in the others.
template <class T>
UNROLLED_INLINE Vec<T> first_n(Vec<T> v, long n) {
  if (n >= lanes<T>) return v;
  T part[lanes<T>];
  store(part, v);
  for (long k = n; k < lanes<T>; ++k) part[k] = 0;
  return load(part);
}
template <class T>
UNROLLED_INLINE T sum_lanes(Vec<T> v) {
  T part[lanes<T>];
  store(part, v);
  for (int width = lanes<T> / 2; width; width /= 2)
    for (int k = 0; k < width; ++k) part[k] += part[k + width];
  return part[0];
}
// Sum of f(u, n) over `size` numbers. f must return zero in lanes past the end. Four independent sums, so
// that the additions need not wait for each other.
template <class T, class F>
UNROLLED_INLINE T sum_over(long size, F&& f) {
  constexpr long L = lanes<T>;
  Vec<T> sums[4] = {};
  long u = 0;
  for (; u + 4 * L <= size; u += 4 * L)
    for (long k = 0; k < 4; ++k) sums[k] += f(u + k * L, L);
  each_vector<T>(u, size, [&](long v, long n) __attribute__((always_inline)) { sums[0] += f(v, n); });
  return sum_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// a · b + c for operands of a product: plain numbers, or pairs of bfloat16 whose two products are both added
// to c.
template <class W>
UNROLLED_INLINE Vec<SumOf<W>> multiply_add(W a, Vec<W> b, Vec<SumOf<W>> c) {
  return c + a * b;
}
#if defined(__AVX512BF16__)
template <>
UNROLLED_INLINE Vec<float> multiply_add<Pair>(Pair a, Vec<Pair> b, Vec<float> c) {
  return (Vec<float>)_mm512_dpbf16_ps((__m512)c, (__m512bh)_mm512_set1_epi32(int(a.bits)), (__m512bh)b);
}
#endif

// Round to nearest even, like the processor's instruction.
UNROLLED_INLINE uint32_t to_bfloat16(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40u;  // NaN stays NaN
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

// exp(x) and exp(x) − 1 differ only in the last addition: x = n·ln 2 + r, |r| ≤ ln 2 / 2.
template <class T>
struct Exponent {
  Vec<T> scale, small;  // 2^n, exp(r) − 1
};

UNROLLED_INLINE Exponent<float> exponent(Vec<float> x) {
  using V = Vec<float>;
  using I = Simd<float>::I;
  x = x < -87.0f ? splat(-87.0f) : x;  // comparisons with NaN are false: NaN passes through
  x = x > 88.0f ? splat(88.0f) : x;
  const V magic = splat(12582912.0f);  // 1.5 · 2^23: adding it rounds to a whole number
  const V shifted = x * 1.44269504088896341f + magic;
  const V n = shifted - magic;
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = splat(1.9875691500e-4f);  // Cephes, expf
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const I power = (I)shifted - (I)magic;
  return {(V)((power + 127) << 23), p * (r * r) + r};
}
UNROLLED_INLINE Exponent<double> exponent(Vec<double> x) {
  using V = Vec<double>;
  using I = Simd<double>::I;
  x = x < -708.0 ? splat(-708.0) : x;
  x = x > 709.0 ? splat(709.0) : x;
  const V magic = splat(6755399441055744.0);  // 1.5 · 2^52
  const V shifted = x * 1.4426950408889634 + magic;
  const V n = shifted - magic;
  const V r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  V p = splat(1.0 / 6227020800.0);  // Taylor to r^13: error below half an ulp for |r| ≤ 0.347
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  const I power = (I)shifted - (I)magic;
  return {(V)((power + 1023) << 52), p * (r * r) + r};
}

// 1 / x for x ≥ 1, exact to within 1 ulp. If the processor has a reciprocal estimate, the estimate and one
// Newton step take half the time of a division.
template <class T>
UNROLLED_INLINE Vec<T> reciprocal(Vec<T> x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const Vec<float> y = (Vec<float>)_mm512_rcp14_ps((__m512)x);
    return y + y * (1.0f - x * y);
  }
#endif
  return T(1) / x;
}

template <class T>
UNROLLED_INLINE Vec<T> exp(Vec<T> x) {
  const Exponent<T> e = exponent(x);
  return e.scale * e.small + e.scale;
}
template <class T>
UNROLLED_INLINE Vec<T> sigmoid(Vec<T> x) {
  return reciprocal<T>(T(1) + exp<T>(-x));
}
// tanh|x| = −t / (t + 2) with t = exp(−2|x|) − 1: accurate near 0, and never overflows.
template <class T>
UNROLLED_INLINE Vec<T> tanh(Vec<T> x) {
  using I = typename Simd<T>::I;
  const I sign = (I)x & (I{} + (typename Simd<T>::Int(1) << (8 * sizeof(T) - 1)));
  const Vec<T> size = (Vec<T>)((I)x ^ sign);
  const Exponent<T> e = exponent(T(-2) * size);
  const Vec<T> t = e.scale * e.small + (e.scale - T(1));
  return (Vec<T>)((I)((T(0) - t) * reciprocal<T>(t + T(2))) | sign);
}
template <class T>
UNROLLED_INLINE Vec<T> relu(Vec<T> x) {
  return x < T(0) ? Vec<T>{} : x;  // NaN < 0 is false: NaN passes through
}

}  // namespace unrolled::UNROLLED_ISA
