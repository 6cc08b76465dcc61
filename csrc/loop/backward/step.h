// One backward step for a team's rows: computes the gradients of the preactivations from those of the states.
#pragma once
#include "loop/backward/memory.h"

namespace unrolled::UNROLLED_ISA {

// Writes this step's rows of da and du, and of the other operands of the products over pairs.
template <class Cell, class T, class W>
struct BackwardStep {
  using Memory = BackwardMemory<Cell, T, W>;
  using Scratch = typename Memory::Scratch;
  static constexpr bool plain = Memory::plain;
  static constexpr long G = Memory::G, NR = Memory::NR;
  static constexpr int S = Memory::S;
  const Memory& mem;

  void run(const Team& t, const Scratch& local, long s, long n, long pair, const Saved<T>& saved) const {
    const RowBlocks blocks(n, step_rows);
    RowBackward<T, S> row[step_rows];
    const SmallGradients<T> sums = mem.small_gradients(local);
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k), m = blocks.first(k + 1) - r0;
      for (long r = 0; r < m; ++r) row[r] = make_row(t, local, s, r0 + r, r, pair + r0 + r, saved);
      for (long r = 0; r < m; ++r) output_gradient(t, local, s, t.row[r0 + r], r);
      if (mem.has_projection) projection_gradient(t, local, s, r0, m, pair + r0, saved, sums);
      for (long r = 0; r < m; ++r) Cell::backward(row[r], mem.forward.options, sums, t.u0, t.u1);
      if constexpr (Cell::two_stage) {
        if (mem.has_norm) normalise_rows(t, s, r0, m, pair + r0, saved, sums, 1);
        for (long r = 0; r < m; ++r)
          to_words(local.left + r * mem.Lp, mem.du + (pair + r0 + r) * mem.Zp + 2 * mem.H, mem.H);
        if (mem.a.dbias_hh && !mem.has_norm)
          for (long r = 0; r < m; ++r)
            accumulate(sums.bias_hh + 2 * mem.H, mem.du + (pair + r0 + r) * mem.Zp + 2 * mem.H, mem.H);
        multiply<W, false>(m, mem.R, words<W, T>(mem.H), local.left, mem.Lp,
                           {mem.weight_reset, NR, NR * words<W, T>(mem.H)}, {local.dreset, mem.Hp});
        for (long r = 0; r < m; ++r)
          Cell::backward_second(row[r], mem.forward.options, local.dreset + r * mem.Hp);
      }
      if (mem.a.dbias_ih && !mem.forward.has_input_norm)
        for (long r = 0; r < m; ++r) sum_gates(t, sums.bias_ih, mem.da + (pair + r0 + r) * mem.Zp, G);
      if (mem.has_norm) {
        normalise_rows(t, s, r0, m, pair + r0, saved, sums, 0);
      } else if (mem.a.dbias_hh) {
        for (long r = 0; r < m; ++r)
          sum_gates(t, sums.bias_hh, (mem.separate_du ? mem.du : mem.da) + (pair + r0 + r) * mem.Zp,
                    Cell::two_stage ? 2 : G);
      }
      if (mem.forward.has_input_norm) normalise_input(t, s, r0, m, pair + r0, saved, sums);
      for (long r = t.rank; r < m; r += t.size) copy_operands(s, t.row[r0 + r], pair + r0 + r);
      if (Cell::recurrent && t.size == 1) propagate(t, local, r0, m, pair + r0);
    }
    if (!Cell::recurrent || t.size == 1) return;
    t.meet();
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k);
      propagate(t, local, r0, blocks.first(k + 1) - r0, pair + r0);
    }
  }

  void sum_gates(const Team& t, T* to, const T* from, long gates) const {
    if (t.size == 1) return accumulate(to, from, gates * mem.H);
    for (long g = 0; g < gates; ++g) accumulate(to + g * mem.H + t.u0, from + g * mem.H + t.u0, t.u1 - t.u0);
  }

  RowBackward<T, S> make_row(const Team& t, const Scratch& local, long s, long r, long in_block, long pair,
                           const Saved<T>& saved) const {
    const long b = t.row[r], step_row = s * mem.B + b, saved_row = (s - saved.s0) * mem.B + b;
    RowBackward<T, S> row{saved.gates ? saved.gates + saved_row * mem.GH : mem.y_at(s, b),
                          saved.extra ? saved.extra + saved_row * mem.H : nullptr,
                          mem.has_projection ? local.dhidden + in_block * mem.Hp : local.dh + in_block * mem.Rp,
                          mem.da + pair * mem.Zp,
                          mem.separate_du ? mem.du + pair * mem.Zp : nullptr,
                          Cell::two_stage ? mem.reset + pair * mem.Hp : nullptr,
                          mem.a.mask_candidate ? at<const T>(mem.a.mask_candidate) + step_row * mem.H : nullptr,
                          local.scratch,
                          {mem.h_before(s, b)},
                          {mem.dh + b * mem.Rp},
                          {}};
    for (int k = 1; k < S; ++k) {
      row.before[k] = mem.state_before(k, saved, s, b);
      row.dstate[k] = mem.dstate[k] + b * mem.Hp;
      row.mask[k] = mem.a.masks[k] ? at<const T>(mem.a.masks[k]) + step_row * mem.H : nullptr;
    }
    return row;
  }

  // Gradient of h_t: the sum from the output and from step t + 1, split by zoneout into that of the new value
  // and that of h_{t-1}.
  void output_gradient(const Team& t, const Scratch& local, long s, long b, long in_block) const {
    const long u0 = mem.has_projection ? 0 : t.u0, u1 = mem.has_projection ? mem.R : t.u1;
    const T* dy = nullptr;
    if (mem.a.dy) dy = at<const T>(mem.a.dy) + mem.forward.rows.time(s, b) * mem.a.dy_time + b * mem.a.dy_row;
    const T* mask = mem.a.masks[0] ? at<const T>(mem.a.masks[0]) + (s * mem.B + b) * mem.R : nullptr;
    const bool zoneout = mask || mem.a.zoneout[0] != 0;
    T *to = local.dh + in_block * mem.Rp, *dh_row = mem.dh + b * mem.Rp;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      Vec<T> d = load_n(dh_row + u, n);
      if (dy) d += load_n(dy + u, n);
      Vec<T> previous{};
      if (zoneout) {
        const Vec<T> keep = mask ? load_n(mask + u, n) : splat(T(mem.a.zoneout[0]));
        previous = keep * d;
        d = (T(1) - keep) * d;
      }
      store_n(to + u, d, n);
      store_n(dh_row + u, previous, n);
    });
  }

  // Gradient of the projection's input from the gradient of its output.
  void projection_gradient(const Team& t, const Scratch& local, long s, long r0, long m, long pair,
                           const Saved<T>& saved, const SmallGradients<T>& sums) const {
    const Nonlinearity f = Nonlinearity(mem.a.output_nonlinearity);
    const long Rw = words<W, T>(mem.R);
    for (long r = 0; r < m; ++r) {
      const long b = t.row[r0 + r], saved_row = (s - saved.s0) * mem.B + b;
      const T* emitted = saved.emitted ? saved.emitted + saved_row * mem.R : mem.y_at(s, b);
      T* to = mem.dpre + (pair + r) * mem.Rp;
      each_vector<T>(0, mem.R, UNROLLED_EACH {
        Vec<T> d = load_n(local.dh + r * mem.Rp + u, n);
        if (f != Nonlinearity::identity) d *= slope<T>(f, load_n(emitted + u, n));
        store_n(to + u, d, n);
      });
      if (mem.a.dbias_out) accumulate(sums.bias_out, to, mem.R);
      copy(mem.hidden + (pair + r) * mem.Hp, saved.hidden + saved_row * mem.H, mem.H);
      to_words(local.left + r * mem.Lp, to, mem.R);
    }
    multiply<W, false>(m, mem.H, Rw, local.left, mem.Lp, {mem.weight_out, NR, NR * Rw},
                       {local.dhidden, mem.Hp});
  }

  // Compute the gradients of bias, gain and U h from the gradient of ẑ ⊙ gain + b, which is in du, or in da
  // if the two are equal. Part 1 is the candidate of a GRU that resets before the product: it is normalised
  // separately.
  void normalise_rows(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                      const SmallGradients<T>& sums, int part) const {
    const Group<W>& g = mem.forward.group[part];
    const T* gain = at<const T>(mem.a.weight_ln_hh) + g.column;
    for (long r = 0; r < m; ++r) {
      const T* norms_row = saved.norms + ((s - saved.s0) * mem.B + t.row[r0 + r]) * (mem.GH + 2);
      const T* zhat = norms_row + g.column;
      T* to = mem.du + (pair + r) * mem.Zp + g.column;
      const T* d = Cell::separate_du ? to : mem.da + (pair + r) * mem.Zp;
      normalise_backward(to, d, zhat, gain, norms_row[mem.GH + part], g.columns, sums.weight_ln_hh + g.column,
                         sums.bias_hh + g.column);
    }
  }

  // The same for the products with the input: turns da into the gradient of W x, in place.
  void normalise_input(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                       const SmallGradients<T>& sums) const {
    for (long r = 0; r < m; ++r) {
      const T* zhat = saved.input_norms + ((s - saved.s0) * mem.B + t.row[r0 + r]) * (mem.GH + 1);
      T* d = mem.da + (pair + r) * mem.Zp;
      normalise_backward(d, d, zhat, at<const T>(mem.a.weight_ln_ih), zhat[mem.GH], mem.GH, sums.weight_ln_ih,
                         sums.bias_ih);
    }
  }

  // Copy the other operands of the weight gradients: x and h_{t-1}.
  void copy_operands(long s, long b, long pair) const {
    if (mem.needs_x)
      copy(mem.x + pair * mem.Ip, at<const T>(mem.a.x) + mem.forward.rows.time(s, b) * mem.a.x_time + b * mem.a.x_row,
           mem.I);
    if (Cell::recurrent) copy(mem.before + pair * mem.Rp, mem.h_before(s, b), mem.R);
  }

  // dh_{t-1} += du · U
  void propagate(const Team& t, const Scratch& local, long r0, long m, long pair) const {
    const long K = Cell::two_stage ? words<W, T>(2 * mem.H) : mem.GHw;
    const long u0 = mem.has_projection ? 0 : t.u0, u1 = mem.has_projection ? mem.R : t.u1;
    if (u0 >= u1) return;
    const T* source = (mem.separate_du ? mem.du : mem.da) + pair * mem.Zp;
    const W* left;
    long lda = mem.Zp;
    if constexpr (plain) {
      left = source;
    } else {
      for (long r = 0; r < m; ++r)
        to_words(local.left + r * mem.Lp, source + r * mem.Zp, Cell::two_stage ? 2 * mem.H : mem.GH);
      left = local.left;
      lda = mem.Lp;
    }
    for (long r = 0; r < m; ++r) local.target[r] = mem.dh + t.row[r0 + r] * mem.Rp + u0;
    multiply<W, false>(m, u1 - u0, K, left, lda, {mem.weight_hh + u0 / NR * NR * K, NR, NR * K},
                       {nullptr, 0, local.target, nullptr, true});
  }
};

}  // namespace unrolled::UNROLLED_ISA
