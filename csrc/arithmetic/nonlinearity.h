// The nonlinearities that a layer's options select, and their derivatives.
#pragma once
#include "args.h"
#include "arithmetic/simd.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
UNROLLED_INLINE Vec<T> apply(Nonlinearity f, Vec<T> x) {
  switch (f) {
    case Nonlinearity::tanh: return tanh<T>(x);
    case Nonlinearity::relu: return relu<T>(x);
    case Nonlinearity::sigmoid: return sigmoid<T>(x);
    default: return x;
  }
}

// Derivative σ'(x), computed from y = σ(x).
template <class T>
UNROLLED_INLINE Vec<T> slope(Nonlinearity f, Vec<T> y) {
  switch (f) {
    case Nonlinearity::tanh: return T(1) - y * y;
    case Nonlinearity::relu: return y > T(0) ? splat(T(1)) : Vec<T>{};
    case Nonlinearity::sigmoid: return y * (T(1) - y);
    default: return splat(T(1));
  }
}

}  // namespace unrolled::UNROLLED_ISA
