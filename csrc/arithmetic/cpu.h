// The vector instruction sets of this processor, detected at run time.
#pragma once
#include <string>
#include <vector>

namespace unrolled {

inline std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) names.emplace_back("avx2");
  if (__builtin_cpu_supports("fma")) names.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f")) names.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bf16")) names.emplace_back("avx512bf16");
#elif defined(__aarch64__)
  names.emplace_back("neon");
#endif
  return names;
}

}  // namespace unrolled
