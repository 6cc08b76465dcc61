// Arrays of random numbers, each allocated separately with its exact size, so that AddressSanitizer reports the
// first byte that is read or written outside.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "args.h"

namespace drive {

struct Random {
  std::mt19937_64 source;
  explicit Random(uint64_t seed) : source(seed) {}
  // Return an integer in [low, high].
  int64_t integer(int64_t low, int64_t high) { return low + int64_t(source() % uint64_t(high - low + 1)); }
  bool coin() { return integer(0, 1); }
  double real(double low, double high) { return low + (high - low) * (double(source() >> 11) * 0x1p-53); }
};

using Memory = unrolled::Buffer;

class Buffers {
 public:
  explicit Buffers(Random& random) : random_(random) {}

  // Return an array of random numbers in [low, high).
  template <class T>
  Memory random_array(int64_t n, double low = -0.9, double high = 0.9) {
    T* to = allocate<T>(n);
    for (int64_t i = 0; i < n; ++i) to[i] = T(random_.real(low, high));
    return memory(to, n);
  }
  // Return an array of random integers in [low, high].
  Memory indices(int64_t n, int64_t low, int64_t high) {
    int64_t* to = allocate<int64_t>(n);
    for (int64_t i = 0; i < n; ++i) to[i] = random_.integer(low, high);
    return memory(to, n);
  }
  // Memory for a result, filled with NaN, so that numbers that are never written are detected.
  template <class T>
  Memory result_array(int64_t n, const char* name = nullptr) {
    T* to = allocate<T>(n);
    for (int64_t i = 0; i < n; ++i) to[i] = std::numeric_limits<T>::quiet_NaN();
    if (name) results_.push_back({name, reinterpret_cast<const char*>(to), n, sizeof(T)});
    return memory(to, n);
  }

  struct Result {
    std::string name;
    const char* at;
    int64_t n;
    std::size_t bytes;
    double value(int64_t i) const {
      if (bytes == sizeof(double)) return reinterpret_cast<const double*>(at)[i];
      return double(reinterpret_cast<const float*>(at)[i]);
    }
  };
  const std::vector<Result>& results() const { return results_; }

 private:
  template <class T>
  T* allocate(int64_t n) {
    all_.emplace_back(std::malloc(std::size_t(n) * sizeof(T)), std::free);
    return static_cast<T*>(all_.back().get());
  }
  template <class T>
  static Memory memory(T* at, int64_t n) {
    return {reinterpret_cast<uintptr_t>(at), n * int64_t(sizeof(T))};
  }

  Random& random_;
  std::vector<std::unique_ptr<void, void (*)(void*)>> all_;
  std::vector<Result> results_;
};

using Numbers = std::vector<std::pair<std::string, std::vector<double>>>;

// Return the named results. Throws if a number is not finite.
inline Numbers read(const Buffers& buffers) {
  Numbers numbers;
  for (const Buffers::Result& result : buffers.results()) {
    std::vector<double> values;
    for (int64_t i = 0; i < result.n; ++i) {
      values.push_back(result.value(i));
      if (!std::isfinite(values.back()))
        throw std::runtime_error(result.name + "[" + std::to_string(i) + "] is " + std::to_string(values.back()));
    }
    numbers.emplace_back(result.name, std::move(values));
  }
  return numbers;
}

// Throws if the numbers differ by more than rounding.
inline void compare(const Numbers& ours, const Numbers& expected, double tolerance) {
  for (std::size_t k = 0; k < ours.size(); ++k) {
    double size = 1;
    for (double v : expected[k].second) size = std::fmax(size, std::fabs(v));
    for (std::size_t i = 0; i < ours[k].second.size(); ++i) {
      const double a = ours[k].second[i], b = expected[k].second[i];
      if (std::fabs(a - b) > tolerance * size)
        throw std::runtime_error(ours[k].first + "[" + std::to_string(i) + "] is " + std::to_string(a) +
                                 ", with other threads or instructions " + std::to_string(b));
    }
  }
}

}  // namespace drive
