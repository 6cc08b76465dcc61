// The last check before the kernels, in every build: each size, stride, rate and index lies within the memory
// that was passed.
#pragma once
#include <cstdint>
#include <vector>

#include "args.h"

namespace unrolled {

// What a kernel uses as an index. It is copied, so that it cannot change while the kernel runs, and then checked.
struct Indices {
  std::vector<int64_t> lengths, tokens, targets;
};

// Check all that the kernel will touch, and let args read the copies in `indices`, which must outlive the call.
// Throws std::invalid_argument that names what does not fit.
void check_layer(LayerArgs& args, Indices& indices, int arithmetic, int threads, bool backward);
void check_softmax(SoftmaxArgs& args, Indices& indices, int arithmetic, int threads);

}  // namespace unrolled
