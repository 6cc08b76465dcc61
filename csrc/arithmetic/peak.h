// Peak arithmetic throughput of one core: fused multiply-adds on operands in registers.
#pragma once
#include <chrono>
#include <cstddef>

namespace unrolled {

// A multiply-add takes 4 to 5 cycles and current cores start two per cycle, so 8 to 10 independent chains of
// them must be in flight; 12 are enough. Each chain works on a vector of 64 bytes; the compiler splits it if
// registers are shorter.
constexpr int chain_count = 12;

template <typename T>
constexpr std::size_t chain_lanes = 64 / sizeof(T);

template <typename T>
using Kernel = T (*)(long rounds, T scale, T shift);

#define UNROLLED_CHAINS(NAME, T, TARGET)                                                  \
  TARGET inline T NAME(long rounds, T scale, T shift) {                                   \
    typedef T Vector __attribute__((vector_size(64)));                                    \
    Vector chain[chain_count];                                                            \
    for (int k = 0; k < chain_count; ++k)                                                 \
      for (std::size_t lane = 0; lane < chain_lanes<T>; ++lane) chain[k][lane] = T(k);    \
    for (long round = 0; round < rounds; ++round)                                         \
      for (int k = 0; k < chain_count; ++k) chain[k] = chain[k] * scale + shift;          \
    T total = 0;                                                                          \
    for (int k = 0; k < chain_count; ++k)                                                 \
      for (std::size_t lane = 0; lane < chain_lanes<T>; ++lane) total += chain[k][lane];  \
    return total;                                                                         \
  }

UNROLLED_CHAINS(chains_baseline_f32, float, )
UNROLLED_CHAINS(chains_baseline_f64, double, )

// The instruction set is chosen at run time, so that one wheel runs on every processor of an architecture.
#if defined(__x86_64__)
UNROLLED_CHAINS(chains_avx2_f32, float, __attribute__((target("avx2,fma"))))
UNROLLED_CHAINS(chains_avx2_f64, double, __attribute__((target("avx2,fma"))))
UNROLLED_CHAINS(chains_avx512_f32, float, __attribute__((target("avx512f,fma"))))
UNROLLED_CHAINS(chains_avx512_f64, double, __attribute__((target("avx512f,fma"))))

template <typename T>
Kernel<T> choose_chains(Kernel<T> baseline, Kernel<T> avx2, Kernel<T> avx512) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
  return baseline;
}
inline Kernel<float> chains_f32() {
  return choose_chains<float>(chains_baseline_f32, chains_avx2_f32, chains_avx512_f32);
}
inline Kernel<double> chains_f64() {
  return choose_chains<double>(chains_baseline_f64, chains_avx2_f64, chains_avx512_f64);
}
#else
inline Kernel<float> chains_f32() { return chains_baseline_f32; }
inline Kernel<double> chains_f64() { return chains_baseline_f64; }
#endif

// GFLOP/s of one core, measured over at least `seconds` of wall time. A multiply-add counts as two
// operations.
template <typename T>
double peak_gflops(double seconds, Kernel<T> kernel) {
  using clock = std::chrono::steady_clock;
  const long rounds = 1L << 18;
  const double flops_per_call = 2.0 * rounds * chain_count * chain_lanes<T>;
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
