// Table of the declarations of all cells. The steps themselves are not compiled here.
#define UNROLLED_ISA declared
#include "cells/list.h"

namespace unrolled {
namespace {

template <template <class> class... Cell>
std::vector<Declaration> table(declared::CellList<Cell...>) {
  return {{Cell<float>::name, Cell<float>::gates, Cell<float>::states, Cell<float>::vectors, Cell<float>::recurrent,
           Cell<float>::reads_h, Cell<float>::keeps_extra, Cell<float>::gate_is_hidden}...};
}

}  // namespace

const std::vector<Declaration>& declarations() {
  static const std::vector<Declaration> cells = table(declared::Cells{});
  return cells;
}

}  // namespace unrolled
