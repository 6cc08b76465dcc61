// Declaration of a cell's properties. The loop reads it at compile time; check.cpp and Python read it at run
// time, from a table.
#pragma once
#include <vector>

#include "args.h"

namespace unrolled {

// Names of the states of a cell. The first state is the output and is fed back.
struct Names {
  const char* name[max_states] = {};
  constexpr int count() const {
    int n = 0;
    while (n < max_states && name[n]) ++n;
    return n;
  }
};

// An additional parameter of a cell, with H numbers. The parameters of one group are either all present or
// all absent.
struct Vector {
  const char* name = nullptr;
  int group = 0;
};
struct Vectors {
  Vector entries[max_vectors] = {};
  constexpr int count() const {
    int n = 0;
    while (n < max_vectors && entries[n].name) ++n;
    return n;
  }
};

// Default values of a cell's declaration. A cell also declares `name`, and `gates`: the number of blocks of H
// rows in W and U.
struct CellDefaults {
  static constexpr Names states{{"h"}};
  static constexpr Vectors vectors{};
  static constexpr bool recurrent = true;        // has the product U h + b_hh
  static constexpr bool reads_h = false;         // the step reads h_{t-1} itself, not only U h: R must be H
  static constexpr bool keeps_extra = false;     // stores H more numbers per step, besides gates and states
  static constexpr bool gate_is_hidden = false;  // its only gate is the new h, so y may hold it
  static constexpr bool separate_du = false;     // the gradient of U h + b_hh differs from that of W x + b_ih
  static constexpr bool two_stage = false;       // the product of the last gate reads r ⊙ h instead of h
  // Whether a step sums over all units of a row, so that they cannot be split between threads.
  static constexpr bool needs_whole_row(const LayerArgs&) { return false; }
};

struct Declaration {
  const char* name;
  int64_t gates;
  Names states;
  Vectors vectors;
  bool recurrent, reads_h, keeps_extra, gate_is_hidden;
};

// Declarations of all cells, in the order of cells/list.h. LayerArgs::cell is an index into this table.
const std::vector<Declaration>& declarations();

}  // namespace unrolled
