// The step of the Elman and Jordan networks: hidden = σ(a + z) with a = W x + b_ih and z = U h_{t-1} + b_hh.
#pragma once
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
struct Elman : CellDefaults {
  static constexpr const char* name = "elman";
  static constexpr long gates = 1;
  static constexpr bool gate_is_hidden = true;

  template <Nonlinearity f>
  static UNROLLED_INLINE void run(const RowForward<T, 1>& r, const Options<T>&, long u0, long u1) {
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> h = apply<T>(f, load_n(r.a + u, n) + load_n(r.z + u, n));
      if (r.gate) store_n(r.gate + u, h, n);
      store_n(r.hidden + u, r.candidate ? h * load_n(r.candidate + u, n) : h, n);
    });
  }
  static void forward(const RowForward<T, 1>& r, const Options<T>& o, long u0, long u1) {
    switch (o.nonlinearity) {
      case Nonlinearity::tanh: return run<Nonlinearity::tanh>(r, o, u0, u1);
      case Nonlinearity::relu: return run<Nonlinearity::relu>(r, o, u0, u1);
      default: return run<Nonlinearity::sigmoid>(r, o, u0, u1);
    }
  }
  static void forward_second(const RowForward<T, 1>&, const Options<T>&) {}

  static void backward(const RowBackward<T, 1>& r, const Options<T>& o, const SmallGradients<T>&, long u0, long u1) {
    each_vector<T>(u0, u1, UNROLLED_EACH {
      Vec<T> d = load_n(r.dhidden + u, n);
      if (r.candidate) d *= load_n(r.candidate + u, n);
      store_n(r.da + u, d * slope<T>(o.nonlinearity, load_n(r.gate + u, n)), n);
    });
  }
  static void backward_second(const RowBackward<T, 1>&, const Options<T>&, const T*) {}
};

}  // namespace unrolled::UNROLLED_ISA
