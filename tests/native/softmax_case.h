// A random output layer with its cross-entropy, with and without gradients.
#pragma once
#include "args.h"
#include "buffers.h"
#include "check.h"

namespace drive {

using unrolled::Kernels;
using unrolled::SoftmaxArgs;

template <class T>
class SoftmaxCase {
 public:
  explicit SoftmaxCase(uint64_t seed) : random_(seed), buffers_(random_) {
    const bool large = random_.integer(0, 5) == 0;
    a_.N = large ? random_.integer(130, 300) : random_.integer(1, 70);
    a_.F = random_.integer(1, 50);
    a_.V = large ? random_.integer(300, 1500) : random_.integer(1, 70);
    a_.smoothing = random_.coin() ? 0.1 : 0;
    a_.h_row = a_.F + (random_.coin() ? 0 : random_.integer(1, 9));
    // The last row has no padding after its features.
    a_.h = buffers_.template random_array<T>((a_.N - 1) * a_.h_row + a_.F);
    a_.weight = buffers_.template random_array<T>(a_.V * a_.F);
    if (random_.coin()) a_.bias = buffers_.template random_array<T>(a_.V);
    const Memory memory = buffers_.indices(a_.N, 0, a_.V - 1);
    a_.targets = memory;
    auto* targets = reinterpret_cast<int64_t*>(memory.address);
    for (int64_t i = 0; i < a_.N; ++i)
      if (random_.integer(0, 9) == 0) targets[i] = a_.ignore;
    if (random_.coin()) a_.row_weights = buffers_.template random_array<T>(a_.N, 0, 1);
    a_.loss = buffers_.template result_array<T>(1, "loss");
    a_.nats = buffers_.template result_array<T>(a_.N, "nats");
    if (random_.coin()) return;
    a_.dh = buffers_.template result_array<T>(a_.N * a_.F, "dh");
    if (random_.coin()) a_.dweight = buffers_.template result_array<T>(a_.V * a_.F, "dweight");
    if (a_.bias && random_.coin()) a_.dbias = buffers_.template result_array<T>(a_.V, "dbias");
  }

  Numbers run(const Kernels& kernels, int arithmetic, int threads) {
    SoftmaxArgs args = a_;
    unrolled::Indices indices;
    check_softmax(args, indices, arithmetic, threads);
    kernels.softmax[arithmetic](args, threads);
    return read(buffers_);
  }

 private:
  Random random_;
  Buffers buffers_;
  SoftmaxArgs a_;
};

}  // namespace drive
