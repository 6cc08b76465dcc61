// The loop over time, forward, once for all cells.
#pragma once
#include "loop/plan.h"

namespace unrolled::UNROLLED_ISA {

// What is kept of steps from s0 on; row (s, b) of each at ((s − s0) · B + b) · size. Null where not kept.
template <class T>
struct Saved {
  long s0 = 0;
  T *gates = nullptr, *states[most_states] = {}, *extra = nullptr, *norms = nullptr, *input_norms = nullptr;
  T *hidden = nullptr, *emitted = nullptr;
};

template <class Cell, class T, class W>
struct Forward {
  static constexpr bool plain = same<W, T>;
  static constexpr long G = Cell::gates, NR = panel_columns<W>, chunk_pairs = 128;
  static constexpr int S = Cell::states.count();

  const LayerArgs& a;
  const Options<T> options;
  const Rows rows;
  const long B, I, H, R, GH, Iw, Rw, Hw;
  const bool map, norm, norm_input, split_units;
  const int threads;

  // Distances of rows in scratch memory.
  const long Rp = padded<T>(R), Hp = padded<T>(H), Zp = padded<T>(GH);
  const long Iwp = padded<W>(Iw), Rwp = padded<W>(Rw), Hwp = padded<W>(Hw);

  W *weight_ih = nullptr, *weight_hh = nullptr, *weight_out = nullptr;  // packed
  Group<W> group[4];
  int groups = 0;
  T* h[2];  // (B, R) before and after a step, rows in the teams' order
  W* hw[2];
  T* state[S];  // (B, H) states 1 and up
  int32_t *order, *count, *dealt;
  Barrier* barriers;
  struct Scratch {
    T *z, *gate, *hidden, *emitted, *reset, *row;  // (step_rows, ·)
    W *left;                                       // (step_rows, H) words
    T* a;                                          // (pairs, G·H)
    W* x;                                          // (pairs, I) words
    T** target;                                    // (pairs)
  };
  Scratch* scratch;  // one a thread

  Forward(const LayerArgs& args, int asked)
      : a(args),
        options(args),
        rows{args.T, args.B, args.reverse, at<const int64_t>(args.lengths)},
        B(args.B), I(args.I), H(args.H), R(args.R), GH(G * args.H),
        Iw(words<W, T>(args.I)), Rw(words<W, T>(args.R)), Hw(words<W, T>(args.H)),
        map(args.weight_out), norm(args.weight_ln_hh), norm_input(args.weight_ln_ih),
        split_units(args.B < asked && shareable(args)), threads(asked) {
    const long parts = !Cell::recurrent ? 0 : Cell::two_stage ? 2 : split_units ? G : 1;
    long column = 0;
    for (long p = 0; p < parts; ++p) {
      const long columns = Cell::two_stage ? (p ? H : 2 * H) : split_units ? H : GH;
      group[groups++] = {column, columns, nullptr};
      column += columns;
    }
  }

  // Only steps without a sum over all units can be shared, and only large ones repay it.
  static bool shareable(const LayerArgs& a) {
    const long products = a.H * a.R * G;
    const bool whole = a.weight_out || a.weight_ln_hh || a.weight_ln_ih || Cell::needs_whole_row(a) || Cell::two_stage;
    return !whole && products >= 32768;
  }
  long teams(long count) const { return B < count ? B : count; }

  // Calls take(pointer, numbers) for all scratch memory: once to measure, once to hand it out.
  template <class Take>
  void memory(Take&& take) {
    if (!a.tokens) take(weight_ih, packed_size<W>(Iw, GH));
    for (int g = 0; g < groups; ++g) take(group[g].packed, packed_size<W>(Rw, group[g].columns));
    if (map) take(weight_out, packed_size<W>(Hw, R));
    for (int k = 0; k < 2; ++k) {
      take(h[k], B * Rp);
      if (!plain) take(hw[k], B * Rwp);
    }
    for (int k = 1; k < S; ++k) take(state[k], B * Hp);
    take(order, B);
    take(count, a.T + 1);
    take(dealt, threads * B);
    take(barriers, threads);
    take(scratch, threads);
  }
  template <class Take>
  void memory_of_thread(Scratch& s, Take&& take) {
    const long each = (B + threads - 1) / threads, pairs = each > chunk_pairs ? each : chunk_pairs;
    const long all = B < threads ? chunk_pairs : pairs;
    take(s.z, step_rows * Zp);
    if (a.tokens) take(s.gate, step_rows * Zp);
    take(s.hidden, step_rows * Hp);
    take(s.emitted, step_rows * Rp);
    take(s.reset, step_rows * Hp);
    take(s.row, Hp);
    take(s.left, step_rows * Hwp);
    if (a.tokens) return;
    // With fewer threads than asked a thread may have all rows.
    take(s.a, (all > B ? all : B) * Zp);
    take(s.x, (all > B ? all : B) * Iwp);
    take(s.target, all > B ? all : B);
  }
  void measure(Measure& m) {
    memory([&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); });
    Scratch s;
    for (int k = 0; k < threads; ++k)
      memory_of_thread(s, [&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); });
  }
  void take(Workspace& space) {
    memory([&](auto*& p, long n) { p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); });
    for (int k = 0; k < threads; ++k)
      memory_of_thread(scratch[k], [&](auto*& p, long n) {
        p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
      });
    for (int k = 0; k < threads; ++k) barriers[k] = Barrier{};
    rows.sort(order, count);
  }

  // Weights into panels; panels are dealt to the threads.
  void pack(int rank, int n) const {
    const auto share = [&](long columns, auto&& part) {
      const long panels = (columns + NR - 1) / NR;
      part(panels * rank / n, panels * (rank + 1) / n);
    };
    if (!a.tokens)
      share(GH, [&](long p, long q) { pack_columns<W, T>(weight_ih, at<const T>(a.weight_ih), I, I, GH, p, q); });
    for (int g = 0; g < groups; ++g)
      share(group[g].columns, [&](long p, long q) {
        pack_columns<W, T>(group[g].packed, at<const T>(a.weight_hh) + group[g].column * R, R, R, group[g].columns, p, q);
      });
    if (map) share(R, [&](long p, long q) { pack_columns<W, T>(weight_out, at<const T>(a.weight_out), H, H, R, p, q); });
  }

  Team team(int rank, int n) const {
    return make_team(rank, n, teams(n), rows, split_units, H, NR, order, dealt + rank * B, barriers);
  }

  // The state before step s: of(k, b) is where state k of batch index b is.
  template <class Of>
  void start(const Team& t, long s, Of&& of) const {
    if (t.rank == 0)
      for (long r = 0, n = rows.active(t, s); r < n; ++r) {
        T* to = h[s & 1] + (t.offset + r) * Rp;
        copy(to, of(0, t.row[r]), R);
        if constexpr (!plain) to_words(hw[s & 1] + (t.offset + r) * Rwp, to, R);
        for (int j = 1; j < S; ++j) copy(state[j] + (t.offset + r) * Hp, of(j, t.row[r]), H);
      }
    t.meet();
  }

  // Steps [s0, s1) of a team's rows. With `outputs`, y is written.
  void run(const Team& t, int rank, long s0, long s1, const Saved<T>& saved, bool outputs) const {
    const long most = rows.active(t, s0), steps = most ? (most < chunk_pairs ? chunk_pairs / most : 1) : 1;
    const Scratch& mine = scratch[rank];
    // The team reads one block of preactivations: that of its first thread.
    T* block = a.tokens ? nullptr : scratch[rank - t.rank].a;
    for (long s = s0; s < s1; s += steps) {
      const long end = s + steps < s1 ? s + steps : s1;
      if (!rows.active(t, s)) break;
      if (!a.tokens) project(t, mine, block, s, end, saved);
      long pair = 0;
      for (long k = s; k < end; ++k) {
        const long n = rows.active(t, k);
        if (S > 1 && keeps_checkpoints(saved) && k % a.checkpoint == 0)
          for (long r = 0; r < n; ++r) keep_states(t, r, (k / a.checkpoint * B + t.row[r]) * H, saved);
        step(t, mine, k, n, block + pair * Zp, saved, outputs);
        pair += n;
        t.meet();
      }
    }
  }

  // Whether states before each segment are kept, and nothing of single steps.
  bool keeps_checkpoints(const Saved<T>& saved) const {
    return a.checkpoint && saved.s0 == 0 && !saved.gates && saved.states[S - 1];
  }
  // States of a row to where they are kept.
  void keep_states(const Team& t, long r, long place, const Saved<T>& saved) const {
    for (int k = 1; k < S; ++k)
      copy(saved.states[k] + place + t.u0, state[k] + (t.offset + r) * Hp + t.u0, t.u1 - t.u0);
  }

  // W x + b of all pairs in [s, end): into what is kept, or into the block.
  void project(const Team& t, const Scratch& mine, T* block, long s, long end, const Saved<T>& saved) const {
    const long total = rows.pairs(t, s, end);
    const long first = total * t.rank / t.size, last = total * (t.rank + 1) / t.size;
    long pair = 0, m = 0;
    for (long k = s; k < end; ++k)
      for (long r = 0, n = rows.active(t, k); r < n; ++r, ++pair) {
        if (pair < first || pair >= last) continue;
        const long b = t.row[r];
        to_words(mine.x + m * Iwp, at<const T>(a.x) + rows.time(k, b) * a.x_time + b * a.x_row, I);
        mine.target[m++] = saved.gates ? saved.gates + ((k - saved.s0) * B + b) * GH : block + pair * Zp;
      }
    const Out<T> out{nullptr, 0, mine.target, norm_input ? nullptr : at<const T>(a.bias_ih), false};
    multiply<W, false>(m, GH, Iw, mine.x, Iwp, {weight_ih, NR, NR * Iw}, out);
    if (norm_input) normalise_input(t, mine, s, end, saved);
    t.meet();
  }

  void product(const Group<W>& g, const Team& t, long m, long K, const W* left, long lda, T* z) const {
    const long u0 = split_units ? t.u0 : 0, n = split_units ? t.u1 - t.u0 : g.columns;
    if (n <= 0) return;
    const T* bias = norm || !a.bias_hh ? nullptr : at<const T>(a.bias_hh) + g.column + u0;
    multiply<W, false>(m, n, K, left, lda, {g.packed + u0 / NR * NR * K, NR, NR * K},
                       {z + g.column + u0, Zp, nullptr, bias, false});
  }

  // The same for the products with the input. Only teams of one thread normalise, so that all pairs are its own.
  void normalise_input(const Team& t, const Scratch& mine, long s, long end, const Saved<T>& saved) const {
    const T *gain = at<const T>(a.weight_ln_ih), *bias = at<const T>(a.bias_ih);
    T* const* row = mine.target;
    for (long k = s; k < end; ++k)
      for (long r = 0, n = rows.active(t, k); r < n; ++r, ++row) {
        T* keep = saved.input_norms ? saved.input_norms + ((k - saved.s0) * B + t.row[r]) * (GH + 1) : nullptr;
        const T scale = normalise_row(*row, keep, gain, bias, GH);
        if (keep) keep[GH] = scale;
      }
  }

  // z ← ẑ ⊙ gain + b, keeping ẑ and 1/σ.
  void normalise_rows(const Group<W>& g, int part, const Team& t, long s, long r0, long m, T* z, const Saved<T>& saved) const {
    const T* gain = at<const T>(a.weight_ln_hh) + g.column;
    const T* bias = a.bias_hh ? at<const T>(a.bias_hh) + g.column : nullptr;
    for (long r = 0; r < m; ++r) {
      T* keep = saved.norms ? saved.norms + ((s - saved.s0) * B + t.row[r0 + r]) * (GH + 2) : nullptr;
      const T scale = normalise_row(z + r * Zp + g.column, keep ? keep + g.column : nullptr, gain, bias, g.columns);
      if (!keep) continue;
      keep[GH + part] = scale;
      if (!Cell::two_stage) keep[GH + 1] = T(0);
    }
  }

  void step(const Team& t, const Scratch& mine, long s, long n, T* block, const Saved<T>& saved, bool outputs) const {
    T* before = h[s & 1] + t.offset * Rp;
    T* after = h[(s + 1) & 1] + t.offset * Rp;
    const RowBlocks blocks(n, step_rows);
    RowForward<T, S> row[step_rows];
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k), m = blocks.first(k + 1) - r0;
      for (long r = 0; r < m; ++r) row[r] = row_at(t, mine, s, r0 + r, r, block, before, after, saved);
      if constexpr (Cell::recurrent) {
        const W* left;
        if constexpr (plain) left = before + r0 * Rp;
        else left = hw[s & 1] + (t.offset + r0) * Rwp;
        for (int g = 0; g < groups - (Cell::two_stage ? 1 : 0); ++g)
          product(group[g], t, m, Rw, left, plain ? Rp : Rwp, mine.z);
      }
      if (norm) normalise_rows(group[0], 0, t, s, r0, m, mine.z, saved);
      for (long r = 0; r < m; ++r) Cell::forward(row[r], options, t.u0, t.u1);
      if constexpr (Cell::two_stage) {
        for (long r = 0; r < m; ++r) to_words(mine.left + r * Hwp, mine.reset + r * Hp, H);
        product(group[1], t, m, Hw, mine.left, Hwp, mine.z);
        if (norm) normalise_rows(group[1], 1, t, s, r0, m, mine.z, saved);
        for (long r = 0; r < m; ++r) Cell::forward_second(row[r], options);
      }
      if (map) emit(t, mine, s, r0, m, after, saved);
      for (long r = 0; r < m; ++r) finish(t, s, r0 + r, before, after, saved, outputs);
    }
  }

  RowForward<T, S> row_at(const Team& t, const Scratch& mine, long s, long r, long in_block, T* block, T* before,
                          T* after, const Saved<T>& saved) const {
    const long b = t.row[r], at_step = s * B + b, kept = (s - saved.s0) * B + b;
    T* gate = saved.gates ? saved.gates + kept * GH : a.tokens ? mine.gate + in_block * Zp : block + r * Zp;
    RowForward<T, S> row{a.tokens ? at<const T>(a.x) + token(s, b) * GH : gate,
                         mine.z + in_block * Zp,
                         gate,
                         map ? mine.hidden + in_block * Hp : after + r * Rp,
                         saved.extra ? saved.extra + kept * H : nullptr,
                         mine.reset + in_block * Hp,
                         a.mask_candidate ? at<const T>(a.mask_candidate) + at_step * H : nullptr,
                         mine.row,
                         {before + r * Rp},
                         {}};
    for (int k = 1; k < S; ++k) {
      row.state[k] = state[k] + (t.offset + r) * Hp;
      row.mask[k] = a.masks[k] ? at<const T>(a.masks[k]) + at_step * H : nullptr;
    }
    return row;
  }

  UNROLLED_INLINE long token(long s, long b) const { return at<const int64_t>(a.tokens)[rows.time(s, b) * B + b]; }

  // after ← f(P hidden + c).
  void emit(const Team& t, const Scratch& mine, long s, long r0, long m, T* after, const Saved<T>& saved) const {
    for (long r = 0; r < m; ++r) {
      const T* hidden = mine.hidden + r * Hp;
      to_words(mine.left + r * Hwp, hidden, H);
      if (saved.hidden)
        copy(saved.hidden + ((s - saved.s0) * B + t.row[r0 + r]) * H, hidden, H);
    }
    multiply<W, false>(m, R, Hw, mine.left, Hwp, {weight_out, NR, NR * Hw},
                       {after + r0 * Rp, Rp, nullptr, at<const T>(a.bias_out), false});
    const Nonlinearity f = Nonlinearity(a.output_nonlinearity);
    for (long r = 0; r < m; ++r) {
      T* row = after + (r0 + r) * Rp;
      if (f != Nonlinearity::identity)
        each_vector<T>(0, R, UNROLLED_EACH { store_n(row + u, apply<T>(f, load_n(row + u, n)), n); });
      if (saved.emitted)
        copy(saved.emitted + ((s - saved.s0) * B + t.row[r0 + r]) * R, row, R);
    }
  }

  // Zoneout, and the row's output and state to where they are read.
  void finish(const Team& t, long s, long r, const T* before, T* after, const Saved<T>& saved, bool outputs) const {
    const long b = t.row[r], u0 = map ? 0 : t.u0, u1 = map ? R : t.u1;
    T* row = after + r * Rp;
    if (a.masks[0] || a.zoneout[0] != 0) {
      const T* mask = a.masks[0] ? at<const T>(a.masks[0]) + (s * B + b) * R : nullptr;
      each_vector<T>(u0, u1, UNROLLED_EACH {
        const Vec<T> keep = mask ? load_n(mask + u, n) : splat(T(a.zoneout[0]));
        store_n(row + u, keep * load_n(before + r * Rp + u, n) + (T(1) - keep) * load_n(row + u, n), n);
      });
    }
    if (outputs)
      copy(at<T>(a.y) + rows.time(s, b) * a.y_time + b * a.y_row + u0, row + u0, u1 - u0);
    if constexpr (!plain) to_words(hw[(s + 1) & 1] + (t.offset + r) * Rwp + u0 / 2, row + u0, u1 - u0);
    if (S > 1 && saved.gates && saved.states[S - 1]) keep_states(t, r, ((s - saved.s0) * B + b) * H, saved);
  }

  // Each row's own last state.
  void final_states(const Team& t) const {
    for (long r = 0; r < t.rows; ++r) {
      const long b = t.row[r], u0 = map ? 0 : t.u0, u1 = map ? R : t.u1;
      if (map && t.rank) continue;
      copy(at<T>(a.final[0]) + b * R + u0, h[rows.length(b) & 1] + (t.offset + r) * Rp + u0, u1 - u0);
      for (int k = 1; k < S; ++k)
        copy(at<T>(a.final[k]) + b * H + t.u0, state[k] + (t.offset + r) * Hp + t.u0, t.u1 - t.u0);
    }
  }

  // Zeros past the length of each row, in the output and in all that is kept.
  void clear_padding(const Team& t, const Saved<T>& saved) const {
    if (!rows.lengths || t.rank) return;
    for (long r = 0; r < t.rows; ++r) {
      const long b = t.row[r];
      for (long s = rows.length(b); s < a.T; ++s) {
        const long kept = s * B + b;
        const auto clear = [](T* row, long size) { __builtin_memset(row, 0, size * sizeof(T)); };
        clear(at<T>(a.y) + s * a.y_time + b * a.y_row, R);
        if (saved.gates) clear(saved.gates + kept * GH, GH);
        for (int k = 1; k < S; ++k)
          if (saved.gates && saved.states[k]) clear(saved.states[k] + kept * H, H);
        if (saved.extra) clear(saved.extra + kept * H, H);
        if (saved.norms) clear(saved.norms + kept * (GH + 2), GH + 2);
        if (saved.input_norms) clear(saved.input_norms + kept * (GH + 1), GH + 1);
        if (saved.hidden) clear(saved.hidden + kept * H, H);
        if (saved.emitted) clear(saved.emitted + kept * R, R);
      }
      if (S > 1 && keeps_checkpoints(saved))
        for (long j = (rows.length(b) + a.checkpoint - 1) / a.checkpoint; j * a.checkpoint < a.T; ++j)
          for (int k = 1; k < S; ++k) __builtin_memset(saved.states[k] + (j * B + b) * H, 0, H * sizeof(T));
    }
  }
};

template <class T>
Saved<T> saved_by(const LayerArgs& a) {
  Saved<T> saved;
  saved.gates = at<T>(a.gates);
  for (int k = 0; k < most_states; ++k) saved.states[k] = at<T>(a.states[k]);
  saved.extra = at<T>(a.extra), saved.norms = at<T>(a.norms), saved.input_norms = at<T>(a.input_norms);
  saved.hidden = at<T>(a.hidden), saved.emitted = at<T>(a.emitted);
  return saved;
}

template <class Cell, class T, class W>
void layer_forward(const LayerArgs& a, int threads) {
  Forward<Cell, T, W> loop(a, threads);
  Measure size;
  loop.measure(size);
  Workspace space(size.bytes);
  loop.take(space);
  auto pack = [&](int rank, int count) { loop.pack(rank, count); };
  in_parallel(threads, pack);
  const Saved<T> saved = saved_by<T>(a);
  auto run = [&](int rank, int count) {
    const Team t = loop.team(rank, count);
    if (t.index < 0) return;
    loop.start(t, 0, [&](int k, long b) { return at<const T>(a.initial[k]) + b * (k ? loop.H : loop.R); });
    loop.run(t, rank, 0, loop.rows.longest(), saved, true);
    loop.final_states(t);
    loop.clear_padding(t, saved);
  };
  in_parallel(threads, run);
}

}  // namespace unrolled::UNROLLED_ISA
