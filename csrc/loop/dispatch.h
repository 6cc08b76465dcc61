// Choice of the kernels: by default those for the best instruction set of this processor.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "args.h"

namespace unrolled {

#if defined(UNROLLED_HAS_avx512bf16)
namespace avx512bf16 {
extern const Kernels kernels;
}
#endif
#if defined(UNROLLED_HAS_avx512)
namespace avx512 {
extern const Kernels kernels;
}
#endif
#if defined(UNROLLED_HAS_avx2)
namespace avx2 {
extern const Kernels kernels;
}
#endif
namespace baseline {
extern const Kernels kernels;
}

inline std::vector<const Kernels*> usable_kernels() {
  std::vector<const Kernels*> usable;
#if defined(__x86_64__)
  __builtin_cpu_init();
  [[maybe_unused]] const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#if defined(UNROLLED_HAS_avx512bf16)
  if (avx512 && __builtin_cpu_supports("avx512bf16")) usable.push_back(&avx512bf16::kernels);
#endif
#if defined(UNROLLED_HAS_avx512)
  if (avx512) usable.push_back(&avx512::kernels);
#endif
#if defined(UNROLLED_HAS_avx2)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) usable.push_back(&avx2::kernels);
#endif
#endif
  usable.push_back(&baseline::kernels);
  return usable;
}

inline const Kernels*& chosen_kernels() {
  static const Kernels* chosen = usable_kernels().front();
  return chosen;
}
inline const Kernels& current_kernels() { return *chosen_kernels(); }

inline std::vector<std::string> kernel_sets() {
  std::vector<std::string> names;
  for (const Kernels* k : usable_kernels()) names.emplace_back(k->name);
  return names;
}

inline void use_kernels(const std::string& name) {
  for (const Kernels* k : usable_kernels())
    if (name == k->name) {
      chosen_kernels() = k;
      return;
    }
  throw std::invalid_argument("no kernels named '" + name + "' run on this processor");
}

}  // namespace unrolled
