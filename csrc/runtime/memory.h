// Aligned, zeroed memory. Large blocks ask for huge pages: a step reads all weights, and 4 KiB pages would cost
// an address translation each.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace unrolled::runtime {

constexpr long line = 64;               // bytes: a cache line, and the widest vector
constexpr long huge_page = 2l << 20;    // bytes

class Memory {
 public:
  Memory() = default;
  explicit Memory(long bytes) : bytes_(bytes) {
    const std::size_t alignment = bytes >= huge_page ? huge_page : line;
    const std::size_t rounded = (std::size_t(bytes) + alignment - 1) / alignment * alignment;
    data_ = static_cast<char*>(std::aligned_alloc(alignment, rounded ? rounded : alignment));
    if (!data_) throw std::bad_alloc();
#if defined(__linux__)
    if (bytes >= huge_page) madvise(data_, rounded, MADV_HUGEPAGE);  // only a hint
#endif
    std::memset(data_, 0, rounded);
  }
  Memory(Memory&& other) noexcept { swap(other); }
  Memory& operator=(Memory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Memory() { std::free(data_); }

  char* data() const { return data_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }
  long bytes() const { return bytes_; }

 private:
  void swap(Memory& other) {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  char* data_ = nullptr;
  long bytes_ = 0;
};

constexpr long aligned(long bytes) { return (bytes + line - 1) / line * line; }

}  // namespace unrolled::runtime
