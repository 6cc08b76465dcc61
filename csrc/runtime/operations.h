// The operations of a step program, with the names of unrolled/programs/operations.py.
#pragma once

namespace unrolled::runtime {

#define UNROLLED_SOURCES(f) f(input) f(state) f(parameter) f(constant) f(embedding) f(one_hot)
#define UNROLLED_UNARY(f) \
  f(negate) f(sigmoid) f(tanh) f(relu) f(exp) f(log) f(log_sigmoid) f(softplus) f(sqrt) f(absolute) f(round)
#define UNROLLED_BINARY(f) f(add) f(subtract) f(multiply) f(divide) f(minimum) f(maximum) f(greater)
#define UNROLLED_OTHERS(f) f(where) f(linear) f(layer_norm) f(sum) f(largest) f(slice) f(concat)

#define UNROLLED_NAME(name) name,
enum class Op : int {
  UNROLLED_SOURCES(UNROLLED_NAME) UNROLLED_UNARY(UNROLLED_NAME) UNROLLED_BINARY(UNROLLED_NAME)
      UNROLLED_OTHERS(UNROLLED_NAME) count
};
#undef UNROLLED_NAME

#define UNROLLED_TEXT(name) #name,
constexpr const char* operation_names[] = {UNROLLED_SOURCES(UNROLLED_TEXT) UNROLLED_UNARY(UNROLLED_TEXT)
                                               UNROLLED_BINARY(UNROLLED_TEXT) UNROLLED_OTHERS(UNROLLED_TEXT)};
#undef UNROLLED_TEXT

constexpr int first_unary = int(Op::negate), first_binary = int(Op::add), first_other = int(Op::where);
constexpr int unary_count = first_binary - first_unary, binary_count = first_other - first_binary;

constexpr bool is_unary(Op op) { return int(op) >= first_unary && int(op) < first_binary; }
constexpr bool is_binary(Op op) { return int(op) >= first_binary && int(op) < first_other; }

}  // namespace unrolled::runtime
