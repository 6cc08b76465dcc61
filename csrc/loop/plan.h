// Distribution of the work: rows of the batch are assigned to teams of threads. A team of one thread needs no
// barrier. If there are fewer rows than threads, each thread of a team computes some of the hidden units, and
// the threads meet at a barrier once a step. (Splitting units because the weights exceed a core's cache was
// slower.)
#pragma once
#include "arithmetic/gemm.h"
#include "arithmetic/parallel.h"
#include "cells/step.h"

namespace unrolled::UNROLLED_ISA {

// Rows that go through a step together, so that each panel of weights is read from memory once for all of
// them.
constexpr long step_rows = 4 * tile_rows;

// A team of threads, as one of its threads sees it.
struct Team {
  long index = -1, rank = 0, size = 1;  // index −1: this thread has nothing to do
  long rows = 0, offset = 0;            // rows of this team, rows of the teams before it
  const int32_t* row = nullptr;         // batch index of each row, longest first
  long u0 = 0, u1 = 0;                  // this thread's units
  Barrier* barrier = nullptr;

  void meet() const { barrier->wait(int(size)); }
};

// Lengths and order of the rows of a batch.
struct Rows {
  long T, B;
  bool reverse;
  const int64_t* lengths;

  UNROLLED_INLINE long length(long b) const { return lengths ? lengths[b] : T; }
  // Time index in the tensors of step s of row b.
  UNROLLED_INLINE long time(long s, long b) const { return reverse ? length(b) - 1 - s : s; }
  long longest() const {
    if (!lengths) return T;
    long maximum = 0;
    for (long b = 0; b < B; ++b) maximum = lengths[b] > maximum ? lengths[b] : maximum;
    return maximum;
  }
  // Write the batch indices to `order`, longest row first. `count` is scratch memory for T + 1 numbers. The
  // sort is stable.
  void sort(int32_t* order, int32_t* count) const {
    if (!lengths) {
      for (long b = 0; b < B; ++b) order[b] = int32_t(b);
      return;
    }
    for (long t = 0; t <= T; ++t) count[t] = 0;
    for (long b = 0; b < B; ++b) ++count[lengths[b]];
    for (long t = T, longer_rows = 0; t >= 0; --t) {
      const long rows_of_length = count[t];
      count[t] = int32_t(longer_rows);
      longer_rows += rows_of_length;
    }
    for (long b = 0; b < B; ++b) order[count[lengths[b]]++] = int32_t(b);
  }
  // Number of rows of a team that are longer than s steps.
  long active(const Team& team, long s) const {
    long n = team.rows;
    if (lengths)
      while (n && lengths[team.row[n - 1]] <= s) --n;
    return n;
  }
  // Number of (step, row) pairs of a team in steps [s0, s1).
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

// Return the team of thread `rank` of `count`. If lengths differ, neighbouring rows in sorted order go to
// different teams, so that every team gets some of the long rows. The team's batch indices are written to
// `team_rows` (room for B numbers); every thread writes its own copy.
inline Team make_team(int rank, int count, long teams, const Rows& rows, bool split_units, long H,
                      long unit_block, const int32_t* order, int32_t* team_rows, Barrier* barriers) {
  Team team;
  team.size = split_units ? count / teams : 1;
  team.index = rank / team.size;
  team.rank = rank % team.size;
  if (team.index >= teams) {
    team.index = -1;
    return team;
  }
  // The first `larger` teams get one more row.
  const long rows_per_team = rows.B / teams, larger = rows.B % teams;
  team.rows = rows_per_team + (team.index < larger ? 1 : 0);
  team.offset = team.index * rows_per_team + (team.index < larger ? team.index : larger);
  for (long r = 0; r < team.rows; ++r)
    team_rows[r] = rows.lengths ? order[team.index + r * teams] : order[team.offset + r];
  team.row = team_rows;
  const long blocks = (H + unit_block - 1) / unit_block;
  team.u0 = blocks * team.rank / team.size * unit_block;
  team.u1 = blocks * (team.rank + 1) / team.size * unit_block;
  if (team.u0 > H) team.u0 = H;
  if (team.u1 > H) team.u1 = H;
  team.barrier = barriers + team.index;
  return team;
}

// Columns of the recurrent product that are computed in one call.
template <class W>
struct Group {
  long column, columns;
  W* packed;
};

}  // namespace unrolled::UNROLLED_ISA
