// The three functions that parallel.cpp looks up in torch's OpenMP, on std::thread: ThreadSanitizer knows how
// std::thread synchronises, and does not know it of an OpenMP runtime that was built without it.
#include <thread>
#include <vector>

namespace {
thread_local int rank = 0, count = 1;
}

extern "C" {
__attribute__((visibility("default"))) int omp_get_thread_num() { return rank; }
__attribute__((visibility("default"))) int omp_get_num_threads() { return count; }

__attribute__((visibility("default"))) void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
  const auto enter = [=](int own) {
    rank = own;
    count = int(threads);
    body(data);
    rank = 0;
    count = 1;
  };
  std::vector<std::thread> others;
  for (int k = 1; k < int(threads); ++k) others.emplace_back(enter, k);
  enter(0);
  for (std::thread& other : others) other.join();
}
}
