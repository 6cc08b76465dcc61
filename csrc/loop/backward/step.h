// One step backwards for the rows of a team: from the gradients of its states to those of its preactivations.
#pragma once
#include "loop/backward/memory.h"

namespace unrolled::UNROLLED_ISA {

// Leaves the rows of this step in da, du and what the products over pairs read with them.
template <class Cell, class T, class W>
struct BackwardStep {
  using Memory = BackwardMemory<Cell, T, W>;
  using Scratch = typename Memory::Scratch;
  static constexpr bool plain = Memory::plain;
  static constexpr long G = Memory::G, NR = Memory::NR;
  static constexpr int S = Memory::S;
  const Memory& mem;

  void run(const Team& t, const Scratch& own, long s, long n, long pair, const Saved<T>& saved) const {
    const RowBlocks blocks(n, step_rows);
    RowBackward<T, S> row[step_rows];
    const SmallGradients<T> sums = mem.small(own);
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k), m = blocks.first(k + 1) - r0;
      for (long r = 0; r < m; ++r) row[r] = row_at(t, own, s, r0 + r, r, pair + r0 + r, saved);
      for (long r = 0; r < m; ++r) arrive(t, own, s, t.row[r0 + r], r);
      if (mem.map) through_map(t, own, s, r0, m, pair + r0, saved, sums);
      for (long r = 0; r < m; ++r) Cell::backward(row[r], mem.forward.options, sums, t.u0, t.u1);
      if constexpr (Cell::two_stage) {
        if (mem.norm) normalise_rows(t, s, r0, m, pair + r0, saved, sums, 1);
        for (long r = 0; r < m; ++r)
          to_words(own.left + r * mem.Lp, mem.du + (pair + r0 + r) * mem.Zp + 2 * mem.H, mem.H);
        if (mem.a.dbias_hh && !mem.norm)
          for (long r = 0; r < m; ++r)
            accumulate(sums.bias_hh + 2 * mem.H, mem.du + (pair + r0 + r) * mem.Zp + 2 * mem.H, mem.H);
        multiply<W, false>(m, mem.R, words<W, T>(mem.H), own.left, mem.Lp,
                           {mem.weight_reset, NR, NR * words<W, T>(mem.H)}, {own.dreset, mem.Hp});
        for (long r = 0; r < m; ++r) Cell::backward_second(row[r], mem.forward.options, own.dreset + r * mem.Hp);
      }
      if (mem.a.dbias_ih && !mem.forward.norm_input)
        for (long r = 0; r < m; ++r) sum_gates(t, sums.bias_ih, mem.da + (pair + r0 + r) * mem.Zp, G);
      if (mem.norm) {
        normalise_rows(t, s, r0, m, pair + r0, saved, sums, 0);
      } else if (mem.a.dbias_hh) {
        for (long r = 0; r < m; ++r)
          sum_gates(t, sums.bias_hh, (mem.own_du ? mem.du : mem.da) + (pair + r0 + r) * mem.Zp,
                    Cell::two_stage ? 2 : G);
      }
      if (mem.forward.norm_input) normalise_input(t, s, r0, m, pair + r0, saved, sums);
      for (long r = t.rank; r < m; r += t.size) keep_operands(s, t.row[r0 + r], pair + r0 + r);
      if (Cell::recurrent && t.size == 1) carry(t, own, r0, m, pair + r0);
    }
    if (!Cell::recurrent || t.size == 1) return;
    t.meet();
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k);
      carry(t, own, r0, blocks.first(k + 1) - r0, pair + r0);
    }
  }

  void sum_gates(const Team& t, T* to, const T* from, long gates) const {
    if (t.size == 1) return accumulate(to, from, gates * mem.H);
    for (long g = 0; g < gates; ++g) accumulate(to + g * mem.H + t.u0, from + g * mem.H + t.u0, t.u1 - t.u0);
  }

  RowBackward<T, S> row_at(const Team& t, const Scratch& own, long s, long r, long in_block, long pair,
                           const Saved<T>& saved) const {
    const long b = t.row[r], at_step = s * mem.B + b, kept = (s - saved.s0) * mem.B + b;
    RowBackward<T, S> row{saved.gates ? saved.gates + kept * mem.GH : mem.y_at(s, b),
                          saved.extra ? saved.extra + kept * mem.H : nullptr,
                          mem.map ? own.dhidden + in_block * mem.Hp : own.dh + in_block * mem.Rp,
                          mem.da + pair * mem.Zp,
                          mem.own_du ? mem.du + pair * mem.Zp : nullptr,
                          Cell::two_stage ? mem.reset + pair * mem.Hp : nullptr,
                          mem.a.mask_candidate ? at<const T>(mem.a.mask_candidate) + at_step * mem.H : nullptr,
                          own.scratch,
                          {mem.h_before(s, b)},
                          {mem.dh + b * mem.Rp},
                          {}};
    for (int k = 1; k < S; ++k) {
      row.before[k] = mem.state_before(k, saved, s, b);
      row.dstate[k] = mem.dstate[k] + b * mem.Hp;
      row.mask[k] = mem.a.masks[k] ? at<const T>(mem.a.masks[k]) + at_step * mem.H : nullptr;
    }
    return row;
  }

  // The gradient of h_t as it comes from the output and from step t + 1; then what zoneout lets pass.
  void arrive(const Team& t, const Scratch& own, long s, long b, long in_block) const {
    const long u0 = mem.map ? 0 : t.u0, u1 = mem.map ? mem.R : t.u1;
    const T* dy = nullptr;
    if (mem.a.dy) dy = at<const T>(mem.a.dy) + mem.forward.rows.time(s, b) * mem.a.dy_time + b * mem.a.dy_row;
    const T* mask = mem.a.masks[0] ? at<const T>(mem.a.masks[0]) + (s * mem.B + b) * mem.R : nullptr;
    const bool zoneout = mask || mem.a.zoneout[0] != 0;
    T *to = own.dh + in_block * mem.Rp, *kept = mem.dh + b * mem.Rp;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      Vec<T> d = load_n(kept + u, n);
      if (dy) d += load_n(dy + u, n);
      Vec<T> past{};
      if (zoneout) {
        const Vec<T> keep = mask ? load_n(mask + u, n) : splat(T(mem.a.zoneout[0]));
        past = keep * d;
        d = (T(1) - keep) * d;
      }
      store_n(to + u, d, n);
      store_n(kept + u, past, n);
    });
  }

  // From what was emitted to what the map read.
  void through_map(const Team& t, const Scratch& own, long s, long r0, long m, long pair, const Saved<T>& saved,
                   const SmallGradients<T>& sums) const {
    const Nonlinearity f = Nonlinearity(mem.a.output_nonlinearity);
    const long Rw = words<W, T>(mem.R);
    for (long r = 0; r < m; ++r) {
      const long b = t.row[r0 + r], kept = (s - saved.s0) * mem.B + b;
      const T* emitted = saved.emitted ? saved.emitted + kept * mem.R : mem.y_at(s, b);
      T* to = mem.dpre + (pair + r) * mem.Rp;
      each_vector<T>(0, mem.R, UNROLLED_EACH {
        Vec<T> d = load_n(own.dh + r * mem.Rp + u, n);
        if (f != Nonlinearity::identity) d *= slope<T>(f, load_n(emitted + u, n));
        store_n(to + u, d, n);
      });
      if (mem.a.dbias_out) accumulate(sums.bias_out, to, mem.R);
      copy(mem.hidden + (pair + r) * mem.Hp, saved.hidden + kept * mem.H, mem.H);
      to_words(own.left + r * mem.Lp, to, mem.R);
    }
    multiply<W, false>(m, mem.H, Rw, own.left, mem.Lp, {mem.weight_out, NR, NR * Rw}, {own.dhidden, mem.Hp});
  }

  // du holds (or da equals) the gradient of ẑ ⊙ gain + b: bias, gain, and on to U h. Part 1 is the candidate
  // of a GRU with reset before, which is normalised apart.
  void normalise_rows(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                      const SmallGradients<T>& sums, int part) const {
    const Group<W>& g = mem.forward.group[part];
    const T* gain = at<const T>(mem.a.weight_ln_hh) + g.column;
    for (long r = 0; r < m; ++r) {
      const T* kept = saved.norms + ((s - saved.s0) * mem.B + t.row[r0 + r]) * (mem.GH + 2);
      const T* zhat = kept + g.column;
      T* to = mem.du + (pair + r) * mem.Zp + g.column;
      const T* d = Cell::own_du ? to : mem.da + (pair + r) * mem.Zp;
      normalise_backward(to, d, zhat, gain, kept[mem.GH + part], g.columns, sums.weight_ln_hh + g.column,
                         sums.bias_hh + g.column);
    }
  }

  // The same from da to the gradient of W x, in place.
  void normalise_input(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                       const SmallGradients<T>& sums) const {
    for (long r = 0; r < m; ++r) {
      const T* zhat = saved.input_norms + ((s - saved.s0) * mem.B + t.row[r0 + r]) * (mem.GH + 1);
      T* d = mem.da + (pair + r) * mem.Zp;
      normalise_backward(d, d, zhat, at<const T>(mem.a.weight_ln_ih), zhat[mem.GH], mem.GH, sums.weight_ln_ih,
                         sums.bias_ih);
    }
  }

  // What the weights' gradients read beside the gradients themselves.
  void keep_operands(long s, long b, long pair) const {
    if (mem.needs_x)
      copy(mem.x + pair * mem.Ip, at<const T>(mem.a.x) + mem.forward.rows.time(s, b) * mem.a.x_time + b * mem.a.x_row,
           mem.I);
    if (Cell::recurrent) copy(mem.before + pair * mem.Rp, mem.h_before(s, b), mem.R);
  }

  // dh_{t-1} += du · U
  void carry(const Team& t, const Scratch& own, long r0, long m, long pair) const {
    const long K = Cell::two_stage ? words<W, T>(2 * mem.H) : mem.GHw;
    const long u0 = mem.map ? 0 : t.u0, u1 = mem.map ? mem.R : t.u1;
    if (u0 >= u1) return;
    const T* source = (mem.own_du ? mem.du : mem.da) + pair * mem.Zp;
    const W* left;
    long lda = mem.Zp;
    if constexpr (plain) {
      left = source;
    } else {
      for (long r = 0; r < m; ++r)
        to_words(own.left + r * mem.Lp, source + r * mem.Zp, Cell::two_stage ? 2 * mem.H : mem.GH);
      left = own.left;
      lda = mem.Lp;
    }
    for (long r = 0; r < m; ++r) own.target[r] = mem.dh + t.row[r0 + r] * mem.Rp + u0;
    multiply<W, false>(m, u1 - u0, K, left, lda, {mem.weight_hh + u0 / NR * NR * K, NR, NR * K},
                       {nullptr, 0, own.target, nullptr, true});
  }
};

}  // namespace unrolled::UNROLLED_ISA
