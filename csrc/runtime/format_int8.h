// Weights and vectors as whole numbers in [-127, 127], sums in int32. A weight is its number times the scale of
// its row; a vector is its numbers times one scale, (largest magnitude) / 127. The int32 sums do not depend on
// the instruction set.
#pragma once
#include "runtime/panels.h"
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace unrolled::UNROLLED_ISA {

using Ints = Simd<float>::I;  // int32
typedef uint32_t Unsigned __attribute__((vector_size(vector_bytes)));

// Products of a few int8 columns, added to int32. `Stored` is the type of a number in a prepared vector.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
// The instruction multiplies unsigned and signed numbers: 128 is added to those of the vector, and 128 times the
// sum of a row's weights is subtracted afterwards.
struct Int8Dot {
  static constexpr long group = 4, offset = 128;
  using Stored = uint8_t;
  static UNROLLED_INLINE Ints weights(const char* p) { return (Ints)load(reinterpret_cast<const float*>(p)); }
  static UNROLLED_INLINE Ints multiply_add(Ints w, Ints v, Ints sum) {
#if defined(__AVX512VNNI__)
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)v, (__m512i)w);
#else
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)v, (__m256i)w);
#endif
  }
};
#elif defined(__ARM_FEATURE_DOTPROD)
struct Int8Dot {
  static constexpr long group = 4, offset = 0;
  using Stored = int8_t;
  static UNROLLED_INLINE Ints weights(const char* p) { return (Ints)load(reinterpret_cast<const float*>(p)); }
  static UNROLLED_INLINE Ints multiply_add(Ints w, Ints v, Ints sum) {
    return (Ints)vdotq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)v);
  }
};
#elif defined(__SSE2__)
// Two columns: int8 is widened to int16, whose products are added in pairs without overflow.
struct Int8Dot {
  static constexpr long group = 2, offset = 0;
  using Stored = int16_t;
  static UNROLLED_INLINE Ints weights(const char* p) {
#if defined(__AVX512BW__)
    return (Ints)_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__)
    return (Ints)_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
    const __m128i w = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return (Ints)_mm_srai_epi16(_mm_unpacklo_epi8(w, w), 8);
#endif
  }
  static UNROLLED_INLINE Ints multiply_add(Ints w, Ints v, Ints sum) {
#if defined(__AVX512BW__)
    return sum + (Ints)_mm512_madd_epi16((__m512i)w, (__m512i)v);
#elif defined(__AVX2__)
    return sum + (Ints)_mm256_madd_epi16((__m256i)w, (__m256i)v);
#else
    return sum + (Ints)_mm_madd_epi16((__m128i)w, (__m128i)v);
#endif
  }
};
#else
struct Int8Dot {
  static constexpr long group = 1, offset = 0;
  using Stored = int32_t;
  static UNROLLED_INLINE Ints weights(const char* p) {
    typedef int8_t Narrow __attribute__((vector_size(vector_bytes / 4)));
    Narrow w;
    __builtin_memcpy(&w, p, sizeof w);
    return __builtin_convertvector(w, Ints);
  }
  static UNROLLED_INLINE Ints multiply_add(Ints w, Ints v, Ints sum) { return sum + w * v; }
};
#endif

// Round half to even. Not by adding a large number: the compiler could merge that with the multiplication before.
UNROLLED_INLINE Ints round_to_ints(Vec<float> x) {
#if defined(__AVX512F__)
  return (Ints)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtps_epi32((__m256)x);
#elif defined(__SSE2__)
  return (Ints)_mm_cvtps_epi32((__m128)x);
#else
  Ints rounded;
  for (long k = 0; k < lanes<float>; ++k) rounded[k] = int32_t(__builtin_rintf(x[k]));
  return rounded;
#endif
}

// Largest |v|; infinite or NaN if a number of v is.
UNROLLED_INLINE float largest_magnitude(const float* v, long size) {
  Ints largest = {};  // bits of positive floats are ordered like the floats, then infinity, then NaN
  each_vector<float>(0, size, UNROLLED_EACH {
    const Ints bits = (Ints)load_n(v + u, n) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  });
  int32_t most = 0;
  for (long k = 0; k < lanes<float>; ++k) most = largest[k] > most ? largest[k] : most;
  float magnitude;
  __builtin_memcpy(&magnitude, &most, 4);
  return magnitude;
}

constexpr float int8_limit = 127;
constexpr float smallest_magnitude = 1e-30f;  // below, 127 / magnitude would overflow: counts as zero

struct Int8 : Int8Dot {
  static constexpr long step_bytes = group * long(sizeof(Stored)), header_bytes = 64;  // header: the scale
  using Element = int8_t;
  using Sum = Ints;

  static int8_t encode(float weight, const Matrix& m, long row) {
    const float q = m.scales[row] == 0 ? 0 : __builtin_rintf(weight / m.scales[row]);
    m.sums[row] += int32_t(q);
    return int8_t(q);
  }
  static UNROLLED_INLINE Ints broadcast(const char* v) {
    static_assert(step_bytes == 4);
    int32_t bits;
    __builtin_memcpy(&bits, v, 4);
    return Ints{} + bits;
  }
  // Modulo 2^32: with `offset`, sums may pass the range of int32 on their way to a value within it.
  static UNROLLED_INLINE Ints add(Ints a, Ints b) { return (Ints)((Unsigned)a + (Unsigned)b); }
  static UNROLLED_INLINE Vec<float> value(Ints sum, const Matrix& m, long row, const char* v) {
    if constexpr (offset != 0) {
      Ints of_row;
      __builtin_memcpy(&of_row, m.sums + row, sizeof of_row);
      sum = (Ints)((Unsigned)sum - uint32_t(offset) * (Unsigned)of_row);
    }
    return __builtin_convertvector(sum, Vec<float>) * (load(m.scales + row) * *reinterpret_cast<const float*>(v));
  }

  static long prepared_bytes(long columns) { return header_bytes + runtime::padded(columns) * long(sizeof(Stored)); }
  static void prepare(const float* v, char* prepared, long columns) {
    typedef Stored Packed __attribute__((vector_size(lanes<float> * sizeof(Stored))));
    const float magnitude = largest_magnitude(v, columns);
    const bool finite = magnitude <= 3.4028235e38f, zero = magnitude < smallest_magnitude;
    const float inverse = finite && !zero ? int8_limit / magnitude : 0.0f;
    // A value that is not finite makes the whole product NaN.
    const float scale = !finite ? __builtin_nanf("") : zero ? 0.0f : magnitude / int8_limit;
    __builtin_memcpy(prepared, &scale, 4);
    char* to = prepared + header_bytes;
    each_vector<float>(0, columns, UNROLLED_EACH {
      const Vec<float> scaled = finite ? load_n(v + u, n) * inverse : Vec<float>{};
      const Packed q = __builtin_convertvector(round_to_ints(scaled) + int32_t(offset), Packed);
      __builtin_memcpy(to + u * long(sizeof(Stored)), &q, sizeof q);
    });
  }
};

}  // namespace unrolled::UNROLLED_ISA
