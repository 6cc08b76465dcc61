// What each cell declares of itself: the loop reads it at compile time; the check and Python read the same as a table.
#pragma once
#include <vector>

#include "args.h"

namespace unrolled {

// Of the states of a cell, the one that is emitted and fed back first.
struct Names {
  const char* name[most_states] = {};
  constexpr int count() const {
    int n = 0;
    while (n < most_states && name[n]) ++n;
    return n;
  }
};

// A parameter (H) of the cell's own. Those of one group are given together or not at all.
struct Vector {
  const char* name = nullptr;
  int group = 0;
};
struct Vectors {
  Vector of[most_vectors] = {};
  constexpr int count() const {
    int n = 0;
    while (n < most_vectors && of[n].name) ++n;
    return n;
  }
};

// What a cell declares, with the value that most cells have. A cell also has `name`, and `gates`: the number of
// blocks of H rows in W and U.
struct CellDefaults {
  static constexpr Names states{{"h"}};
  static constexpr Vectors vectors{};
  static constexpr bool recurrent = true;        // it has the product U h + b_hh
  static constexpr bool reads_h = false;         // the step itself reads h_{t-1}, which then has H numbers
  static constexpr bool keeps_extra = false;     // it keeps H numbers of each step beside its gates and states
  static constexpr bool gate_is_hidden = false;  // its one gate is what it emits: y holds it where nothing changes it
  static constexpr bool own_du = false;          // the gradient of U h + b_hh differs from that of W x + b_ih
  static constexpr bool two_stage = false;       // the last gate's product reads r ⊙ h, not h
  // Whether a step sums over all units, so that threads cannot share them.
  static constexpr bool needs_whole_row(const LayerArgs&) { return false; }
};

struct Declaration {
  const char* name;
  int64_t gates;
  Names states;
  Vectors vectors;
  bool recurrent, reads_h, keeps_extra, gate_is_hidden;
};

// The table, in the order of cells/list.h: LayerArgs::cell is a place in it.
const std::vector<Declaration>& declarations();

}  // namespace unrolled
