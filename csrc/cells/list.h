// All cells with a compiled step. To add one, write its header and add its name here.
#pragma once
#include "cells/elman.h"
#include "cells/gru.h"
#include "cells/lstm.h"
#include "cells/min_lstm.h"

namespace unrolled::UNROLLED_ISA {

template <template <class> class... Cell>
struct CellList {};

using Cells = CellList<Elman, LSTM, GRUAfter, GRUBefore, MinLSTM>;

}  // namespace unrolled::UNROLLED_ISA
