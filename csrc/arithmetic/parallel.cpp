#include "arithmetic/parallel.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include <cstdlib>
#include <new>

namespace unrolled {
namespace {

using GompParallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
using IntFunction = int (*)();
GompParallel gomp_parallel = nullptr;
IntFunction thread_number = nullptr, thread_count = nullptr;

struct Job {
  void (*body)(void*, int, int);
  void* data;
};

void run_job(void* job) {
  const Job* j = static_cast<Job*>(job);
  j->body(j->data, thread_number(), thread_count());
}

// A forked child has a copy of the thread pool but not its threads: waiting for them would never end.
void disable_threads_in_child() { gomp_parallel = nullptr; }

}  // namespace

// The functions are looked up instead of linked, so that torch's thread pool is the only one: two spinning
// pools would compete for the same cores. GNU's runtime has GOMP_parallel, and LLVM's has it for
// compatibility.
const char* use_openmp_of(const char* library) {
  void* handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (!handle) return "none: torch's library is not loaded";
  gomp_parallel = reinterpret_cast<GompParallel>(dlsym(handle, "GOMP_parallel"));
  thread_number = reinterpret_cast<IntFunction>(dlsym(handle, "omp_get_thread_num"));
  thread_count = reinterpret_cast<IntFunction>(dlsym(handle, "omp_get_num_threads"));
  if (gomp_parallel && thread_number && thread_count) {
    static const int registered = pthread_atfork(nullptr, nullptr, disable_threads_in_child);
    if (registered == 0) return "torch's OpenMP";
    gomp_parallel = nullptr;
    return "none: no handler for fork could be registered";
  }
  gomp_parallel = nullptr;
  return "none: torch's OpenMP runtime offers no GOMP_parallel";
}

void parallel(int threads, void (*body)(void*, int, int), void* data) {
  if (threads <= 1 || !gomp_parallel) return body(data, 0, 1);
  Job job{body, data};
  gomp_parallel(run_job, &job, unsigned(threads), 0);
}

void Barrier::wait(int count) {
  if (count <= 1) return;
  const int before = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == count) {
    __atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&phase, before + 1, __ATOMIC_RELEASE);
    return;
  }
  for (int spin = 0; __atomic_load_n(&phase, __ATOMIC_ACQUIRE) == before; ++spin) {
    if (spin > 2000) {
      sched_yield();
      continue;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
  }
}

namespace {
constexpr std::size_t max_cached_bytes = std::size_t(64) << 20;

struct Cache {
  char* memory = nullptr;
  std::size_t bytes = 0;
  ~Cache() { std::free(memory); }
};
thread_local Cache cache;
}  // namespace

Workspace::Workspace(std::size_t bytes) : bytes_((bytes + 4095) / 4096 * 4096) {
  if (cache.bytes >= bytes_) {
    memory_ = cache.memory;
    bytes_ = cache.bytes;
    cache = Cache{};
  } else {
    std::free(cache.memory);
    cache.memory = nullptr;
    cache.bytes = 0;
    memory_ = static_cast<char*>(std::aligned_alloc(4096, bytes_));
    if (!memory_) throw std::bad_alloc();
  }
  next_ = memory_;
}

Workspace::~Workspace() {
  if (bytes_ > max_cached_bytes || cache.memory) {
    std::free(memory_);
    return;
  }
  cache.memory = memory_;
  cache.bytes = bytes_;
}

}  // namespace unrolled
