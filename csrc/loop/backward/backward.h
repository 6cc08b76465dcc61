// Backpropagation through time, shared by all cells.
//
// Time is split into segments. In each segment, the loop runs backwards and stores the gradients of the
// preactivations; the gradient of each weight is then one product over all (step, row) pairs of the segment.
// With checkpoints, the forward loop is first run again for each checkpoint interval, which may contain several
// segments.
#pragma once
#include "loop/backward/input.h"
#include "loop/backward/memory.h"
#include "loop/backward/step.h"
#include "loop/backward/weights.h"

namespace unrolled::UNROLLED_ISA {

template <class Cell, class T, class W>
struct Backward {
  BackwardMemory<Cell, T, W> mem;
  const BackwardStep<Cell, T, W> step{mem};
  const InputGradient<Cell, T, W> input{mem};
  const WeightGradients<Cell, T, W> weights{mem};

  Backward(const LayerArgs& a, int threads) : mem(a, threads) {}
  Backward(const Backward&) = delete;  // the members hold references to mem
  Backward& operator=(const Backward&) = delete;

  void prepare(int rank, int count) const {
    mem.pack(rank, count);
    input.clear_padding(rank, count);
  }

  // Run the forward loop again for steps [s0, s1), from the checkpoint at s0.
  void recompute(int rank, int count, long s0, long s1) const {
    const Team t = mem.forward.team(rank, count);
    if (t.index < 0) return;
    mem.forward.start(t, s0, [&](int k, long b) {
      return k ? mem.state_before(k, mem.recomputed, s0, b) : mem.h_before(s0, b);
    });
    mem.forward.run(t, rank, s0, s1, mem.recomputed, false);
  }

  // Run the loop of one team backwards over [s0, s1); then compute the gradient of the input for the team's
  // (step, row) pairs, divided among its threads.
  void run(int rank, int count, long s0, long s1, const Saved<T>& saved) const {
    const Team t = mem.forward.team(rank, count);
    if (t.index < 0) return;
    const long first = mem.count_earlier(count, t, s0, s1, [](long n) { return n; });
    const long pairs = mem.forward.rows.pairs(t, s0, s1);
    const auto& local = mem.scratch[rank];
    long pair = first + pairs;
    for (long s = s1 - 1; s >= s0; --s) {
      const long n = mem.forward.rows.active(t, s);
      pair -= n;
      step.run(t, local, s, n, pair, saved);
    }
    t.meet();
    input.run(t, local, s0, s1, first, first + pairs * t.rank / t.size, first + pairs * (t.rank + 1) / t.size);
    if constexpr (!BackwardMemory<Cell, T, W>::plain) {
      const long word = mem.count_earlier(count, t, s0, s1, [](long k) { return (k + 1) / 2; });
      const long n = (pairs + 1) / 2;
      weights.pack_pairs(first, pairs, word, n * t.rank / t.size, n * (t.rank + 1) / t.size);
    }
  }
};

template <class Cell, class T, class W>
void layer_backward(const LayerArgs& a, int threads) {
  Backward<Cell, T, W> loop(a, threads);
  auto& mem = loop.mem;
  WorkspaceSize size;
  mem.measure(size);
  Workspace space(size.bytes);
  mem.take(space);
  auto prepare = [&](int rank, int count) { loop.prepare(rank, count); };
  in_parallel(threads, prepare);
  Saved<T> saved = get_saved<T>(a);
  bool add = false;
  for (long end = mem.longest, begin; end > 0; end = begin) {
    // Within a checkpoint interval, segments have mem.steps steps; only the last one may be shorter.
    const long block = a.checkpoint ? (end - 1) / a.checkpoint * a.checkpoint : 0;
    begin = block + (end - 1 - block) / mem.steps * mem.steps;
    if (a.checkpoint && (end == mem.longest || end % a.checkpoint == 0)) {
      mem.recomputed.s0 = block;
      auto recompute = [&](int rank, int count) { loop.recompute(rank, count, block, end); };
      in_parallel(threads, recompute);
      saved = mem.recomputed;
    }
    auto run = [&](int rank, int count) { loop.run(rank, count, begin, end, saved); };
    in_parallel(threads, run);
    auto weights = [&](int rank, int count) { loop.weights.run(rank, count, begin, end, add); };
    in_parallel(threads, weights);
    add = true;
  }
  if (a.tokens && a.dx) {
    auto sum_tables = [&](int rank, int count) { loop.input.sum_tables(rank, count); };
    in_parallel(threads, sum_tables);
  }
  loop.weights.finish();
}

}  // namespace unrolled::UNROLLED_ISA
