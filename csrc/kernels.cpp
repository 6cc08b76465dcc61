// All kernels for one instruction set. Compiled once for each, with -DUNROLLED_ISA=<its name> and its flags.
#include "backward.h"
#include "elman.h"
#include "gru.h"
#include "lstm.h"
#include "softmax.h"

namespace unrolled::UNROLLED_ISA {
namespace {

template <class T, class W>
void forward(const LayerArgs& a, int threads) {
  switch (CellKind(a.cell)) {
    case CellKind::elman: return layer_forward<Elman<T>, T, W>(a, threads);
    case CellKind::lstm: return layer_forward<LSTM<T>, T, W>(a, threads);
    case CellKind::gru_after: return layer_forward<GRUAfter<T>, T, W>(a, threads);
    case CellKind::gru_before: return layer_forward<GRUBefore<T>, T, W>(a, threads);
  }
}
template <class T, class W>
void backward(const LayerArgs& a, int threads) {
  switch (CellKind(a.cell)) {
    case CellKind::elman: return layer_backward<Elman<T>, T, W>(a, threads);
    case CellKind::lstm: return layer_backward<LSTM<T>, T, W>(a, threads);
    case CellKind::gru_after: return layer_backward<GRUAfter<T>, T, W>(a, threads);
    case CellKind::gru_before: return layer_backward<GRUBefore<T>, T, W>(a, threads);
  }
}

#define UNROLLED_TEXT_OF(x) #x
#define UNROLLED_TEXT(x) UNROLLED_TEXT_OF(x)
#if defined(__AVX512BF16__)
#define UNROLLED_BFLOAT16(f) f<float, Pair>
#else
#define UNROLLED_BFLOAT16(f) nullptr
#endif

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {
    UNROLLED_TEXT(UNROLLED_ISA),
    {forward<float, float>, forward<double, double>, UNROLLED_BFLOAT16(forward)},
    {backward<float, float>, backward<double, double>, UNROLLED_BFLOAT16(backward)},
    {softmax<float, float>, softmax<double, double>, UNROLLED_BFLOAT16(softmax)},
};

}  // namespace unrolled::UNROLLED_ISA
