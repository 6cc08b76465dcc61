// Threads and scratch memory. Compiled once, without special instructions. The templates are always inlined,
// so that a copy compiled for one instruction set is never used by another.
#pragma once
#include <cstddef>

namespace unrolled {

// Run body(data, rank, count) on up to `threads` threads of the OpenMP runtime that torch has loaded. `count`
// is the number of threads that the runtime provided, which may be less than `threads`.
void parallel(int threads, void (*body)(void*, int rank, int count), void* data);

template <class F>
inline __attribute__((always_inline)) void in_parallel(int threads, F& body) {
  parallel(threads, [](void* data, int rank, int count) { (*static_cast<F*>(data))(rank, count); }, &body);
}

// Use the OpenMP runtime that `library` (torch's) depends on. Returns its name, or "none: " and the reason.
const char* use_openmp_of(const char* library);

// Barrier where the threads of a team meet after every step. A waiting thread spins for a moment and then
// yields its core, because the thread it waits for may need it.
struct alignas(64) Barrier {
  int arrived = 0;
  int phase = 0;
  void wait(int count);
};

// Scratch memory of the calling thread. Reused between calls, because page faults on new memory cost more
// than the work done in it.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  // Return the next n objects, uninitialised and aligned to 64 bytes.
  template <class T>
  __attribute__((always_inline)) T* take(std::size_t n) {
    char* at = next_;
    next_ += (n * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(at);
  }

 private:
  char* memory_;
  char* next_;
  std::size_t bytes_;
};

// Adds up the bytes that a Workspace will need.
struct WorkspaceSize {
  std::size_t bytes = 64;
  template <class T>
  __attribute__((always_inline)) void add(std::size_t n) {
    bytes += (n * sizeof(T) + 63) / 64 * 64;
  }
};

}  // namespace unrolled
