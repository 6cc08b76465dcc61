#include "runtime/dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "runtime/errors.h"

#define UNROLLED_DECLARE(name)    \
  namespace unrolled::name {      \
  extern const runtime::Kernels kernels; \
  }
UNROLLED_DECLARE(runtime_baseline)
#if defined(UNROLLED_HAS_runtime_avx2)
UNROLLED_DECLARE(runtime_avx2)
UNROLLED_DECLARE(runtime_avx512)
#endif
#if defined(UNROLLED_HAS_runtime_avxvnni)
UNROLLED_DECLARE(runtime_avxvnni)
#endif
#if defined(UNROLLED_HAS_runtime_avx512vnni)
UNROLLED_DECLARE(runtime_avx512vnni)
#endif
#if defined(UNROLLED_HAS_runtime_avx512bf16)
UNROLLED_DECLARE(runtime_avx512bf16)
#endif
#if defined(UNROLLED_HAS_runtime_dotprod)
#include <sys/auxv.h>
UNROLLED_DECLARE(runtime_dotprod)
#endif

namespace unrolled::runtime {

namespace {

#if defined(UNROLLED_HAS_runtime_avxvnni)
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

std::vector<const Kernels*> find_usable() {
  std::vector<const Kernels*> usable;
#if defined(__x86_64__) && defined(UNROLLED_HAS_runtime_avx2)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  [[maybe_unused]] const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
#if defined(UNROLLED_HAS_runtime_avx512bf16)
  if (vnni && __builtin_cpu_supports("avx512bf16")) usable.push_back(&runtime_avx512bf16::kernels);
#endif
#if defined(UNROLLED_HAS_runtime_avx512vnni)
  if (vnni) usable.push_back(&runtime_avx512vnni::kernels);
#endif
  if (avx512) usable.push_back(&runtime_avx512::kernels);
#if defined(UNROLLED_HAS_runtime_avxvnni)
  if (avx2 && has_avx_vnni()) usable.push_back(&runtime_avxvnni::kernels);
#endif
  if (avx2) usable.push_back(&runtime_avx2::kernels);
#endif
#if defined(UNROLLED_HAS_runtime_dotprod)
  if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) usable.push_back(&runtime_dotprod::kernels);
#endif
  usable.push_back(&runtime_baseline::kernels);
  return usable;
}

}  // namespace

const std::vector<const Kernels*>& usable_kernels() {
  static const std::vector<const Kernels*> usable = find_usable();
  return usable;
}

const Kernels& find_kernels(const std::string& name) {
  if (name.empty()) return *usable_kernels().front();
  std::string names;
  for (const Kernels* k : usable_kernels()) {
    if (name == k->name) return *k;
    names += (names.empty() ? "" : ", ") + std::string(k->name);
  }
  throw ConfigError("kernels='" + name + "': this processor runs " + names);
}

}  // namespace unrolled::runtime
