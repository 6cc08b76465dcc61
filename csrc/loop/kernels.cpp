// All kernels for one instruction set. Compiled once for each, with -DUNROLLED_ISA=<its name> and its flags.
#include "arithmetic/softmax.h"
#include "cells/list.h"
#include "loop/backward/backward.h"

namespace unrolled::UNROLLED_ISA {
namespace {

using Pass = void (*)(const LayerArgs&, int threads);

template <class T, class W, template <class> class... Cell>
void forward_of(CellList<Cell...>, const LayerArgs& a, int threads) {
  static constexpr Pass passes[] = {layer_forward<Cell<T>, T, W>...};
  passes[a.cell](a, threads);
}
template <class T, class W, template <class> class... Cell>
void backward_of(CellList<Cell...>, const LayerArgs& a, int threads) {
  static constexpr Pass passes[] = {layer_backward<Cell<T>, T, W>...};
  passes[a.cell](a, threads);
}

template <class T, class W>
void forward(const LayerArgs& a, int threads) {
  forward_of<T, W>(Cells{}, a, threads);
}
template <class T, class W>
void backward(const LayerArgs& a, int threads) {
  backward_of<T, W>(Cells{}, a, threads);
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
