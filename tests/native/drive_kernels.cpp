// Random layers and output layers through every instruction set of this processor, without Python: to be built
// with a sanitizer (see docs/development.md). Every result is finite; in float64 it does not depend on the
// instruction set or the number of threads.
//
//   drive_kernels [CASES] [SEED]     case k has the seed SEED + k
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <thread>

#include "arithmetic/parallel.h"
#include "layer_case.h"
#include "loop/dispatch.h"
#include "softmax_case.h"

using namespace drive;

namespace {

constexpr int callers = 2;  // passes at the same time, as from two threads of Python

template <template <class> class Case, class T>
Numbers numbers(uint64_t seed, const Kernels& kernels, int arithmetic, int threads) {
  return Case<T>(seed).run(kernels, arithmetic, threads);
}

template <template <class> class Case>
void run_everywhere(uint64_t seed, const char*& what) {
  const Numbers expected = numbers<Case, double>(seed, unrolled::baseline::kernels, 1, 1);
  for (const Kernels* kernels : unrolled::usable_kernels()) {
    what = kernels->name;
    for (int threads : {1, 2, 4}) {
      compare(numbers<Case, double>(seed, *kernels, 1, threads), expected, 1e-8);
      numbers<Case, float>(seed, *kernels, 0, threads);
      if (kernels->layer_forward[2]) numbers<Case, float>(seed, *kernels, 2, threads);
    }
  }
}

}  // namespace

int main(int count, char** words) {
  const int64_t cases = count > 1 ? std::atoll(words[1]) : 100;
  const uint64_t seed = count > 2 ? uint64_t(std::atoll(words[2])) : 0;
  const std::string threads = unrolled::use_openmp_of(nullptr);
  if (threads != "torch's OpenMP") {
    std::fprintf(stderr, "the threads of this program are not used: %s\n", threads.c_str());
    return 1;
  }
  std::atomic<int64_t> next{0}, wrong{0};
  std::mutex print;
  const auto call = [&] {
    for (int64_t k = next++; k < cases; k = next++) {
      const uint64_t own = seed + uint64_t(k);
      const char* what = "baseline";
      try {
        if (own % 4) run_everywhere<LayerCase>(own, what);
        else run_everywhere<SoftmaxCase>(own, what);
      } catch (const std::exception& error) {
        const std::lock_guard<std::mutex> lock(print);
        std::fprintf(stderr, "case %lld, %s: %s\n", (long long)own, what, error.what());
        ++wrong;
      }
    }
  };
  std::vector<std::thread> others;
  for (int k = 1; k < callers; ++k) others.emplace_back(call);
  call();
  for (std::thread& other : others) other.join();
  std::string sets;
  for (const std::string& name : unrolled::kernel_sets()) sets += " " + name;
  std::printf("%lld cases from seed %llu, %lld wrong; instruction sets:%s\n", (long long)cases, (unsigned long long)seed,
              (long long)wrong.load(), sets.c_str());
  return wrong ? 1 : 0;
}
