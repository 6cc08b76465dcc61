// The gradient of the input, or of the table whose rows the tokens look up.
#pragma once
#include "loop/backward/memory.h"

namespace unrolled::UNROLLED_ISA {

// Computes it from da, the gradients of the preactivations of a segment.
template <class Cell, class T, class W>
struct InputGradient {
  using Memory = BackwardMemory<Cell, T, W>;
  using Scratch = typename Memory::Scratch;
  static constexpr bool plain = Memory::plain;
  static constexpr long NR = Memory::NR;
  const Memory& mem;

  // Compute the gradient for pairs [p, q) in steps [s0, s1). `first` is the team's first pair.
  void run(const Team& t, const Scratch& local, long s0, long s1, long first, long p, long q) const {
    if (!mem.a.dx) return;
    if (mem.a.tokens) table_gradient(t, local, s0, s1, first, p, q);
    else input_gradient(t, local, s0, s1, first, p, q);
  }

  // dx = da · W for pairs [p, q).
  void input_gradient(const Team& t, const Scratch& local, long s0, long s1, long first, long p, long q) const {
    long pair = first, m = 0, start = p;
    const auto flush = [&] {
      if (!m) return;
      const W* left;
      long lda = mem.Zp;
      if constexpr (plain) {
        left = mem.da + start * mem.Zp;
      } else {
        for (long r = 0; r < m; ++r) to_words(local.left + r * mem.Lp, mem.da + (start + r) * mem.Zp, mem.GH);
        left = local.left;
        lda = mem.Lp;
      }
      multiply<W, false>(m, mem.I, mem.GHw, left, lda, {mem.weight_ih, NR, NR * mem.GHw},
                         {nullptr, 0, local.target, nullptr, false});
      start += m;
      m = 0;
    };
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = mem.forward.rows.active(t, s); r < n; ++r, ++pair) {
        if (pair < p || pair >= q) continue;
        const long b = t.row[r], time = mem.forward.rows.time(s, b);
        local.target[m++] = at<T>(mem.a.dx) + (time * mem.B + b) * mem.I;
        if (m == rows_in_cache) flush();
      }
    flush();
  }

  // Add da of pairs [p, q) to the table rows that the pairs read.
  void table_gradient(const Team& t, const Scratch& local, long s0, long s1, long first, long p, long q) const {
    long pair = first;
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = mem.forward.rows.active(t, s); r < n; ++r, ++pair)
        if (pair >= p && pair < q)
          accumulate(local.table + mem.forward.token(s, t.row[r]) * mem.GH, mem.da + pair * mem.Zp, mem.GH);
  }

  // Sum the threads' parts of the table's gradient into dx.
  void sum_tables(int rank, int count) const {
    const long v0 = mem.a.V * rank / count * mem.GH, v1 = mem.a.V * (rank + 1) / count * mem.GH;
    copy(at<T>(mem.a.dx) + v0, mem.scratch[0].table + v0, v1 - v0);
    for (int k = 1; k < mem.threads; ++k) accumulate(at<T>(mem.a.dx) + v0, mem.scratch[k].table + v0, v1 - v0);
  }

  // Write zeros to dx past the length of each row.
  void clear_padding(int rank, int count) const {
    if (!mem.forward.rows.lengths || !mem.a.dx || mem.a.tokens) return;
    for (long b = mem.B * rank / count; b < mem.B * (rank + 1) / count; ++b)
      for (long s = mem.forward.rows.length(b); s < mem.a.T; ++s)
        __builtin_memset(at<T>(mem.a.dx) + (s * mem.B + b) * mem.I, 0, mem.I * sizeof(T));
  }
};

}  // namespace unrolled::UNROLLED_ISA
