// Sizes and scratch memory of the backward pass, and addresses of a step's values.
#pragma once
#include "loop/forward.h"

namespace unrolled::UNROLLED_ISA {

template <class Cell, class T, class W>
struct BackwardMemory {
  static constexpr bool plain = is_same<W, T>;
  static constexpr long G = Cell::gates, NR = panel_columns<W>, segment_pairs = 512;
  static constexpr int S = Cell::states.count(), V = Cell::vectors.count();

  const LayerArgs& a;
  Forward<Cell, T, W> forward;
  const long B, I, H, R, GH, GHw;
  const bool has_projection, has_norm, separate_du, needs_x;
  const int threads;
  const long longest, steps;  // length of the longest row, steps per segment
  const long pairs;           // most (step, row) pairs in a segment
  const long Rp = padded<T>(R), Hp = padded<T>(H), Zp = padded<T>(GH), Ip = padded<T>(I);
  // Row distance of the left operands of a step: gradients of the gates or of the projection's output.
  const long Lp = padded<W>(GHw > words<W, T>(R) ? GHw : words<W, T>(R));

  W *weight_hh = nullptr, *weight_reset = nullptr, *weight_ih = nullptr, *weight_out = nullptr;
  T *dh, *dstate[S];  // (B, R), (B, H) by batch index: gradients of state 0, and of states 1 and up
  // One row for each (step, row) pair of the segment.
  T *da, *du = nullptr, *x = nullptr, *before = nullptr, *reset = nullptr, *dpre = nullptr, *hidden = nullptr;
  // The same rows as operands of the products over pairs. For bfloat16, the left operands are packed; for a
  // GRU that resets before the product, the candidate's columns of du are packed separately (dn_w).
  W *da_w = nullptr, *du_w = nullptr, *dn_w = nullptr, *x_w = nullptr, *before_w = nullptr;
  W *reset_w = nullptr, *dpre_w = nullptr, *hidden_w = nullptr;
  Saved<T> recomputed;  // values recomputed from the last checkpoint on
  struct Scratch {
    T *dh, *dhidden, *scratch, *dreset;
    W* left;
    T** target;
    T* small_gradients;
    T* table;  // (V, G·H): this thread's part of the gradient of the table that tokens look up
  };
  Scratch* scratch;
  long small_size = 0;

  static long whole_lines(long n) { return (n + 15) / 16 * 16; }
  static long segment_steps(const LayerArgs& a) {
    const long n = segment_pairs / (a.B > 0 ? a.B : 1), steps = n < 1 ? 1 : n > a.T ? a.T : n;
    return a.checkpoint && a.checkpoint < steps ? a.checkpoint : steps;
  }

  BackwardMemory(const LayerArgs& args, int thread_count)
      : a(args), forward(args, thread_count), B(args.B), I(args.I), H(args.H), R(args.R), GH(G * args.H),
        GHw(words<W, T>(G * args.H)), has_projection(args.weight_out), has_norm(args.weight_ln_hh),
        separate_du(Cell::separate_du || has_norm), needs_x(args.dweight_ih), threads(thread_count), longest(forward.rows.longest()),
        steps(segment_steps(args)), pairs(steps * args.B + thread_count) {
    small_size = 4 * whole_lines(GH) + V * whole_lines(H) + whole_lines(R);
  }

  long pair_words() const { return (pairs + 1) / 2 + threads; }
  long left_block() const { return pair_words() * tile_rows; }
  long left_size(long columns) const { return (columns + tile_rows - 1) / tile_rows * left_block(); }

  template <class Take>
  void visit_memory(Take&& take) {
    const long K = words<W, T>(GH), half = pair_words();
    if (Cell::recurrent) take(weight_hh, packed_size<W>(Cell::two_stage ? words<W, T>(2 * H) : K, R));
    if (Cell::two_stage) take(weight_reset, packed_size<W>(words<W, T>(H), R));
    if (a.dx && !a.tokens) take(weight_ih, packed_size<W>(K, I));
    if (has_projection) take(weight_out, packed_size<W>(words<W, T>(R), H));
    take(dh, B * Rp);
    for (int k = 1; k < S; ++k) take(dstate[k], B * Hp);
    const auto right_operand = [&](T*& rows, W*& words_of, long distance) {
      // At the last row, a tile may read the full width of a panel.
      take(rows, pairs * distance + NR);
      if (!plain) take(words_of, half * distance + NR);
    };
    const auto left_operand = [&](T*& rows, W*& packed, long distance, long columns) {
      take(rows, pairs * distance + NR);
      if (!plain) take(packed, left_size(columns));
    };
    left_operand(da, da_w, Zp, GH);
    if (separate_du) left_operand(du, du_w, Zp, Cell::two_stage ? 2 * H : GH);
    if (!plain && Cell::two_stage) take(dn_w, left_size(H));
    if (needs_x) right_operand(x, x_w, Ip);
    if (Cell::recurrent) right_operand(before, before_w, Rp);
    if (Cell::two_stage) right_operand(reset, reset_w, Hp);
    if (has_projection) {
      left_operand(dpre, dpre_w, Rp, R);
      right_operand(hidden, hidden_w, Hp);
    }
    take(scratch, threads);
    if (!a.checkpoint) return;
    const long n = a.checkpoint * B;
    take(recomputed.gates, n * GH);
    for (int k = 1; k < S; ++k) take(recomputed.states[k], n * H);
    if (Cell::keeps_extra) take(recomputed.extra, n * H);
    if (has_norm) take(recomputed.norms, n * (GH + 2));
    if (forward.has_input_norm) take(recomputed.input_norms, n * (GH + 1));
    if (has_projection) take(recomputed.hidden, n * H);
    if (has_projection) take(recomputed.emitted, n * R);
  }
  template <class Take>
  void visit_thread_memory(Scratch& s, Take&& take) {
    take(s.dh, step_rows * Rp);
    take(s.dhidden, step_rows * Hp);
    take(s.scratch, 2 * Hp);
    take(s.dreset, step_rows * Hp);
    take(s.left, rows_in_cache * Lp);
    take(s.target, rows_in_cache);
    take(s.small_gradients, small_size);
    if (a.tokens && a.dx) take(s.table, a.V * GH);
  }
  void measure(WorkspaceSize& m) {
    forward.measure(m);
    const auto add = [&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); };
    visit_memory(add);
    Scratch s;
    for (int k = 0; k < threads; ++k) visit_thread_memory(s, add);
  }
  void take(Workspace& space) {
    forward.take(space);
    const auto allocate = [&](auto*& p, long n) {
      p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
    };
    visit_memory(allocate);
    for (int k = 0; k < threads; ++k) visit_thread_memory(scratch[k], allocate);
    for (int k = 0; k < threads; ++k) {
      __builtin_memset(scratch[k].small_gradients, 0, small_size * sizeof(T));
      if (a.tokens && a.dx) __builtin_memset(scratch[k].table, 0, a.V * GH * sizeof(T));
    }
    if constexpr (plain) {
      da_w = da, du_w = du, x_w = x, before_w = before, reset_w = reset, dpre_w = dpre, hidden_w = hidden;
    }
  }

  void pack(int rank, int n) const {
    const auto split = [&](long columns, auto&& pack_range) {
      const long panels = (columns + NR - 1) / NR;
      pack_range(panels * rank / n, panels * (rank + 1) / n);
    };
    const T* U = at<const T>(a.weight_hh);
    if (Cell::recurrent)
      split(R, [&](long p, long q) { pack_rows<W, T>(weight_hh, U, R, Cell::two_stage ? 2 * H : GH, R, p, q); });
    if (Cell::two_stage)
      split(R, [&](long p, long q) { pack_rows<W, T>(weight_reset, U + 2 * H * R, R, H, R, p, q); });
    if (a.dx && !a.tokens)
      split(I, [&](long p, long q) { pack_rows<W, T>(weight_ih, at<const T>(a.weight_ih), I, GH, I, p, q); });
    if (has_projection)
      split(H, [&](long p, long q) { pack_rows<W, T>(weight_out, at<const T>(a.weight_out), H, R, H, p, q); });
    if (a.checkpoint) forward.pack(rank, n);
    for (long b = B * rank / n; b < B * (rank + 1) / n; ++b) {
      start_row(dh + b * Rp, a.dfinal[0], b, R);
      for (int k = 1; k < S; ++k) start_row(dstate[k] + b * Hp, a.dfinal[k], b, H);
    }
  }
  static void start_row(T* to, uintptr_t from, long b, long n) {
    if (from) copy(to, at<const T>(from) + b * n, n);
    else __builtin_memset(to, 0, n * sizeof(T));
  }

  const T* h_before(long s, long b) const {
    if (s == 0) return at<const T>(a.initial[0]) + b * R;
    return y_at(s - 1, b);
  }
  const T* y_at(long s, long b) const { return at<const T>(a.y) + forward.rows.time(s, b) * a.y_time + b * a.y_row; }
  // State k ≥ 1 before step s.
  const T* state_before(int k, const Saved<T>& saved, long s, long b) const {
    if (s == 0) return at<const T>(a.initial[k]) + b * H;
    if (s == saved.s0) return at<const T>(a.states[k]) + (s / a.checkpoint * B + b) * H;
    return saved.states[k] + ((s - 1 - saved.s0) * B + b) * H;
  }

  // Number of pairs of the teams before this one, or of words if `size` counts words.
  template <class Size>
  long count_earlier(int count, const Team& t, long s0, long s1, Size&& size) const {
    const long teams = forward.teams(count);
    long total = 0;
    for (long k = 0; k < t.index; ++k) total += size(team_pairs(k, teams, s0, s1));
    return total;
  }

  long team_pairs(long index, long teams, long s0, long s1) const {
    if (!forward.rows.lengths) return (B / teams + (index < B % teams ? 1 : 0)) * (s1 - s0);
    long total = 0;
    for (long k = index; k < B; k += teams) {
      const long n = forward.rows.lengths[forward.order[k]] - s0;
      total += n < 0 ? 0 : n < s1 - s0 ? n : s1 - s0;
    }
    return total;
  }

  SmallGradients<T> small_gradients(const Scratch& s) const {
    T* next = s.small_gradients;
    const auto take = [&](long n) {
      T* start = next;
      next += whole_lines(n);
      return start;
    };
    SmallGradients<T> g;
    g.bias_ih = take(GH), g.bias_hh = take(GH), g.weight_ln_ih = take(GH), g.weight_ln_hh = take(GH);
    for (int k = 0; k < V; ++k) g.vector[k] = take(H);
    g.bias_out = take(R);
    return g;
  }
};

}  // namespace unrolled::UNROLLED_ISA
