// All kernels for one instruction set. Compiled once per instruction set, with -DUNROLLED_ISA=<name> and its
// compiler flags.
#include "arithmetic/softmax.h"
#include "cells/list.h"
#include "loop/backward/backward.h"

namespace unrolled::UNROLLED_ISA {

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

#if defined(UNROLLED_SHARES)
}  // namespace unrolled::UNROLLED_ISA

// This instruction set uses the float32 and float64 kernels of another one (UNROLLED_SHARES): declared here,
// compiled there.
namespace unrolled::UNROLLED_SHARES {
template <class T, class W>
void forward(const LayerArgs&, int threads);
template <class T, class W>
void backward(const LayerArgs&, int threads);
template <class T, class W>
void softmax(const SoftmaxArgs&, int threads);
}  // namespace unrolled::UNROLLED_SHARES

namespace unrolled::UNROLLED_ISA {
#define UNROLLED_FLOATS(f) UNROLLED_SHARES::f<float, float>, UNROLLED_SHARES::f<double, double>
#define UNROLLED_BFLOAT16(f) f<float, Pair>
#else
#define UNROLLED_FLOATS(f) f<float, float>, f<double, double>
#define UNROLLED_BFLOAT16(f) nullptr
#endif
#define UNROLLED_TEXT_OF(x) #x
#define UNROLLED_TEXT(x) UNROLLED_TEXT_OF(x)

extern const Kernels kernels;
const Kernels kernels = {
    UNROLLED_TEXT(UNROLLED_ISA),
    {UNROLLED_FLOATS(forward), UNROLLED_BFLOAT16(forward)},
    {UNROLLED_FLOATS(backward), UNROLLED_BFLOAT16(backward)},
    {UNROLLED_FLOATS(softmax), UNROLLED_BFLOAT16(softmax)},
};

}  // namespace unrolled::UNROLLED_ISA
