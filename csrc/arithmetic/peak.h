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
using PeakKernel = T (*)(long rounds, T scale, T shift);

#define DEFINE_FMA_KERNEL(NAME, T, TARGET)                                                  \
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

DEFINE_FMA_KERNEL(fma_baseline_f32, float, )
DEFINE_FMA_KERNEL(fma_baseline_f64, double, )

// The instruction set is chosen at run time, so that one wheel runs on every processor of an architecture.
#if defined(__x86_64__)
DEFINE_FMA_KERNEL(fma_avx2_f32, float, __attribute__((target("avx2,fma"))))
DEFINE_FMA_KERNEL(fma_avx2_f64, double, __attribute__((target("avx2,fma"))))
DEFINE_FMA_KERNEL(fma_avx512_f32, float, __attribute__((target("avx512f,fma"))))
DEFINE_FMA_KERNEL(fma_avx512_f64, double, __attribute__((target("avx512f,fma"))))

template <typename T>
PeakKernel<T> choose_kernel(PeakKernel<T> baseline, PeakKernel<T> avx2, PeakKernel<T> avx512) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
  return baseline;
}
inline PeakKernel<float> best_fma_kernel_f32() {
  return choose_kernel<float>(fma_baseline_f32, fma_avx2_f32, fma_avx512_f32);
}
inline PeakKernel<double> best_fma_kernel_f64() {
  return choose_kernel<double>(fma_baseline_f64, fma_avx2_f64, fma_avx512_f64);
}
#else
inline PeakKernel<float> best_fma_kernel_f32() { return fma_baseline_f32; }
inline PeakKernel<double> best_fma_kernel_f64() { return fma_baseline_f64; }
#endif

// GFLOP/s of one core, measured over at least `seconds` of wall time. A multiply-add counts as two
// operations.
template <typename T>
double peak_gflops(double seconds, PeakKernel<T> kernel) {
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
