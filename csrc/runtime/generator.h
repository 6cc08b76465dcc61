// Random numbers: xoshiro256++ (Blackman and Vigna 2021, Scrambled linear pseudorandom number generators), its state
// filled by splitmix64 (Steele, Lea and Flood 2014) as its authors advise.
#pragma once
#include <cstdint>

namespace unrolled::runtime {

class Generator {
 public:
  // Generators of different rows with the same seed are independent.
  explicit Generator(uint64_t seed = 0, uint64_t row = 0) {
    uint64_t x = seed;
    const uint64_t mixed = split_mix(x);
    x = mixed ^ row * 0xd1342543de82ef95u;
    for (uint64_t& word : state_) word = split_mix(x);
  }
  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return double(next() >> 11) * 0x1p-53; }

 private:
  static uint64_t split_mix(uint64_t& x) {
    uint64_t z = x += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  static uint64_t rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }
  uint64_t next() {
    uint64_t* s = state_;
    const uint64_t result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
  }

  uint64_t state_[4];
};

}  // namespace unrolled::runtime
