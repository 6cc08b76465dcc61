// Turn a checked step program into instructions.
#pragma once
#include "runtime/code.h"
#include "runtime/program.h"

namespace unrolled::runtime {

// A product whose input depends on a token alone is looked up in a table, unless the table of all tokens would be
// larger than this. A table costs memory, not time: a step reads one row of it. 64 MiB are a vocabulary of 8,000 with
// 2,048 gates; more than that would exceed the weights of the models that the runtime is for.
constexpr long largest_table = 64l << 20;  // bytes

// Add what the program needs to `parts`, unless it is there. Throws ConfigError if a matrix is too wide for this
// precision.
Listing lower(const Program& program, Precision precision, const Kernels& kernels, Parts& parts);

// Give each value in the work space its place.
void place_values(Listing& listing);

}  // namespace unrolled::runtime
