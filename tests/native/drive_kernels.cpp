// Runs random layers and output layers with every instruction set of this processor, without Python. Built with a
// sanitizer (see docs/development.md). Checks that every result is finite and that float64 results do not depend on
// the instruction set or the number of threads.
//
//   drive_kernels [CASES] [SEED]     case k uses the seed SEED + k
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

constexpr int callers = 2;  // concurrent passes, as from two Python threads

template <template <class> class Case, class T>
Numbers numbers(uint64_t seed, const Kernels& kernels, int arithmetic, int threads) {
  return Case<T>(seed).run(kernels, arithmetic, threads);
}

template <template <class> class Case>
void run_everywhere(uint64_t seed, const char*& kernel_set) {
  const Numbers expected = numbers<Case, double>(seed, unrolled::baseline::kernels, 1, 1);
  for (const Kernels* kernels : unrolled::usable_kernels()) {
    kernel_set = kernels->name;
    for (int threads : {1, 2, 4}) {
      compare(numbers<Case, double>(seed, *kernels, 1, threads), expected, 1e-8);
      numbers<Case, float>(seed, *kernels, 0, threads);
      if (kernels->layer_forward[2]) numbers<Case, float>(seed, *kernels, 2, threads);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t cases = count > 1 ? std::atoll(arguments[1]) : 100;
  const uint64_t seed = count > 2 ? uint64_t(std::atoll(arguments[2])) : 0;
  const std::string threads = unrolled::use_openmp_of(nullptr);
  if (threads != "torch's OpenMP") {
    std::fprintf(stderr, "the kernels do not use this program's threads: %s\n", threads.c_str());
    return 1;
  }
  std::atomic<int64_t> next{0}, failures{0};
  std::mutex print;
  const auto call = [&] {
    for (int64_t k = next++; k < cases; k = next++) {
      const uint64_t case_seed = seed + uint64_t(k);
      const char* kernel_set = "baseline";
      try {
        if (case_seed % 4) run_everywhere<LayerCase>(case_seed, kernel_set);
        else run_everywhere<SoftmaxCase>(case_seed, kernel_set);
      } catch (const std::exception& error) {
        const std::lock_guard<std::mutex> lock(print);
        std::fprintf(stderr, "case %lld, %s: %s\n", (long long)case_seed, kernel_set, error.what());
        ++failures;
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
              (long long)failures.load(), sets.c_str());
  return failures ? 1 : 0;
}
