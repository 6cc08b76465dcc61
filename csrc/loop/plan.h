// Who does what: rows of the batch are dealt to teams of threads. A team of one thread needs no barrier in the
// whole sequence; where there are fewer rows than threads, the threads of a team share its units and meet once
// a step. (Sharing units where weights are larger than a core's cache was tried and was slower.)
#pragma once
#include "arithmetic/gemm.h"
#include "arithmetic/parallel.h"
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

// Rows that go through a step together: each panel of weights that comes from afar serves all of them.
constexpr long step_rows = 4 * tile_rows;

struct Team {
  long index = -1, rank = 0, size = 1;  // index −1: nothing to do
  long rows = 0, offset = 0;            // rows of earlier teams
  const int32_t* row = nullptr;         // batch index of each, longest first
  long u0 = 0, u1 = 0;                  // this thread's units
  Barrier* barrier = nullptr;

  void meet() const { barrier->wait(int(size)); }
};

// Lengths and addresses of rows in time.
struct Rows {
  long T, B;
  bool reverse;
  const int64_t* lengths;

  UNROLLED_INLINE long length(long b) const { return lengths ? lengths[b] : T; }
  // Where in the tensors step s of row b stands.
  UNROLLED_INLINE long time(long s, long b) const { return reverse ? length(b) - 1 - s : s; }
  long longest() const {
    if (!lengths) return T;
    long most = 0;
    for (long b = 0; b < B; ++b) most = lengths[b] > most ? lengths[b] : most;
    return most;
  }
  // Batch indices, longest first; count holds T + 1 numbers. Stable, so the same input gives the same order.
  void sort(int32_t* order, int32_t* count) const {
    if (!lengths) {
      for (long b = 0; b < B; ++b) order[b] = int32_t(b);
      return;
    }
    for (long t = 0; t <= T; ++t) count[t] = 0;
    for (long b = 0; b < B; ++b) ++count[lengths[b]];
    for (long t = T, before = 0; t >= 0; --t) {
      const long here = count[t];
      count[t] = int32_t(before);
      before += here;
    }
    for (long b = 0; b < B; ++b) order[count[lengths[b]]++] = int32_t(b);
  }
  // Rows of a team that have a step s.
  long active(const Team& team, long s) const {
    long n = team.rows;
    if (lengths)
      while (n && lengths[team.row[n - 1]] <= s) --n;
    return n;
  }
  // (step, row) pairs of a team in steps [s0, s1).
  long pairs(const Team& team, long s0, long s1) const {
    if (!lengths) return team.rows * (s1 - s0);
    long total = 0;
    for (long r = 0; r < team.rows; ++r) {
      const long n = lengths[team.row[r]] - s0;
      total += n < 0 ? 0 : n < s1 - s0 ? n : s1 - s0;
    }
    return total;
  }
};

// Teams for `count` threads. Neighbouring rows go to different teams when lengths differ, so that each
// gets its share of long ones; `dealt` is where the batch indices are written, B numbers, by every thread
// alike.
inline Team make_team(int rank, int count, long teams, const Rows& rows, bool split_units, long H,
                      long unit_block, const int32_t* order, int32_t* dealt, Barrier* barriers) {
  Team team;
  team.size = split_units ? count / teams : 1;
  team.index = rank / team.size;
  team.rank = rank % team.size;
  if (team.index >= teams) {
    team.index = -1;
    return team;
  }
  const long each = rows.B / teams, larger = rows.B % teams;
  team.rows = each + (team.index < larger ? 1 : 0);
  team.offset = team.index * each + (team.index < larger ? team.index : larger);
  for (long r = 0; r < team.rows; ++r)
    dealt[r] = rows.lengths ? order[team.index + r * teams] : order[team.offset + r];
  team.row = dealt;
  const long blocks = (H + unit_block - 1) / unit_block;
  team.u0 = blocks * team.rank / team.size * unit_block;
  team.u1 = blocks * (team.rank + 1) / team.size * unit_block;
  if (team.u0 > H) team.u0 = H;
  if (team.u1 > H) team.u1 = H;
  team.barrier = barriers + team.index;
  return team;
}

// Columns of the recurrent product that are computed together.
template <class W>
struct Group {
  long column, columns;
  W* packed;
};

}  // namespace unrolled::UNROLLED_ISA
