// The three OpenMP functions that parallel.cpp looks up, implemented with std::thread: ThreadSanitizer understands
// how std::thread synchronises, but not an OpenMP runtime that was built without ThreadSanitizer.
#include <thread>
#include <vector>

namespace {
thread_local int rank = 0, count = 1;
}

extern "C" {
__attribute__((visibility("default"))) int omp_get_thread_num() { return rank; }
__attribute__((visibility("default"))) int omp_get_num_threads() { return count; }

__attribute__((visibility("default"))) void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
  const auto run_rank = [=](int thread_rank) {
    rank = thread_rank;
    count = int(threads);
    body(data);
    rank = 0;
    count = 1;
  };
  std::vector<std::thread> others;
  for (int k = 1; k < int(threads); ++k) others.emplace_back(run_rank, k);
  run_rank(0);
  for (std::thread& other : others) other.join();
}
}
