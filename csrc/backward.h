// Backpropagation through time, once for all cells.
//
// Time is cut into segments. In each, the loop runs backwards and leaves the gradients of the
// preactivations; then every weight's gradient is one product over all (step, row) pairs of the segment. With
// checkpoints the loop forward is run anew for a segment before.
#pragma once
#include "recurrence.h"

namespace unrolled::UNROLLED_ISA {

// A weight's gradient: to (M × N) += A (pairs × M)ᵀ · B (pairs × N).
template <class T, class W>
struct WeightGradient {
  T* to;
  long M, N;
  const W* A;
  long lda;
  const W* B;
  long ldb;
};

template <class Cell, class T, class W>
struct Backward {
  static constexpr bool plain = same<W, T>;
  static constexpr long G = Cell::gates, NR = panel_columns<W>, segment_pairs = 512;

  const LayerArgs& a;
  Forward<Cell, T, W> forward;
  const long B, I, H, R, GH, GHw;
  const bool map, norm, own_du, needs_x;
  const int threads;
  const long longest, steps;  // of a segment
  const long pairs;           // of a segment, at most
  const long Rp = padded<T>(R), Hp = padded<T>(H), Zp = padded<T>(GH), Ip = padded<T>(I);
  // Of the left operands of a step: gradients of the gates, or of what the map gives, which may be wider.
  const long Lp = padded<W>(GHw > words<W, T>(R) ? GHw : words<W, T>(R));

  W *weight_hh = nullptr, *weight_reset = nullptr, *weight_ih = nullptr, *weight_out = nullptr;
  T *dh, *dc;  // (B, R), (B, H) by batch index: the gradients of the state
  // Rows of the segment's pairs.
  T *da, *du = nullptr, *x = nullptr, *before, *reset = nullptr, *dpre = nullptr, *hidden = nullptr;
  // The same for the products over pairs. Where words differ from numbers, left operands are packed, columns
  // of du for the candidate of a GRU with reset before apart from the others.
  W *da_w = nullptr, *du_w = nullptr, *dn_w = nullptr, *x_w = nullptr, *before_w = nullptr;
  W *reset_w = nullptr, *dpre_w = nullptr, *hidden_w = nullptr;
  Saved<T> anew;  // a checkpoint's segment
  struct Scratch {
    T *dh, *dhidden, *scratch, *dreset;
    W* left;
    T** target;
    T* small;
    T* table;  // (V, G·H): this thread's part of the gradient of looked-up rows
  };
  Scratch* scratch;
  long small_size = 0;

  static long whole_lines(long n) { return (n + 15) / 16 * 16; }
  static long segment_steps(const LayerArgs& a) {
    const long n = segment_pairs / (a.B > 0 ? a.B : 1), steps = n < 1 ? 1 : n > a.T ? a.T : n;
    return a.checkpoint && a.checkpoint < steps ? a.checkpoint : steps;
  }

  Backward(const LayerArgs& args, int asked)
      : a(args), forward(args, asked), B(args.B), I(args.I), H(args.H), R(args.R), GH(G * args.H),
        GHw(words<W, T>(G * args.H)), map(args.weight_out), norm(args.weight_ln_hh), own_du(Cell::own_du || norm),
        needs_x(args.dweight_ih), threads(asked), longest(forward.rows.longest()),
        steps(segment_steps(args)), pairs(steps * args.B + asked) {
    small_size = 4 * whole_lines(GH) + 5 * whole_lines(H) + whole_lines(R);
  }

  long pair_words() const { return (pairs + 1) / 2 + threads; }
  long left_block() const { return pair_words() * tile_rows; }
  long left_size(long columns) const { return (columns + tile_rows - 1) / tile_rows * left_block(); }

  template <class Take>
  void memory(Take&& take) {
    const long K = words<W, T>(GH), half = pair_words();
    take(weight_hh, packed_size<W>(Cell::two_stage ? words<W, T>(2 * H) : K, R));
    if (Cell::two_stage) take(weight_reset, packed_size<W>(words<W, T>(H), R));
    if (a.dx && !a.tokens) take(weight_ih, packed_size<W>(K, I));
    if (map) take(weight_out, packed_size<W>(words<W, T>(R), H));
    take(dh, B * Rp);
    take(dc, Cell::has_c ? B * Hp : 1);
    const auto both = [&](T*& rows, W*& words_of, long distance) {
      // A tile may read a panel's whole width at the last row.
      take(rows, pairs * distance + NR);
      if (!plain) take(words_of, half * distance + NR);
    };
    const auto left = [&](T*& rows, W*& packed, long distance, long columns) {
      take(rows, pairs * distance + NR);
      if (!plain) take(packed, left_size(columns));
    };
    left(da, da_w, Zp, GH);
    if (own_du) left(du, du_w, Zp, Cell::two_stage ? 2 * H : GH);
    if (!plain && Cell::two_stage) take(dn_w, left_size(H));
    if (needs_x) both(x, x_w, Ip);
    both(before, before_w, Rp);
    if (Cell::two_stage) both(reset, reset_w, Hp);
    if (map) {
      left(dpre, dpre_w, Rp, R);
      both(hidden, hidden_w, Hp);
    }
    take(scratch, threads);
    if (!a.checkpoint) return;
    const long n = a.checkpoint * B;
    take(anew.gates, n * GH);
    if (Cell::has_c) take(anew.cells, n * H);
    if (Cell::has_extra) take(anew.extra, n * H);
    if (norm) take(anew.norms, n * (GH + 2));
    if (forward.norm_input) take(anew.input_norms, n * (GH + 1));
    if (map) take(anew.hidden, n * H);
    if (map) take(anew.emitted, n * R);
  }
  template <class Take>
  void memory_of_thread(Scratch& s, Take&& take) {
    take(s.dh, step_rows * Rp);
    take(s.dhidden, step_rows * Hp);
    take(s.scratch, 2 * Hp);
    take(s.dreset, step_rows * Hp);
    take(s.left, rows_in_cache * Lp);
    take(s.target, rows_in_cache);
    take(s.small, small_size);
    if (a.tokens && a.dx) take(s.table, a.V * GH);
  }
  void measure(Measure& m) {
    forward.measure(m);
    const auto add = [&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); };
    memory(add);
    Scratch s;
    for (int k = 0; k < threads; ++k) memory_of_thread(s, add);
  }
  void take(Workspace& space) {
    forward.take(space);
    const auto hand = [&](auto*& p, long n) {
      p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
    };
    memory(hand);
    for (int k = 0; k < threads; ++k) memory_of_thread(scratch[k], hand);
    for (int k = 0; k < threads; ++k) {
      __builtin_memset(scratch[k].small, 0, small_size * sizeof(T));
      if (a.tokens && a.dx) __builtin_memset(scratch[k].table, 0, a.V * GH * sizeof(T));
    }
    if constexpr (plain) {
      da_w = da, du_w = du, x_w = x, before_w = before, reset_w = reset, dpre_w = dpre, hidden_w = hidden;
    }
  }

  void pack(int rank, int n) const {
    const auto share = [&](long columns, auto&& part) {
      const long panels = (columns + NR - 1) / NR;
      part(panels * rank / n, panels * (rank + 1) / n);
    };
    const T* U = at<const T>(a.weight_hh);
    share(R, [&](long p, long q) { pack_rows<W, T>(weight_hh, U, R, Cell::two_stage ? 2 * H : GH, R, p, q); });
    if (Cell::two_stage)
      share(R, [&](long p, long q) { pack_rows<W, T>(weight_reset, U + 2 * H * R, R, H, R, p, q); });
    if (a.dx && !a.tokens)
      share(I, [&](long p, long q) { pack_rows<W, T>(weight_ih, at<const T>(a.weight_ih), I, GH, I, p, q); });
    if (map) share(H, [&](long p, long q) { pack_rows<W, T>(weight_out, at<const T>(a.weight_out), H, R, H, p, q); });
    if (a.checkpoint) forward.pack(rank, n);
    for (long b = B * rank / n; b < B * (rank + 1) / n; ++b) {
      start_row(dh + b * Rp, a.dh_n, b, R);
      if (Cell::has_c) start_row(dc + b * Hp, a.dc_n, b, H);
    }
  }
  static void start_row(T* to, uintptr_t from, long b, long n) {
    if (from) copy(to, at<const T>(from) + b * n, n);
    else __builtin_memset(to, 0, n * sizeof(T));
  }

  const T* h_before(long s, long b) const {
    if (s == 0) return at<const T>(a.h0) + b * R;
    return y_at(s - 1, b);
  }
  const T* y_at(long s, long b) const { return at<const T>(a.y) + forward.rows.time(s, b) * a.y_time + b * a.y_row; }
  const T* c_before(const Saved<T>& saved, long s, long b) const {
    if (s == 0) return at<const T>(a.c0) + b * H;
    if (s == saved.s0) return at<const T>(a.cells) + (s / a.checkpoint * B + b) * H;
    return saved.cells + ((s - 1 - saved.s0) * B + b) * H;
  }

  // The loop forward once more, from the checkpoint before s0.
  void recompute(int rank, int count, long s0, long s1) const {
    const Team t = forward.team(rank, count);
    if (t.index < 0) return;
    forward.start(
        t, s0, [&](long b) { return h_before(s0, b); }, [&](long b) { return c_before(anew, s0, b); });
    forward.run(t, rank, s0, s1, anew, false);
  }

  // Pairs, or words of pairs, of the teams before this one.
  template <class Size>
  long earlier(int count, const Team& t, long s0, long s1, Size&& size) const {
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

  SmallGradients<T> small(const Scratch& s) const {
    T* next = s.small;
    const auto take = [&](long n) {
      T* here = next;
      next += whole_lines(n);
      return here;
    };
    SmallGradients<T> g;
    g.bias_ih = take(GH), g.bias_hh = take(GH), g.weight_ln_ih = take(GH), g.weight_ln_hh = take(GH);
    g.peephole_i = take(H), g.peephole_f = take(H), g.peephole_o = take(H);
    g.weight_ln_c = take(H), g.bias_ln_c = take(H), g.bias_out = take(R);
    return g;
  }

  // The loop of one team over [s0, s1), backwards; then what its pairs give alone.
  void run(int rank, int count, long s0, long s1, const Saved<T>& saved) const {
    const Team t = forward.team(rank, count);
    if (t.index < 0) return;
    const long first = earlier(count, t, s0, s1, [](long n) { return n; });
    const long mine = forward.rows.pairs(t, s0, s1);
    const Scratch& own = scratch[rank];
    long pair = first + mine;
    for (long s = s1 - 1; s >= s0; --s) {
      const long n = forward.rows.active(t, s);
      pair -= n;
      step(t, own, s, n, pair, saved);
    }
    t.meet();
    const long p = first + mine * t.rank / t.size, q = first + mine * (t.rank + 1) / t.size;
    if (a.dx && a.tokens) table_gradient(t, own, s0, s1, first, p, q);
    else if (a.dx) input_gradient(t, own, s0, s1, first, p, q);
    if constexpr (!plain) {
      const long word = earlier(count, t, s0, s1, [](long k) { return (k + 1) / 2; }), n = (mine + 1) / 2;
      to_pairs(first, mine, word, n * t.rank / t.size, n * (t.rank + 1) / t.size);
    }
  }

  void step(const Team& t, const Scratch& own, long s, long n, long pair, const Saved<T>& saved) const {
    const RowBlocks blocks(n, step_rows);
    RowBackward<T> row[step_rows];
    const SmallGradients<T> sums = small(own);
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k), m = blocks.first(k + 1) - r0;
      for (long r = 0; r < m; ++r) row[r] = row_at(t, own, s, r0 + r, r, pair + r0 + r, saved);
      for (long r = 0; r < m; ++r) arrive(t, own, s, t.row[r0 + r], r);
      if (map) through_map(t, own, s, r0, m, pair + r0, saved, sums);
      for (long r = 0; r < m; ++r) Cell::backward(row[r], forward.options, sums, t.u0, t.u1);
      if constexpr (Cell::two_stage) {
        if (norm) normalise_rows(t, s, r0, m, pair + r0, saved, sums, 1);
        for (long r = 0; r < m; ++r)
          to_words(own.left + r * Lp, du + (pair + r0 + r) * Zp + 2 * H, H);
        if (a.dbias_hh && !norm)
          for (long r = 0; r < m; ++r) accumulate(sums.bias_hh + 2 * H, du + (pair + r0 + r) * Zp + 2 * H, H);
        multiply<W, false>(m, R, words<W, T>(H), own.left, Lp, {weight_reset, NR, NR * words<W, T>(H)},
                           {own.dreset, Hp});
        for (long r = 0; r < m; ++r) Cell::backward_second(row[r], forward.options, own.dreset + r * Hp);
      }
      if (a.dbias_ih && !forward.norm_input)
        for (long r = 0; r < m; ++r) sum_gates(t, sums.bias_ih, da + (pair + r0 + r) * Zp, G);
      if (norm) {
        normalise_rows(t, s, r0, m, pair + r0, saved, sums, 0);
        if (forward.norm_input) normalise_input(t, s, r0, m, pair + r0, saved, sums);
      } else if (a.dbias_hh) {
        for (long r = 0; r < m; ++r)
          sum_gates(t, sums.bias_hh, (own_du ? du : da) + (pair + r0 + r) * Zp, Cell::two_stage ? 2 : G);
      }
      for (long r = t.rank; r < m; r += t.size) keep_operands(s, t.row[r0 + r], pair + r0 + r);
      if (t.size == 1) carry(t, own, r0, m, pair + r0);
    }
    if (t.size == 1) return;
    t.meet();
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k);
      carry(t, own, r0, blocks.first(k + 1) - r0, pair + r0);
    }
  }

  void sum_gates(const Team& t, T* to, const T* from, long gates) const {
    if (t.size == 1) return accumulate(to, from, gates * H);
    for (long g = 0; g < gates; ++g) accumulate(to + g * H + t.u0, from + g * H + t.u0, t.u1 - t.u0);
  }

  RowBackward<T> row_at(const Team& t, const Scratch& own, long s, long r, long in_block, long pair,
                        const Saved<T>& saved) const {
    const long b = t.row[r], at_step = s * B + b, kept = (s - saved.s0) * B + b;
    return {saved.gates ? saved.gates + kept * GH : y_at(s, b),
            Cell::has_c ? c_before(saved, s, b) : nullptr,
            saved.extra ? saved.extra + kept * H : nullptr,
            h_before(s, b),
            map ? own.dhidden + in_block * Hp : own.dh + in_block * Rp,
            da + pair * Zp,
            own_du ? du + pair * Zp : nullptr,
            dh + b * Rp,
            Cell::has_c ? dc + b * Hp : nullptr,
            Cell::two_stage ? reset + pair * Hp : nullptr,
            a.mask_candidate ? at<const T>(a.mask_candidate) + at_step * H : nullptr,
            a.mask_c ? at<const T>(a.mask_c) + at_step * H : nullptr,
            own.scratch};
  }

  // The gradient of h_t as it comes from the output and from step t + 1; then what zoneout lets pass.
  void arrive(const Team& t, const Scratch& own, long s, long b, long in_block) const {
    const long u0 = map ? 0 : t.u0, u1 = map ? R : t.u1;
    const T* dy = a.dy ? at<const T>(a.dy) + forward.rows.time(s, b) * a.dy_time + b * a.dy_row : nullptr;
    const T* mask = a.mask_h ? at<const T>(a.mask_h) + (s * B + b) * R : nullptr;
    const bool zoneout = mask || a.zoneout_h != 0;
    T *to = own.dh + in_block * Rp, *kept = dh + b * Rp;
    each_vector<T>(u0, u1, UNROLLED_EACH {
      Vec<T> d = load_n(kept + u, n);
      if (dy) d += load_n(dy + u, n);
      Vec<T> past{};
      if (zoneout) {
        const Vec<T> keep = mask ? load_n(mask + u, n) : splat(T(a.zoneout_h));
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
    const Nonlinearity f = Nonlinearity(a.output_nonlinearity);
    const long Rw = words<W, T>(R);
    for (long r = 0; r < m; ++r) {
      const long b = t.row[r0 + r], kept = (s - saved.s0) * B + b;
      const T* emitted = saved.emitted ? saved.emitted + kept * R : y_at(s, b);
      T* to = dpre + (pair + r) * Rp;
      each_vector<T>(0, R, UNROLLED_EACH {
        Vec<T> d = load_n(own.dh + r * Rp + u, n);
        if (f != Nonlinearity::identity) d *= slope<T>(f, load_n(emitted + u, n));
        store_n(to + u, d, n);
      });
      if (a.dbias_out) accumulate(sums.bias_out, to, R);
      copy(hidden + (pair + r) * Hp, saved.hidden + kept * H, H);
      to_words(own.left + r * Lp, to, R);
    }
    multiply<W, false>(m, H, Rw, own.left, Lp, {weight_out, NR, NR * Rw}, {own.dhidden, Hp});
  }

  // du holds (or da equals) the gradient of ẑ ⊙ gain + b: bias, gain, and on to U h. Part 1 is the candidate
  // of a GRU with reset before, which is normalised apart.
  void normalise_rows(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                      const SmallGradients<T>& sums, int part) const {
    const Group<W>& g = forward.group[part];
    const T* gain = at<const T>(a.weight_ln_hh) + g.column;
    for (long r = 0; r < m; ++r) {
      const T* kept = saved.norms + ((s - saved.s0) * B + t.row[r0 + r]) * (GH + 2);
      const T* zhat = kept + g.column;
      T* to = du + (pair + r) * Zp + g.column;
      const T* d = Cell::own_du ? to : da + (pair + r) * Zp;
      normalise_backward(to, d, zhat, gain, kept[GH + part], g.columns, sums.weight_ln_hh + g.column,
                         sums.bias_hh + g.column);
    }
  }
  // The same from da to the gradient of W x, in place.
  void normalise_input(const Team& t, long s, long r0, long m, long pair, const Saved<T>& saved,
                       const SmallGradients<T>& sums) const {
    for (long r = 0; r < m; ++r) {
      const T* zhat = saved.input_norms + ((s - saved.s0) * B + t.row[r0 + r]) * (GH + 1);
      T* d = da + (pair + r) * Zp;
      normalise_backward(d, d, zhat, at<const T>(a.weight_ln_ih), zhat[GH], GH, sums.weight_ln_ih, sums.bias_ih);
    }
  }

  // What the weights' gradients read beside the gradients themselves.
  void keep_operands(long s, long b, long pair) const {
    if (needs_x)
      copy(x + pair * Ip, at<const T>(a.x) + forward.rows.time(s, b) * a.x_time + b * a.x_row, I);
    copy(before + pair * Rp, h_before(s, b), R);
  }

  // dh_{t-1} += du · U
  void carry(const Team& t, const Scratch& own, long r0, long m, long pair) const {
    const long K = Cell::two_stage ? words<W, T>(2 * H) : GHw, u0 = map ? 0 : t.u0, u1 = map ? R : t.u1;
    if (u0 >= u1) return;
    const T* source = (own_du ? du : da) + pair * Zp;
    const W* left;
    long lda = Zp;
    if constexpr (plain) {
      left = source;
    } else {
      for (long r = 0; r < m; ++r) to_words(own.left + r * Lp, source + r * Zp, Cell::two_stage ? 2 * H : GH);
      left = own.left;
      lda = Lp;
    }
    for (long r = 0; r < m; ++r) own.target[r] = dh + t.row[r0 + r] * Rp + u0;
    multiply<W, false>(m, u1 - u0, K, left, lda, {weight_hh + u0 / NR * NR * K, NR, NR * K},
                       {nullptr, 0, own.target, nullptr, true});
  }

  // da of pairs [p, q) to the rows that they read.
  void table_gradient(const Team& t, const Scratch& own, long s0, long s1, long first, long p, long q) const {
    long pair = first;
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = forward.rows.active(t, s); r < n; ++r, ++pair)
        if (pair >= p && pair < q) accumulate(own.table + forward.token(s, t.row[r]) * GH, da + pair * Zp, GH);
  }
  void join_tables(int rank, int count) const {
    const long v0 = a.V * rank / count * GH, v1 = a.V * (rank + 1) / count * GH;
    copy(at<T>(a.dx) + v0, scratch[0].table + v0, v1 - v0);
    for (int k = 1; k < threads; ++k) accumulate(at<T>(a.dx) + v0, scratch[k].table + v0, v1 - v0);
  }

  // dx = da · W for pairs [p, q).
  void input_gradient(const Team& t, const Scratch& own, long s0, long s1, long first, long p, long q) const {
    long pair = first, m = 0, begun = p;
    const auto flush = [&] {
      if (!m) return;
      const W* left;
      long lda = Zp;
      if constexpr (plain) {
        left = da + begun * Zp;
      } else {
        for (long r = 0; r < m; ++r) to_words(own.left + r * Lp, da + (begun + r) * Zp, GH);
        left = own.left;
        lda = Lp;
      }
      multiply<W, false>(m, I, GHw, left, lda, {weight_ih, NR, NR * GHw}, {nullptr, 0, own.target, nullptr, false});
      begun += m;
      m = 0;
    };
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = forward.rows.active(t, s); r < n; ++r, ++pair) {
        if (pair < p || pair >= q) continue;
        const long b = t.row[r], time = forward.rows.time(s, b);
        own.target[m++] = at<T>(a.dx) + (time * B + b) * I;
        if (m == rows_in_cache) flush();
      }
    flush();
  }

  // Zeros in dx past the length of each row.
  void clear_padding(int rank, int count) const {
    if (!forward.rows.lengths || !a.dx || a.tokens) return;
    for (long b = B * rank / count; b < B * (rank + 1) / count; ++b)
      for (long s = forward.rows.length(b); s < a.T; ++s)
        __builtin_memset(at<T>(a.dx) + (s * B + b) * I, 0, I * sizeof(T));
  }

  // Rows of two pairs side by side, as the product over pairs reads them.
  // Words [w0, w1) of a team, whose n pairs begin at `first` and whose words begin at `word`.
  void to_pairs(long first, long n, long word, long w0, long w1) const {
    const auto pack = [&](W* to, const T* from, long distance, long size) {
      if constexpr (!plain) {
        if (!from) return;
        for (long w = w0; w < w1; ++w) {
          const T* lower = from + (first + 2 * w) * distance;
          interleave_blocks(to, left_block(), word + w, lower, 2 * w + 1 < n ? lower + distance : nullptr, size);
        }
      }
    };
    const auto convert = [&](W* to, const T* from, long distance, long size) {
      if (!from) return;
      for (long w = w0; w < w1; ++w) {
        const T* lower = from + (first + 2 * w) * distance;
        interleave(to + (word + w) * distance, lower, 2 * w + 1 < n ? lower + distance : nullptr, size);
      }
    };
    pack(da_w, da, Zp, GH);
    pack(du_w, du, Zp, Cell::two_stage ? 2 * H : GH);
    if (Cell::two_stage) pack(dn_w, du + 2 * H, Zp, H);
    pack(dpre_w, dpre, Rp, R);
    convert(x_w, x, Ip, I);
    convert(before_w, before, Rp, R);
    convert(reset_w, reset, Hp, H);
    convert(hidden_w, hidden, Hp, H);
  }

  // The products over all pairs of a segment; rows of each result are dealt to the threads.
  void weights(int rank, int count, long s0, long s1, bool add) const {
    const long teams = forward.teams(count);
    long K = 0;
    for (long k = 0; k < teams; ++k) {
      const long n = team_pairs(k, teams, s0, s1);
      K += plain ? n : (n + 1) / 2;
    }
    const W* d = own_du ? du_w : da_w;
    T* dU = at<T>(a.dweight_hh);
    WeightGradient<T, W> jobs[4];
    int n = 0;
    if (needs_x) jobs[n++] = {at<T>(a.dweight_ih), GH, I, da_w, Zp, x_w, Ip};
    if (dU) jobs[n++] = {dU, Cell::two_stage ? 2 * H : GH, R, d, Zp, before_w, Rp};
    if (dU && Cell::two_stage) jobs[n++] = {dU + 2 * H * R, H, R, plain ? d + 2 * H : dn_w, Zp, reset_w, Hp};
    if (map && a.dweight_out) jobs[n++] = {at<T>(a.dweight_out), R, H, dpre_w, Rp, hidden_w, Hp};
    for (int k = 0; k < n; ++k) {
      const WeightGradient<T, W>& job = jobs[k];
      const long blocks = (job.M + tile_rows - 1) / tile_rows;
      const long m0 = blocks * rank / count * tile_rows, end = blocks * (rank + 1) / count * tile_rows;
      const long m1 = end < job.M ? end : job.M;
      if (m0 >= m1) continue;
      const Right<W> right{job.B, job.ldb, NR};
      const Out<T> out{job.to + m0 * job.N, job.N, nullptr, nullptr, add};
      if constexpr (plain)
        multiply<W, true>(m1 - m0, job.N, K, job.A + m0, job.lda, right, out);
      else
        multiply_packed<W>(m1 - m0, job.N, K, job.A + m0 / tile_rows * left_block(), left_block(), right, out);
    }
  }

  void finish() const {
    const auto total = [&](uintptr_t to, T* SmallGradients<T>::*of, long n) {
      if (!to) return;
      __builtin_memset(at<T>(to), 0, n * sizeof(T));
      for (int k = 0; k < threads; ++k) accumulate(at<T>(to), small(scratch[k]).*of, n);
    };
    using S = SmallGradients<T>;
    total(a.dbias_ih, &S::bias_ih, GH);
    total(a.dbias_hh, &S::bias_hh, GH);
    total(a.dweight_ln_ih, &S::weight_ln_ih, GH);
    total(a.dweight_ln_hh, &S::weight_ln_hh, GH);
    total(a.dpeephole_i, &S::peephole_i, H);
    total(a.dpeephole_f, &S::peephole_f, H);
    total(a.dpeephole_o, &S::peephole_o, H);
    total(a.dweight_ln_c, &S::weight_ln_c, H);
    total(a.dbias_ln_c, &S::bias_ln_c, H);
    total(a.dbias_out, &S::bias_out, R);
    for (long b = 0; b < B; ++b) {
      if (a.dh0) copy(at<T>(a.dh0) + b * R, dh + b * Rp, R);
      if (a.dc0) copy(at<T>(a.dc0) + b * H, dc + b * Hp, H);
    }
  }
};

template <class Cell, class T, class W>
void layer_backward(const LayerArgs& a, int threads) {
  Backward<Cell, T, W> loop(a, threads);
  Measure size;
  loop.measure(size);
  Workspace space(size.bytes);
  loop.take(space);
  auto pack = [&](int rank, int count) {
    loop.pack(rank, count);
    loop.clear_padding(rank, count);
  };
  in_parallel(threads, pack);
  Saved<T> saved = saved_by<T>(a);
  bool add = false;
  for (long end = loop.longest, begin; end > 0; end = begin) {
    // Segments begin at multiples of their length, and of the checkpoint's.
    const long block = a.checkpoint ? (end - 1) / a.checkpoint * a.checkpoint : 0;
    begin = block + (end - 1 - block) / loop.steps * loop.steps;
    if (a.checkpoint && (end == loop.longest || end % a.checkpoint == 0)) {
      loop.anew.s0 = block;
      auto recompute = [&](int rank, int count) { loop.recompute(rank, count, block, end); };
      in_parallel(threads, recompute);
      saved = loop.anew;
    }
    auto run = [&](int rank, int count) { loop.run(rank, count, begin, end, saved); };
    in_parallel(threads, run);
    auto weights = [&](int rank, int count) { loop.weights(rank, count, begin, end, add); };
    in_parallel(threads, weights);
    add = true;
  }
  if (a.tokens && a.dx) {
    auto join = [&](int rank, int count) { loop.join_tables(rank, count); };
    in_parallel(threads, join);
  }
  loop.finish();
}

}  // namespace unrolled::UNROLLED_ISA
