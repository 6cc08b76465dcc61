// Threads and scratch memory. Compiled once, without special instructions: what is a template here is always
// inlined, so that no copy compiled for one processor can serve another.
#pragma once
#include <cstddef>

namespace unrolled {

// Run body(data, rank, count) on up to `threads` threads of the OpenMP runtime that torch has loaded. The
// count that the runtime gave is handed on: it may be less than was asked.
void parallel(int threads, void (*body)(void*, int rank, int count), void* data);

template <class F>
inline __attribute__((always_inline)) void in_parallel(int threads, F& body) {
  parallel(threads, [](void* data, int rank, int count) { (*static_cast<F*>(data))(rank, count); }, &body);
}

// Use the OpenMP runtime in the dependencies of this library (torch's). Returns what was found.
const char* use_openmp_of(const char* library);

// Threads that meet at every step. Spins for a moment and then yields: the thread that is waited for may
// need this very core.
struct alignas(64) Barrier {
  int arrived = 0;
  int phase = 0;
  void wait(int count);
};

// Scratch memory of this thread, kept between calls: fresh pages cost more than the work done on them.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  // The next n objects, at a multiple of 64 bytes. Not initialised.
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

// Adds up what will be taken.
struct Measure {
  std::size_t bytes = 64;
  template <class T>
  __attribute__((always_inline)) void add(std::size_t n) {
    bytes += (n * sizeof(T) + 63) / 64 * 64;
  }
};

}  // namespace unrolled
