// The step of the LSTM, gates i f g o, with optional peepholes, normalisation of c, and zoneout of c.
#pragma once
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

template <class T>
struct LSTM : CellDefaults {
  static constexpr const char* name = "lstm";
  static constexpr long gates = 4;
  static constexpr Names states{{"h", "c"}};
  enum { peephole_i, peephole_f, peephole_o, weight_ln_c, bias_ln_c };
  static constexpr Vectors vectors{{{"weight_peephole_i", 0},
                                    {"weight_peephole_f", 0},
                                    {"weight_peephole_o", 0},
                                    {"weight_ln_c", 1},
                                    {"bias_ln_c", 1}}};
  static constexpr bool needs_whole_row(const LayerArgs& a) { return a.vectors[weight_ln_c]; }

  static void forward(const RowForward<T, 2>& r, const Options<T>& o, long u0, long u1) {
    const long H = o.H;
    const bool norm = o.vector[weight_ln_c];
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> c = load_n(r.state[1] + u, n);
      Vec<T> i = load_n(r.a + u, n) + load_n(r.z + u, n);
      Vec<T> f = load_n(r.a + H + u, n) + load_n(r.z + H + u, n);
      const Vec<T> g = tanh<T>(load_n(r.a + 2 * H + u, n) + load_n(r.z + 2 * H + u, n));
      Vec<T> out = load_n(r.a + 3 * H + u, n) + load_n(r.z + 3 * H + u, n);
      if (o.vector[peephole_i]) {
        i += load_n(o.vector[peephole_i] + u, n) * c;
        f += load_n(o.vector[peephole_f] + u, n) * c;
      }
      i = sigmoid<T>(i);
      f = sigmoid<T>(f);
      const Vec<T> content = r.candidate ? g * load_n(r.candidate + u, n) : g;
      const Vec<T> new_c = f * c + i * content;
      if (o.vector[peephole_o]) out += load_n(o.vector[peephole_o] + u, n) * new_c;
      out = sigmoid<T>(out);
      store_n(r.gate + u, i, n);
      store_n(r.gate + H + u, f, n);
      store_n(r.gate + 2 * H + u, g, n);
      store_n(r.gate + 3 * H + u, out, n);
      if (norm) store_n(r.scratch + u, new_c, n);
      else store_n(r.hidden + u, out * tanh<T>(new_c), n);
      if (r.mask[1] || o.rate[1] != T(0)) {
        const Vec<T> keep = r.mask[1] ? load_n(r.mask[1] + u, n) : splat(o.rate[1]);
        store_n(r.state[1] + u, keep * c + (T(1) - keep) * new_c, n);
      } else {
        store_n(r.state[1] + u, new_c, n);
      }
    });
    if (!norm) return;
    normalise<T>(r.scratch, H, [&](long u, long n, Vec<T> zhat) __attribute__((always_inline)) {
      const Vec<T> c = zhat * load_n(o.vector[weight_ln_c] + u, n) + load_n(o.vector[bias_ln_c] + u, n);
      store_n(r.hidden + u, load_n(r.gate + 3 * H + u, n) * tanh<T>(c), n);
    });
  }
  static void forward_second(const RowForward<T, 2>&, const Options<T>&) {}

  // Recompute c before zoneout.
  static UNROLLED_INLINE Vec<T> recompute_c(const RowBackward<T, 2>& r, long H, long u, long n) {
    Vec<T> content = load_n(r.gate + 2 * H + u, n);
    if (r.candidate) content *= load_n(r.candidate + u, n);
    return load_n(r.gate + H + u, n) * load_n(r.before[1] + u, n) + load_n(r.gate + u, n) * content;
  }

  static void backward(const RowBackward<T, 2>& r, const Options<T>& o, const SmallGradients<T>& small, long u0,
                       long u1) {
    const long H = o.H;
    const bool norm = o.vector[weight_ln_c];
    T *zhat = r.scratch, *dnorm = r.scratch + H;
    if (norm) {  // backward through tanh and the normalisation of c; dnorm then holds the gradient of c
      each_vector<T>(0, H, UNROLLED_EACH { store_n(zhat + u, recompute_c(r, H, u, n), n); });
      const T scale = normalise<T>(zhat, H, [&](long u, long n, Vec<T> zh) __attribute__((always_inline)) {
        const Vec<T> dh = load_n(r.dhidden + u, n), out = load_n(r.gate + 3 * H + u, n);
        const Vec<T> th = tanh<T>(zh * load_n(o.vector[weight_ln_c] + u, n) + load_n(o.vector[bias_ln_c] + u, n));
        store_n(zhat + u, zh, n);
        store_n(r.da + 3 * H + u, dh * th * out * (T(1) - out), n);
        store_n(dnorm + u, dh * out * (T(1) - th * th), n);
      });
      normalise_backward(dnorm, dnorm, zhat, o.vector[weight_ln_c], scale, H, small.vector[weight_ln_c],
                         small.vector[bias_ln_c]);
    }
    each_vector<T>(u0, u1, UNROLLED_EACH {
      const Vec<T> i = load_n(r.gate + u, n), f = load_n(r.gate + H + u, n), g = load_n(r.gate + 2 * H + u, n);
      const Vec<T> out = load_n(r.gate + 3 * H + u, n), c = load_n(r.before[1] + u, n);
      const Vec<T> content = r.candidate ? g * load_n(r.candidate + u, n) : g;
      const Vec<T> new_c = f * c + i * content;
      const Vec<T> dstate = load_n(r.dstate[1] + u, n);
      Vec<T> dc, dout, dc_zoneout{};
      if (norm) {
        dout = load_n(r.da + 3 * H + u, n);
        dc = load_n(dnorm + u, n);
      } else {
        const Vec<T> dh = load_n(r.dhidden + u, n), th = tanh<T>(new_c);
        dout = dh * th * out * (T(1) - out);
        dc = dh * out * (T(1) - th * th);
      }
      if (r.mask[1] || o.rate[1] != T(0)) {
        const Vec<T> keep = r.mask[1] ? load_n(r.mask[1] + u, n) : splat(o.rate[1]);
        dc += (T(1) - keep) * dstate;
        dc_zoneout = keep * dstate;
      } else {
        dc += dstate;
      }
      if (o.vector[peephole_o]) dc += dout * load_n(o.vector[peephole_o] + u, n);
      const Vec<T> di = dc * content * i * (T(1) - i), df = dc * c * f * (T(1) - f);
      Vec<T> dg = dc * i * (T(1) - g * g);
      if (r.candidate) dg *= load_n(r.candidate + u, n);
      Vec<T> dc_before = dc * f + dc_zoneout;
      if (o.vector[peephole_i]) {
        dc_before += di * load_n(o.vector[peephole_i] + u, n) + df * load_n(o.vector[peephole_f] + u, n);
        store_n(small.vector[peephole_i] + u, load_n(small.vector[peephole_i] + u, n) + di * c, n);
        store_n(small.vector[peephole_f] + u, load_n(small.vector[peephole_f] + u, n) + df * c, n);
        store_n(small.vector[peephole_o] + u, load_n(small.vector[peephole_o] + u, n) + dout * new_c, n);
      }
      store_n(r.da + u, di, n);
      store_n(r.da + H + u, df, n);
      store_n(r.da + 2 * H + u, dg, n);
      store_n(r.da + 3 * H + u, dout, n);
      store_n(r.dstate[1] + u, dc_before, n);
    });
  }
  static void backward_second(const RowBackward<T, 2>&, const Options<T>&, const T*) {}
};

}  // namespace unrolled::UNROLLED_ISA
