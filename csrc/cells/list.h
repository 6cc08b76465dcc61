// Every cell with a compiled step. A new one is its header and its name here.
#pragma once
#include "cells/elman.h"
#include "cells/gru.h"
#include "cells/lstm.h"

namespace unrolled::UNROLLED_ISA {

template <template <class> class... Cell>
struct CellList {};

using Cells = CellList<Elman, LSTM, GRUAfter, GRUBefore>;

}  // namespace unrolled::UNROLLED_ISA
