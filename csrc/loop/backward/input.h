// The gradient of the input, or of the table whose rows were looked up.
#pragma once
#include "loop/backward/memory.h"

namespace unrolled::UNROLLED_ISA {

// From da, the gradients of the preactivations of a segment.
template <class Cell, class T, class W>
struct InputGradient {
  using Memory = BackwardMemory<Cell, T, W>;
  using Scratch = typename Memory::Scratch;
  static constexpr bool plain = Memory::plain;
  static constexpr long NR = Memory::NR;
  const Memory& mem;

  // Of pairs [p, q) in steps [s0, s1), of which `first` is the team's first.
  void run(const Team& t, const Scratch& own, long s0, long s1, long first, long p, long q) const {
    if (!mem.a.dx) return;
    if (mem.a.tokens) table_gradient(t, own, s0, s1, first, p, q);
    else input_gradient(t, own, s0, s1, first, p, q);
  }

  // dx = da · W for pairs [p, q).
  void input_gradient(const Team& t, const Scratch& own, long s0, long s1, long first, long p, long q) const {
    long pair = first, m = 0, begun = p;
    const auto flush = [&] {
      if (!m) return;
      const W* left;
      long lda = mem.Zp;
      if constexpr (plain) {
        left = mem.da + begun * mem.Zp;
      } else {
        for (long r = 0; r < m; ++r) to_words(own.left + r * mem.Lp, mem.da + (begun + r) * mem.Zp, mem.GH);
        left = own.left;
        lda = mem.Lp;
      }
      multiply<W, false>(m, mem.I, mem.GHw, left, lda, {mem.weight_ih, NR, NR * mem.GHw},
                         {nullptr, 0, own.target, nullptr, false});
      begun += m;
      m = 0;
    };
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = mem.forward.rows.active(t, s); r < n; ++r, ++pair) {
        if (pair < p || pair >= q) continue;
        const long b = t.row[r], time = mem.forward.rows.time(s, b);
        own.target[m++] = at<T>(mem.a.dx) + (time * mem.B + b) * mem.I;
        if (m == rows_in_cache) flush();
      }
    flush();
  }

  // da of pairs [p, q) to the rows that they read.
  void table_gradient(const Team& t, const Scratch& own, long s0, long s1, long first, long p, long q) const {
    long pair = first;
    for (long s = s0; s < s1; ++s)
      for (long r = 0, n = mem.forward.rows.active(t, s); r < n; ++r, ++pair)
        if (pair >= p && pair < q)
          accumulate(own.table + mem.forward.token(s, t.row[r]) * mem.GH, mem.da + pair * mem.Zp, mem.GH);
  }

  void join_tables(int rank, int count) const {
    const long v0 = mem.a.V * rank / count * mem.GH, v1 = mem.a.V * (rank + 1) / count * mem.GH;
    copy(at<T>(mem.a.dx) + v0, mem.scratch[0].table + v0, v1 - v0);
    for (int k = 1; k < mem.threads; ++k) accumulate(at<T>(mem.a.dx) + v0, mem.scratch[k].table + v0, v1 - v0);
  }

  // Zeros in dx past the length of each row.
  void clear_padding(int rank, int count) const {
    if (!mem.forward.rows.lengths || !mem.a.dx || mem.a.tokens) return;
    for (long b = mem.B * rank / count; b < mem.B * (rank + 1) / count; ++b)
      for (long s = mem.forward.rows.length(b); s < mem.a.T; ++s)
        __builtin_memset(at<T>(mem.a.dx) + (s * mem.B + b) * mem.I, 0, mem.I * sizeof(T));
  }
};

}  // namespace unrolled::UNROLLED_ISA
