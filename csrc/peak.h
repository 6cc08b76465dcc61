// The arithmetic ceiling of one core: fused multiply-adds whose operands never leave the registers.
// Every speed that the project quotes is a share of this number or of the memory's.
#pragma once
#include <chrono>
#include <cstddef>

namespace unrolled {

// Twelve independent chains hide the latency of a multiply-add on the cores of today (4 to 5 cycles,
// two units); each chain is one vector of 64 bytes, which the compiler splits where registers are shorter.
template <typename T>
struct Chains {
  static constexpr std::size_t lanes = 64 / sizeof(T);
  typedef T Vector __attribute__((vector_size(64)));
  static constexpr int count = 12;
};

#if defined(__x86_64__)
#define UNROLLED_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define UNROLLED_CLONES
#endif

#define UNROLLED_PEAK(NAME, T)                                                        \
  UNROLLED_CLONES inline T NAME(long rounds, T scale, T shift) {                      \
    typename Chains<T>::Vector chain[Chains<T>::count];                               \
    for (int k = 0; k < Chains<T>::count; ++k)                                        \
      for (std::size_t lane = 0; lane < Chains<T>::lanes; ++lane) chain[k][lane] = T(k); \
    for (long round = 0; round < rounds; ++round)                                     \
      for (int k = 0; k < Chains<T>::count; ++k) chain[k] = chain[k] * scale + shift; \
    T total = 0;                                                                      \
    for (int k = 0; k < Chains<T>::count; ++k)                                        \
      for (std::size_t lane = 0; lane < Chains<T>::lanes; ++lane) total += chain[k][lane]; \
    return total;                                                                     \
  }

UNROLLED_PEAK(multiply_add_float, float)
UNROLLED_PEAK(multiply_add_double, double)

// GFLOP/s of one core over at least `seconds` of wall time (a multiply-add counts as two).
template <typename T>
double peak_gflops(double seconds, T (*kernel)(long, T, T)) {
  using clock = std::chrono::steady_clock;
  const long rounds = 1L << 20;
  const double flops_per_call = 2.0 * rounds * Chains<T>::count * Chains<T>::lanes;
  volatile T sink = kernel(1 << 10, T(0.999), T(0.001));
  double elapsed = 0, flops = 0;
  const auto start = clock::now();
  do {
    sink = kernel(rounds, T(0.999), T(0.001));
    flops += flops_per_call;
    elapsed = std::chrono::duration<double>(clock::now() - start).count();
  } while (elapsed < seconds);
  (void)sink;
  return flops / elapsed * 1e-9;
}

}  // namespace unrolled
