// Weights in float32.
#pragma once
#include "runtime/panels.h"

namespace unrolled::UNROLLED_ISA {

struct Float32 {
  static constexpr long group = 1, step_bytes = 4, header_bytes = 0;
  using Element = float;
  using Sum = Vec<float>;

  static float encode(float weight, const Matrix&, long) { return weight; }
  static UNROLLED_INLINE Vec<float> weights(const char* p) { return load(reinterpret_cast<const float*>(p)); }
  static UNROLLED_INLINE Vec<float> broadcast(const char* v) { return splat(*reinterpret_cast<const float*>(v)); }
  static UNROLLED_INLINE Sum multiply_add(Vec<float> w, Vec<float> v, Sum sum) { return sum + w * v; }
  static UNROLLED_INLINE Sum add(Sum a, Sum b) { return a + b; }
  static UNROLLED_INLINE Vec<float> value(Sum sum, const Matrix&, long, const char*) { return sum; }

  static long prepared_bytes(long) { return 0; }
  static void prepare(const float*, char*, long) {}
};

}  // namespace unrolled::UNROLLED_ISA
