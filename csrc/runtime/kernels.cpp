// All kernels of the runtime for one instruction set. Compiled once per instruction set, with
// -DUNROLLED_ISA=runtime_<name> -DUNROLLED_KERNELS="<name>" and its compiler flags.
#include "runtime/kernels.h"

#include "runtime/format_bfloat16.h"
#include "runtime/format_float32.h"
#include "runtime/format_int8.h"
#include "runtime/pointwise.h"
#include "runtime/reductions.h"

namespace unrolled::UNROLLED_ISA {

template <class F>
constexpr runtime::Arithmetic arithmetic_of() {
  return {packed_bytes<F>, pack<F>, F::prepared_bytes, F::prepare, product<F>};
}

#define UNROLLED_BINARY_OF(F) {binary<F>, number_second<F>, number_first<F>}
extern const runtime::Kernels kernels;
const runtime::Kernels kernels = {
    UNROLLED_KERNELS,
    {arithmetic_of<Float32>(), arithmetic_of<Bfloat16>(), arithmetic_of<Int8>()},
    {unary<Negate>, unary<Sigmoid>, unary<Tanh>, unary<Relu>, unary<Exp>, unary<Log>, unary<LogSigmoid>,
     unary<Softplus>, unary<Sqrt>, unary<Absolute>, unary<Round>},
    {UNROLLED_BINARY_OF(Add), UNROLLED_BINARY_OF(Subtract), UNROLLED_BINARY_OF(Multiply), UNROLLED_BINARY_OF(Divide),
     UNROLLED_BINARY_OF(Minimum), UNROLLED_BINARY_OF(Maximum), UNROLLED_BINARY_OF(Greater)},
    where,
    fill,
    layer_norm,
    sum,
    largest,
    exponentials,
};

}  // namespace unrolled::UNROLLED_ISA
