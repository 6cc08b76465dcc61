#include "runtime/bandwidth.h"

#include <chrono>

#include "runtime/dispatch.h"
#include "runtime/errors.h"
#include "runtime/memory.h"

namespace unrolled::runtime {

double read_bandwidth(long bytes, double seconds) {
  if (bytes < line || bytes > (1l << 33) || !(seconds > 0 && seconds <= 60))
    throw ConfigError("read_bandwidth needs 64 bytes to 8 GiB, and at most 60 seconds");
  using Clock = std::chrono::steady_clock;
  const Memory block(bytes);
  const auto sum = find_kernels("").sum;
  const long numbers = bytes / long(sizeof(float));
  float total = sum(block.floats(), numbers);  // the first pass fills the caches
  double fastest = 0;
  const auto start = Clock::now();
  for (std::chrono::duration<double> elapsed{}; elapsed.count() < seconds;) {
    const auto before = Clock::now();
    long passes = 0;
    std::chrono::duration<double> taken{};
    while (taken.count() < seconds / 20) {
      total += sum(block.floats(), numbers);
      ++passes;
      taken = Clock::now() - before;
    }
    const double rate = double(bytes) * double(passes) / taken.count();
    if (rate > fastest) fastest = rate;
    elapsed = Clock::now() - start;
  }
  return total == 0 ? fastest : 0;  // the block is zero: the sums are needed
}

}  // namespace unrolled::runtime
