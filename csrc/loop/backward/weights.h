// The gradients of the parameters: one product per weight over all pairs, and sums over the threads.
#pragma once
#include "loop/backward/memory.h"

namespace unrolled::UNROLLED_ISA {

// The product of a weight gradient: to (M × N) += A (pairs × M)ᵀ · B (pairs × N).
template <class T, class W>
struct WeightGradient {
  T* to;
  long M, N;
  const W* A;
  long lda;
  const W* B;
  long ldb;
};

// The weight gradients over all (step, row) pairs of a segment.
template <class Cell, class T, class W>
struct WeightGradients {
  using Memory = BackwardMemory<Cell, T, W>;
  using Scratch = typename Memory::Scratch;
  static constexpr bool plain = Memory::plain;
  static constexpr long NR = Memory::NR;
  static constexpr int S = Memory::S, V = Memory::V;
  const Memory& mem;

  // Convert rows to the operands of the product over pairs: a word holds the values of two consecutive pairs.
  // Converts words [w0, w1) of a team whose n pairs begin at `first` and whose words begin at `word`.
  void pack_pairs(long first, long n, long word, long w0, long w1) const {
    const auto pack = [&](W* to, const T* from, long distance, long size) {
      if constexpr (!plain) {
        if (!from) return;
        for (long w = w0; w < w1; ++w) {
          const T* lower = from + (first + 2 * w) * distance;
          interleave_blocks(to, mem.left_block(), word + w, lower, 2 * w + 1 < n ? lower + distance : nullptr, size);
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
    pack(mem.da_w, mem.da, mem.Zp, mem.GH);
    pack(mem.du_w, mem.du, mem.Zp, Cell::two_stage ? 2 * mem.H : mem.GH);
    if (Cell::two_stage) pack(mem.dn_w, mem.du + 2 * mem.H, mem.Zp, mem.H);
    pack(mem.dpre_w, mem.dpre, mem.Rp, mem.R);
    convert(mem.x_w, mem.x, mem.Ip, mem.I);
    convert(mem.before_w, mem.before, mem.Rp, mem.R);
    convert(mem.reset_w, mem.reset, mem.Hp, mem.H);
    convert(mem.hidden_w, mem.hidden, mem.Hp, mem.H);
  }

  // Compute the products over all pairs of a segment. Each thread computes some rows of each result.
  void run(int rank, int count, long s0, long s1, bool add) const {
    const long teams = mem.forward.teams(count);
    long K = 0;
    for (long k = 0; k < teams; ++k) {
      const long n = mem.team_pairs(k, teams, s0, s1);
      K += plain ? n : (n + 1) / 2;
    }
    const W* d = mem.separate_du ? mem.du_w : mem.da_w;
    T* dU = at<T>(mem.a.dweight_hh);
    WeightGradient<T, W> jobs[4];
    int n = 0;
    if (mem.needs_x) jobs[n++] = {at<T>(mem.a.dweight_ih), mem.GH, mem.I, mem.da_w, mem.Zp, mem.x_w, mem.Ip};
    if (dU) jobs[n++] = {dU, Cell::two_stage ? 2 * mem.H : mem.GH, mem.R, d, mem.Zp, mem.before_w, mem.Rp};
    if (dU && Cell::two_stage)
      jobs[n++] = {dU + 2 * mem.H * mem.R, mem.H, mem.R, plain ? d + 2 * mem.H : mem.dn_w, mem.Zp, mem.reset_w, mem.Hp};
    if (mem.has_projection && mem.a.dweight_out)
      jobs[n++] = {at<T>(mem.a.dweight_out), mem.R, mem.H, mem.dpre_w, mem.Rp, mem.hidden_w, mem.Hp};
    for (int k = 0; k < n; ++k) {
      const WeightGradient<T, W>& job = jobs[k];
      const long blocks = (job.M + tile_rows - 1) / tile_rows;
      const long m0 = blocks * rank / count * tile_rows, end = blocks * (rank + 1) / count * tile_rows;
      const long m1 = end < job.M ? end : job.M;
      if (m0 >= m1) continue;
      const RightOperand<W> right{job.B, job.ldb, NR};
      const Output<T> out{job.to + m0 * job.N, job.N, nullptr, nullptr, add};
      if constexpr (plain)
        multiply<W, true>(m1 - m0, job.N, K, job.A + m0, job.lda, right, out);
      else
        multiply_packed<W>(m1 - m0, job.N, K, job.A + m0 / tile_rows * mem.left_block(), mem.left_block(), right, out);
    }
  }

  // Sum the threads' small gradients, and write them and the gradients of the initial states.
  void finish() const {
    using Sums = SmallGradients<T>;
    const auto sum_threads = [&](uintptr_t to, long n, auto&& part_of) {
      if (!to) return;
      __builtin_memset(at<T>(to), 0, n * sizeof(T));
      for (int k = 0; k < mem.threads; ++k)
        accumulate(at<T>(to), part_of(mem.small_gradients(mem.scratch[k])), n);
    };
    sum_threads(mem.a.dbias_ih, mem.GH, [](const Sums& s) { return s.bias_ih; });
    sum_threads(mem.a.dbias_hh, mem.GH, [](const Sums& s) { return s.bias_hh; });
    sum_threads(mem.a.dweight_ln_ih, mem.GH, [](const Sums& s) { return s.weight_ln_ih; });
    sum_threads(mem.a.dweight_ln_hh, mem.GH, [](const Sums& s) { return s.weight_ln_hh; });
    for (int v = 0; v < V; ++v)
      sum_threads(mem.a.dvectors[v], mem.H, [v](const Sums& s) { return s.vector[v]; });
    sum_threads(mem.a.dbias_out, mem.R, [](const Sums& s) { return s.bias_out; });
    for (long b = 0; b < mem.B; ++b) {
      if (mem.a.dinitial[0]) copy(at<T>(mem.a.dinitial[0]) + b * mem.R, mem.dh + b * mem.Rp, mem.R);
      for (int k = 1; k < S; ++k)
        if (mem.a.dinitial[k]) copy(at<T>(mem.a.dinitial[k]) + b * mem.H, mem.dstate[k] + b * mem.Hp, mem.H);
    }
  }
};

}  // namespace unrolled::UNROLLED_ISA
