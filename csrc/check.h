// The last check before the kernels, in every build: all sizes, strides, rates and indices must fit the
// memory that was passed.
#pragma once
#include <cstdint>
#include <vector>

#include "args.h"

namespace unrolled {

// Copies of all indices that a kernel reads. They are checked after copying, so that no other code can change
// them while the kernel runs.
struct Indices {
  std::vector<int64_t> lengths, tokens, targets;
};

// Check everything that the kernel will access, and point args at the copies in `indices`, which must outlive
// the kernel call. Throws std::invalid_argument with the name of the argument that does not fit.
void check_layer(LayerArgs& args, Indices& indices, int arithmetic, int threads, bool backward);
void check_softmax(SoftmaxArgs& args, Indices& indices, int arithmetic, int threads);

}  // namespace unrolled
