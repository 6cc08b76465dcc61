// Weights and vectors rounded to bfloat16, sums in float32. A 32-bit lane holds the weights of two columns, the
// first in its lower half.
#pragma once
#include "runtime/panels.h"

namespace unrolled::UNROLLED_ISA {

struct Bfloat16 {
  static constexpr long group = 2, header_bytes = 0;
  using Element = uint16_t;
  using Sum = Vec<float>;
  using Bits = Simd<float>::I;

  static uint16_t encode(float weight, const Matrix&, long) { return uint16_t(to_bfloat16(weight)); }
  static UNROLLED_INLINE Bits weights(const char* p) { return (Bits)load(reinterpret_cast<const float*>(p)); }
  static UNROLLED_INLINE Sum add(Sum a, Sum b) { return a + b; }
  static UNROLLED_INLINE Vec<float> value(Sum sum, const Matrix&, long, const char*) { return sum; }

#if defined(__AVX512BF16__)
  // Two columns in one instruction; vectors are stored in bfloat16.
  static constexpr long step_bytes = 4;
  static UNROLLED_INLINE Bits broadcast(const char* v) {
    int32_t bits;
    __builtin_memcpy(&bits, v, 4);
    return Bits{} + bits;
  }
  static UNROLLED_INLINE Sum multiply_add(Bits w, Bits v, Sum sum) {
    return (Sum)_mm512_dpbf16_ps((__m512)sum, (__m512bh)w, (__m512bh)v);
  }
  static long prepared_bytes(long columns) { return 2 * runtime::padded(columns); }
  static void prepare(const float* v, char* prepared, long columns) {
    for (long k = 0; k < columns; k += 16)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(prepared + 2 * k), (__m256i)_mm512_cvtneps_pbh(
          (__m512)load_n(v + k, columns - k)));
  }
#else
  // A shift turns bfloat16 into float32; vectors are stored in float32.
  struct Two {
    float first, second;
  };
  static constexpr long step_bytes = 8;
  static UNROLLED_INLINE Two broadcast(const char* v) {
    const float* pair = reinterpret_cast<const float*>(v);
    return {pair[0], pair[1]};
  }
  static UNROLLED_INLINE Sum multiply_add(Bits w, Two v, Sum sum) {
    const Vec<float> first = (Vec<float>)(w << 16), second = (Vec<float>)(w & int32_t(0xffff0000));
    return (sum + first * v.first) + second * v.second;
  }
  static long prepared_bytes(long columns) { return 4 * runtime::padded(columns); }
  static void prepare(const float* v, char* prepared, long columns) {
    float* to = reinterpret_cast<float*>(prepared);
    for (long k = 0; k < runtime::padded(columns); ++k) {
      const uint32_t bits = k < columns ? to_bfloat16(v[k]) << 16 : 0;
      __builtin_memcpy(to + k, &bits, 4);
    }
  }
#endif
};

}  // namespace unrolled::UNROLLED_ISA
