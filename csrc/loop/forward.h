// The forward loop over time, shared by all cells.
#pragma once
#include "loop/plan.h"

namespace unrolled::UNROLLED_ISA {

// Values stored for the backward pass, starting with step s0. Row (s, b) of each is at ((s − s0) · B + b) ·
// size. Null if not stored.
template <class T>
struct Saved {
  long s0 = 0;
  T *gates = nullptr, *states[max_states] = {}, *extra = nullptr, *norms = nullptr, *input_norms = nullptr;
  T *hidden = nullptr, *emitted = nullptr;
};

// The forward pass of a layer: sizes, scratch memory and steps.
template <class Cell, class T, class W>
struct Forward {
  static constexpr bool plain = is_same<W, T>;
  static constexpr long G = Cell::gates, NR = panel_columns<W>, chunk_pairs = 128;
  static constexpr int S = Cell::states.count();

  const LayerArgs& a;
  const Options<T> options;
  const Rows rows;
  const long B, I, H, R, GH, Iw, Rw, Hw;
  const bool has_projection, has_norm, has_input_norm, split_units;
  const int threads;

  // Distances between rows in scratch memory.
  const long Rp = padded<T>(R), Hp = padded<T>(H), Zp = padded<T>(GH);
  const long Iwp = padded<W>(Iw), Rwp = padded<W>(Rw), Hwp = padded<W>(Hw);

  W *weight_ih = nullptr, *weight_hh = nullptr, *weight_out = nullptr;  // packed
  Group<W> group[4];
  int groups = 0;
  T* h[2];  // (B, R) before and after a step; rows in the order of the teams
  W* hw[2];  // the same, in words
  T* state[S];  // (B, H) for states 1 and up
  int32_t *order, *count, *team_rows;
  Barrier* barriers;
  struct Scratch {
    T *z, *gate, *hidden, *emitted, *reset, *row;  // (step_rows, ·)
    W *left;                                       // (step_rows, H) words
    T* a;                                          // (pairs, G·H)
    W* x;                                          // (pairs, I) words
    T** target;                                    // (pairs)
  };
  Scratch* scratch;  // one per thread

  Forward(const LayerArgs& args, int thread_count)
      : a(args),
        options(args),
        rows{args.T, args.B, args.reverse, at<const int64_t>(args.lengths)},
        B(args.B), I(args.I), H(args.H), R(args.R), GH(G * args.H),
        Iw(words<W, T>(args.I)), Rw(words<W, T>(args.R)), Hw(words<W, T>(args.H)),
        has_projection(args.weight_out), has_norm(args.weight_ln_hh), has_input_norm(args.weight_ln_ih),
        split_units(args.B < thread_count && can_split_units(args)), threads(thread_count) {
    const long parts = !Cell::recurrent ? 0 : Cell::two_stage ? 2 : split_units ? G : 1;
    long column = 0;
    for (long p = 0; p < parts; ++p) {
      const long columns = Cell::two_stage ? (p ? H : 2 * H) : split_units ? H : GH;
      group[groups++] = {column, columns, nullptr};
      column += columns;
    }
  }

  // The units of a row can be split between threads only if no step sums over all units. Splitting pays off
  // only for large products.
  static bool can_split_units(const LayerArgs& a) {
    const long products = a.H * a.R * G;
    const bool whole_row =
        a.weight_out || a.weight_ln_hh || a.weight_ln_ih || Cell::needs_whole_row(a) || Cell::two_stage;
    return !whole_row && products >= 32768;
  }
  long teams(long count) const { return B < count ? B : count; }

  // Call take(pointer, count) for all scratch memory: once to measure its size, once to allocate it.
  template <class Take>
  void visit_memory(Take&& take) {
    if (!a.tokens) take(weight_ih, packed_size<W>(Iw, GH));
    for (int g = 0; g < groups; ++g) take(group[g].packed, packed_size<W>(Rw, group[g].columns));
    if (has_projection) take(weight_out, packed_size<W>(Hw, R));
    for (int k = 0; k < 2; ++k) {
      take(h[k], B * Rp);
      if (!plain) take(hw[k], B * Rwp);
    }
    for (int k = 1; k < S; ++k) take(state[k], B * Hp);
    take(order, B);
    take(count, a.T + 1);
    take(team_rows, threads * B);
    take(barriers, threads);
    take(scratch, threads);
  }
  template <class Take>
  void visit_thread_memory(Scratch& s, Take&& take) {
    const long thread_rows = (B + threads - 1) / threads;
    const long pairs = B < threads || thread_rows < chunk_pairs ? chunk_pairs : thread_rows;
    take(s.z, step_rows * Zp);
    if (a.tokens) take(s.gate, step_rows * Zp);
    take(s.hidden, step_rows * Hp);
    take(s.emitted, step_rows * Rp);
    take(s.reset, step_rows * Hp);
    take(s.row, Hp);
    take(s.left, step_rows * Hwp);
    if (a.tokens) return;
    // If the runtime provides fewer threads than requested, one thread may have all rows.
    const long max_pairs = pairs > B ? pairs : B;
    take(s.a, max_pairs * Zp);
    take(s.x, max_pairs * Iwp);
    take(s.target, max_pairs);
  }
  void measure(WorkspaceSize& m) {
    visit_memory([&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); });
    Scratch s;
    for (int k = 0; k < threads; ++k)
      visit_thread_memory(s, [&](auto*& p, long n) {
        m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
      });
  }
  void take(Workspace& space) {
    visit_memory([&](auto*& p, long n) {
      p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
    });
    for (int k = 0; k < threads; ++k)
      visit_thread_memory(scratch[k], [&](auto*& p, long n) {
        p = space.take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
      });
    for (int k = 0; k < threads; ++k) barriers[k] = Barrier{};
    rows.sort(order, count);
  }

  // Pack the weights into panels. Each thread packs some of the panels.
  void pack(int rank, int n) const {
    const auto split = [&](long columns, auto&& pack_range) {
      const long panels = (columns + NR - 1) / NR;
      pack_range(panels * rank / n, panels * (rank + 1) / n);
    };
    if (!a.tokens)
      split(GH, [&](long p, long q) { pack_columns<W, T>(weight_ih, at<const T>(a.weight_ih), I, I, GH, p, q); });
    for (int g = 0; g < groups; ++g)
      split(group[g].columns, [&](long p, long q) {
        pack_columns<W, T>(group[g].packed, at<const T>(a.weight_hh) + group[g].column * R, R, R, group[g].columns, p, q);
      });
    if (has_projection)
      split(R, [&](long p, long q) { pack_columns<W, T>(weight_out, at<const T>(a.weight_out), H, H, R, p, q); });
  }

  Team team(int rank, int n) const {
    return make_team(rank, n, teams(n), rows, split_units, H, NR, order, team_rows + rank * B, barriers);
  }

  // Copy the states before step s into the loop. state_at(k, b) points to state k of batch index b.
  template <class StateAt>
  void start(const Team& t, long s, StateAt&& state_at) const {
    if (t.rank == 0)
      for (long r = 0, n = rows.active(t, s); r < n; ++r) {
        T* to = h[s & 1] + (t.offset + r) * Rp;
        copy(to, state_at(0, t.row[r]), R);
        if constexpr (!plain) to_words(hw[s & 1] + (t.offset + r) * Rwp, to, R);
        for (int j = 1; j < S; ++j) copy(state[j] + (t.offset + r) * Hp, state_at(j, t.row[r]), H);
      }
    t.meet();
  }

  // Run steps [s0, s1) of a team's rows. Writes y if `outputs`.
  void run(const Team& t, int rank, long s0, long s1, const Saved<T>& saved, bool outputs) const {
    const long active_rows = rows.active(t, s0);
    const long steps = active_rows ? (active_rows < chunk_pairs ? chunk_pairs / active_rows : 1) : 1;
    const Scratch& local = scratch[rank];
    // All threads of a team use one block of preactivations, that of the team's first thread.
    T* block = a.tokens ? nullptr : scratch[rank - t.rank].a;
    for (long s = s0; s < s1; s += steps) {
      const long end = s + steps < s1 ? s + steps : s1;
      if (!rows.active(t, s)) break;
      if (!a.tokens) input_products(t, local, block, s, end, saved);
      long pair = 0;
      for (long k = s; k < end; ++k) {
        const long n = rows.active(t, k);
        if (S > 1 && saves_checkpoints(saved) && k % a.checkpoint == 0)
          for (long r = 0; r < n; ++r) save_states(t, r, (k / a.checkpoint * B + t.row[r]) * H, saved);
        step(t, local, k, n, block + pair * Zp, saved, outputs);
        pair += n;
        t.meet();
      }
    }
  }

  // Whether only the states before each segment are stored, not the values of every step.
  bool saves_checkpoints(const Saved<T>& saved) const {
    return a.checkpoint && saved.s0 == 0 && !saved.gates && saved.states[S - 1];
  }
  // Store the states of a row for the backward pass.
  void save_states(const Team& t, long r, long index, const Saved<T>& saved) const {
    for (int k = 1; k < S; ++k)
      copy(saved.states[k] + index + t.u0, state[k] + (t.offset + r) * Hp + t.u0, t.u1 - t.u0);
  }

  // Compute W x + b of all (step, row) pairs in steps [s, end), into saved.gates if stored, else into the
  // block. Each thread of the team computes some of the pairs.
  void input_products(const Team& t, const Scratch& local, T* block, long s, long end,
                      const Saved<T>& saved) const {
    const long total = rows.pairs(t, s, end);
    const long first = total * t.rank / t.size, last = total * (t.rank + 1) / t.size;
    long pair = 0, m = 0;
    for (long k = s; k < end; ++k)
      for (long r = 0, n = rows.active(t, k); r < n; ++r, ++pair) {
        if (pair < first || pair >= last) continue;
        const long b = t.row[r];
        to_words(local.x + m * Iwp, at<const T>(a.x) + rows.time(k, b) * a.x_time + b * a.x_row, I);
        local.target[m++] = saved.gates ? saved.gates + ((k - saved.s0) * B + b) * GH : block + pair * Zp;
      }
    const Output<T> out{nullptr, 0, local.target, has_input_norm ? nullptr : at<const T>(a.bias_ih), false};
    multiply<W, false>(m, GH, Iw, local.x, Iwp, {weight_ih, NR, NR * Iw}, out);
    if (has_input_norm) normalise_input(t, local, s, end, saved);
    t.meet();
  }

  void recurrent_product(const Group<W>& g, const Team& t, long m, long K, const W* left, long lda,
                         T* z) const {
    const long u0 = split_units ? t.u0 : 0, n = split_units ? t.u1 - t.u0 : g.columns;
    if (n <= 0) return;
    const T* bias = has_norm || !a.bias_hh ? nullptr : at<const T>(a.bias_hh) + g.column + u0;
    multiply<W, false>(m, n, K, left, lda, {g.packed + u0 / NR * NR * K, NR, NR * K},
                       {z + g.column + u0, Zp, nullptr, bias, false});
  }

  // Normalise the products with the input. Only teams of one thread normalise, so this thread has all pairs.
  void normalise_input(const Team& t, const Scratch& local, long s, long end, const Saved<T>& saved) const {
    const T *gain = at<const T>(a.weight_ln_ih), *bias = at<const T>(a.bias_ih);
    T* const* row = local.target;
    for (long k = s; k < end; ++k)
      for (long r = 0, n = rows.active(t, k); r < n; ++r, ++row) {
        T* saved_row =
            saved.input_norms ? saved.input_norms + ((k - saved.s0) * B + t.row[r]) * (GH + 1) : nullptr;
        const T scale = normalise_row(*row, saved_row, gain, bias, GH);
        if (saved_row) saved_row[GH] = scale;
      }
  }

  // Normalise the products with U: z ← ẑ ⊙ gain + b. Stores ẑ and 1/σ.
  void normalise_rows(const Group<W>& g, int part, const Team& t, long s, long r0, long m, T* z, const Saved<T>& saved) const {
    const T* gain = at<const T>(a.weight_ln_hh) + g.column;
    const T* bias = a.bias_hh ? at<const T>(a.bias_hh) + g.column : nullptr;
    for (long r = 0; r < m; ++r) {
      T* saved_row = saved.norms ? saved.norms + ((s - saved.s0) * B + t.row[r0 + r]) * (GH + 2) : nullptr;
      const T scale =
          normalise_row(z + r * Zp + g.column, saved_row ? saved_row + g.column : nullptr, gain, bias, g.columns);
      if (!saved_row) continue;
      saved_row[GH + part] = scale;
      if (!Cell::two_stage) saved_row[GH + 1] = T(0);
    }
  }

  void step(const Team& t, const Scratch& local, long s, long n, T* block, const Saved<T>& saved,
            bool outputs) const {
    T* before = h[s & 1] + t.offset * Rp;
    T* after = h[(s + 1) & 1] + t.offset * Rp;
    const RowBlocks blocks(n, step_rows);
    RowForward<T, S> row[step_rows];
    for (long k = 0; k < blocks.count; ++k) {
      const long r0 = blocks.first(k), m = blocks.first(k + 1) - r0;
      for (long r = 0; r < m; ++r) row[r] = make_row(t, local, s, r0 + r, r, block, before, after, saved);
      if constexpr (Cell::recurrent) {
        const W* left;
        if constexpr (plain) left = before + r0 * Rp;
        else left = hw[s & 1] + (t.offset + r0) * Rwp;
        for (int g = 0; g < groups - (Cell::two_stage ? 1 : 0); ++g)
          recurrent_product(group[g], t, m, Rw, left, plain ? Rp : Rwp, local.z);
      }
      if (has_norm) normalise_rows(group[0], 0, t, s, r0, m, local.z, saved);
      for (long r = 0; r < m; ++r) Cell::forward(row[r], options, t.u0, t.u1);
      if constexpr (Cell::two_stage) {
        for (long r = 0; r < m; ++r) to_words(local.left + r * Hwp, local.reset + r * Hp, H);
        recurrent_product(group[1], t, m, Hw, local.left, Hwp, local.z);
        if (has_norm) normalise_rows(group[1], 1, t, s, r0, m, local.z, saved);
        for (long r = 0; r < m; ++r) Cell::forward_second(row[r], options);
      }
      if (has_projection) project(t, local, s, r0, m, after, saved);
      for (long r = 0; r < m; ++r) finish(t, s, r0 + r, before, after, saved, outputs);
    }
  }

  RowForward<T, S> make_row(const Team& t, const Scratch& local, long s, long r, long in_block, T* block,
                            T* before, T* after, const Saved<T>& saved) const {
    const long b = t.row[r], step_row = s * B + b, saved_row = (s - saved.s0) * B + b;
    T* gate = saved.gates ? saved.gates + saved_row * GH
              : a.tokens  ? local.gate + in_block * Zp
                          : block + r * Zp;
    RowForward<T, S> row{a.tokens ? at<const T>(a.x) + token(s, b) * GH : gate,
                         local.z + in_block * Zp,
                         gate,
                         has_projection ? local.hidden + in_block * Hp : after + r * Rp,
                         saved.extra ? saved.extra + saved_row * H : nullptr,
                         local.reset + in_block * Hp,
                         a.mask_candidate ? at<const T>(a.mask_candidate) + step_row * H : nullptr,
                         local.row,
                         {before + r * Rp},
                         {}};
    for (int k = 1; k < S; ++k) {
      row.state[k] = state[k] + (t.offset + r) * Hp;
      row.mask[k] = a.masks[k] ? at<const T>(a.masks[k]) + step_row * H : nullptr;
    }
    return row;
  }

  UNROLLED_INLINE long token(long s, long b) const { return at<const int64_t>(a.tokens)[rows.time(s, b) * B + b]; }

  // after ← f(P · hidden + c), with P = weight_out and c = bias_out.
  void project(const Team& t, const Scratch& local, long s, long r0, long m, T* after,
               const Saved<T>& saved) const {
    for (long r = 0; r < m; ++r) {
      const T* hidden = local.hidden + r * Hp;
      to_words(local.left + r * Hwp, hidden, H);
      if (saved.hidden)
        copy(saved.hidden + ((s - saved.s0) * B + t.row[r0 + r]) * H, hidden, H);
    }
    multiply<W, false>(m, R, Hw, local.left, Hwp, {weight_out, NR, NR * Hw},
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

  // Apply zoneout, and write the row's output and states.
  void finish(const Team& t, long s, long r, const T* before, T* after, const Saved<T>& saved, bool outputs) const {
    const long b = t.row[r], u0 = has_projection ? 0 : t.u0, u1 = has_projection ? R : t.u1;
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
    if (S > 1 && saved.gates && saved.states[S - 1]) save_states(t, r, ((s - saved.s0) * B + b) * H, saved);
  }

  // Write the last state of each row, at the row's own length.
  void write_final_states(const Team& t) const {
    for (long r = 0; r < t.rows; ++r) {
      const long b = t.row[r], u0 = has_projection ? 0 : t.u0, u1 = has_projection ? R : t.u1;
      if (has_projection && t.rank) continue;
      copy(at<T>(a.final[0]) + b * R + u0, h[rows.length(b) & 1] + (t.offset + r) * Rp + u0, u1 - u0);
      for (int k = 1; k < S; ++k)
        copy(at<T>(a.final[k]) + b * H + t.u0, state[k] + (t.offset + r) * Hp + t.u0, t.u1 - t.u0);
    }
  }

  // Write zeros past the length of each row, in the output and in all stored values.
  void clear_padding(const Team& t, const Saved<T>& saved) const {
    if (!rows.lengths || t.rank) return;
    for (long r = 0; r < t.rows; ++r) {
      const long b = t.row[r];
      for (long s = rows.length(b); s < a.T; ++s) {
        const long saved_row = s * B + b;
        const auto clear = [](T* row, long size) { __builtin_memset(row, 0, size * sizeof(T)); };
        clear(at<T>(a.y) + s * a.y_time + b * a.y_row, R);
        if (saved.gates) clear(saved.gates + saved_row * GH, GH);
        for (int k = 1; k < S; ++k)
          if (saved.gates && saved.states[k]) clear(saved.states[k] + saved_row * H, H);
        if (saved.extra) clear(saved.extra + saved_row * H, H);
        if (saved.norms) clear(saved.norms + saved_row * (GH + 2), GH + 2);
        if (saved.input_norms) clear(saved.input_norms + saved_row * (GH + 1), GH + 1);
        if (saved.hidden) clear(saved.hidden + saved_row * H, H);
        if (saved.emitted) clear(saved.emitted + saved_row * R, R);
      }
      if (S > 1 && saves_checkpoints(saved))
        for (long j = (rows.length(b) + a.checkpoint - 1) / a.checkpoint; j * a.checkpoint < a.T; ++j)
          for (int k = 1; k < S; ++k) __builtin_memset(saved.states[k] + (j * B + b) * H, 0, H * sizeof(T));
    }
  }
};

template <class T>
Saved<T> get_saved(const LayerArgs& a) {
  Saved<T> saved;
  saved.gates = at<T>(a.gates);
  for (int k = 0; k < max_states; ++k) saved.states[k] = at<T>(a.states[k]);
  saved.extra = at<T>(a.extra), saved.norms = at<T>(a.norms), saved.input_norms = at<T>(a.input_norms);
  saved.hidden = at<T>(a.hidden), saved.emitted = at<T>(a.emitted);
  return saved;
}

template <class Cell, class T, class W>
void layer_forward(const LayerArgs& a, int threads) {
  Forward<Cell, T, W> loop(a, threads);
  WorkspaceSize size;
  loop.measure(size);
  Workspace space(size.bytes);
  loop.take(space);
  auto pack = [&](int rank, int count) { loop.pack(rank, count); };
  in_parallel(threads, pack);
  const Saved<T> saved = get_saved<T>(a);
  auto run = [&](int rank, int count) {
    const Team t = loop.team(rank, count);
    if (t.index < 0) return;
    loop.start(t, 0, [&](int k, long b) { return at<const T>(a.initial[k]) + b * (k ? loop.H : loop.R); });
    loop.run(t, rank, 0, loop.rows.longest(), saved, true);
    loop.write_final_states(t);
    loop.clear_padding(t, saved);
  };
  in_parallel(threads, run);
}

}  // namespace unrolled::UNROLLED_ISA
