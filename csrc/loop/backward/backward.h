// Backpropagation through time, once for all cells.
//
// Time is cut into segments. In each, the loop runs backwards and leaves the gradients of the
// preactivations; then every weight's gradient is one product over all (step, row) pairs of the segment. With
// checkpoints the loop forward is run anew for a segment before.
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
  Backward(const Backward&) = delete;  // its parts refer to its memory
  Backward& operator=(const Backward&) = delete;

  void prepare(int rank, int count) const {
    mem.pack(rank, count);
    input.clear_padding(rank, count);
  }

  // The loop forward once more, from the checkpoint before s0.
  void recompute(int rank, int count, long s0, long s1) const {
    const Team t = mem.forward.team(rank, count);
    if (t.index < 0) return;
    mem.forward.start(t, s0,
                      [&](int k, long b) { return k ? mem.state_before(k, mem.anew, s0, b) : mem.h_before(s0, b); });
    mem.forward.run(t, rank, s0, s1, mem.anew, false);
  }

  // The loop of one team over [s0, s1), backwards; then what its pairs give alone.
  void run(int rank, int count, long s0, long s1, const Saved<T>& saved) const {
    const Team t = mem.forward.team(rank, count);
    if (t.index < 0) return;
    const long first = mem.earlier(count, t, s0, s1, [](long n) { return n; });
    const long mine = mem.forward.rows.pairs(t, s0, s1);
    const auto& own = mem.scratch[rank];
    long pair = first + mine;
    for (long s = s1 - 1; s >= s0; --s) {
      const long n = mem.forward.rows.active(t, s);
      pair -= n;
      step.run(t, own, s, n, pair, saved);
    }
    t.meet();
    input.run(t, own, s0, s1, first, first + mine * t.rank / t.size, first + mine * (t.rank + 1) / t.size);
    if constexpr (!BackwardMemory<Cell, T, W>::plain) {
      const long word = mem.earlier(count, t, s0, s1, [](long k) { return (k + 1) / 2; }), n = (mine + 1) / 2;
      weights.to_pairs(first, mine, word, n * t.rank / t.size, n * (t.rank + 1) / t.size);
    }
  }
};

template <class Cell, class T, class W>
void layer_backward(const LayerArgs& a, int threads) {
  Backward<Cell, T, W> loop(a, threads);
  auto& mem = loop.mem;
  Measure size;
  mem.measure(size);
  Workspace space(size.bytes);
  mem.take(space);
  auto prepare = [&](int rank, int count) { loop.prepare(rank, count); };
  in_parallel(threads, prepare);
  Saved<T> saved = saved_by<T>(a);
  bool add = false;
  for (long end = mem.longest, begin; end > 0; end = begin) {
    // Segments begin at multiples of their length, and of the checkpoint's.
    const long block = a.checkpoint ? (end - 1) / a.checkpoint * a.checkpoint : 0;
    begin = block + (end - 1 - block) / mem.steps * mem.steps;
    if (a.checkpoint && (end == mem.longest || end % a.checkpoint == 0)) {
      mem.anew.s0 = block;
      auto recompute = [&](int rank, int count) { loop.recompute(rank, count, block, end); };
      in_parallel(threads, recompute);
      saved = mem.anew;
    }
    auto run = [&](int rank, int count) { loop.run(rank, count, begin, end, saved); };
    in_parallel(threads, run);
    auto weights = [&](int rank, int count) { loop.weights.run(rank, count, begin, end, add); };
    in_parallel(threads, weights);
    add = true;
  }
  if (a.tokens && a.dx) {
    auto join = [&](int rank, int count) { loop.input.join_tables(rank, count); };
    in_parallel(threads, join);
  }
  loop.weights.finish();
}

}  // namespace unrolled::UNROLLED_ISA
