// Matrix products: a register-blocked tile over packed or unpacked panels of columns.
//
// C (M × N) = A (M × K) · B (K × N). A is read one number at a time (rows, or columns if transposed). B is
// read one vector at a time, from panels that are 2 vectors of columns wide. W is the operand type: a number,
// or a Pair of bfloat16 values, in which case K counts pairs.
#pragma once
#include "arithmetic/simd.h"

namespace unrolled::UNROLLED_ISA {

template <class W>
constexpr long panel_columns = 2 * lanes<W>;

// The right operand B. Panel p starts at p · panel, its row k at k · row. If packed, row is panel_columns.
template <class W>
struct RightOperand {
  const W* data;
  long row;    // distance from row k to row k + 1
  long panel;  // distance from one panel to the next
};

// Destination of a product. Row r is written to rows[r], or to base + r · row if `rows` is null. Optionally
// adds a bias per column, multiplies by a scale per row, and adds to the values already there.
template <class T>
struct Output {
  T* base;
  long row;
  T* const* rows = nullptr;
  const T* bias = nullptr;
  bool add = false;
  const T* scale = nullptr;

  UNROLLED_INLINE T* at(long r) const { return rows ? rows[r] : base + r * row; }
};

// A tile of MR rows times NV vectors. With few rows, it covers several panels (NV > 2), because the additions
// of one panel would wait for each other.
template <class W, int MR, int NV, bool Transposed>
__attribute__((noinline)) void tile(long K, const W* A, long lda, RightOperand<W> B,
                                    const Output<SumOf<W>>& out, long row0, long column0, long columns) {
  using T = SumOf<W>;
  constexpr int per_panel = NV < 2 ? NV : 2;
  const long full = NV * lanes<T>;
  Vec<T> sums[MR][NV];
#pragma GCC unroll 8
  for (int v = 0; v < NV; ++v) {
    const long start = v * lanes<T>;
    Vec<T> bias{};
    if (out.bias && columns > start) bias = load_n(out.bias + column0 + start, columns - start);
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r) sums[r][v] = bias;
  }
  const W* b = B.data;
  for (long k = 0; k < K; ++k) {
    Vec<W> right[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v)
      right[v] = load(b + (v / per_panel) * B.panel + (v % per_panel) * lanes<W>);
    __builtin_prefetch(b + 16 * B.row);
    if (NV > 1) __builtin_prefetch(b + 16 * B.row + lanes<W>);
    if (Transposed) __builtin_prefetch(A + 8 * lda);
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r) {
      const W left = Transposed ? A[r] : A[r * lda];
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sums[r][v] = multiply_add<W>(left, right[v], sums[r][v]);
    }
    A += Transposed ? lda : 1;
    b += B.row;
  }
  const Output<T> to = out;  // a local copy, so that the compiler knows that no store below changes it
  T* row[MR];
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r) row[r] = to.at(row0 + r) + column0;
  if (to.scale)
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sums[r][v] *= to.scale[row0 + r];
  if (to.add) {
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) {
        const long n = columns - v * lanes<T>;
        if (n > 0) sums[r][v] += load_n(row[r] + v * lanes<T>, n);
      }
  }
  if (columns >= full) {
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) store(row[r] + v * lanes<T>, sums[r][v]);
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      const long n = columns - v * lanes<T>;
      if (n > 0) store_n(row[r] + v * lanes<T>, sums[r][v], n);
    }
}

// Splits rows into blocks of nearly equal size: 20 rows into 10 + 10, not 12 + 8.
struct RowBlocks {
  long count, size, larger;  // number of blocks, rows per block, number of blocks with one more row
  explicit RowBlocks(long rows, long at_most = tile_rows)
      : count((rows + at_most - 1) / at_most), size(count ? rows / count : 0), larger(rows - size * count) {}
  UNROLLED_INLINE long first(long block) const { return block * size + (block < larger ? block : larger); }
};

template <class W, bool Transposed, int NV>
UNROLLED_INLINE void dispatch_tile(long m, long K, const W* A, long lda, RightOperand<W> B,
                                   const Output<SumOf<W>>& out, long row0, long column0, long columns) {
#define UNROLLED_TILE(MR) \
  case MR:                \
    if constexpr (MR <= tile_rows) return tile<W, MR, NV, Transposed>(K, A, lda, B, out, row0, column0, columns); \
    return;
  switch (m) {
    UNROLLED_TILE(1) UNROLLED_TILE(2) UNROLLED_TILE(3) UNROLLED_TILE(4) UNROLLED_TILE(5) UNROLLED_TILE(6)
    UNROLLED_TILE(7) UNROLLED_TILE(8) UNROLLED_TILE(9) UNROLLED_TILE(10) UNROLLED_TILE(11) UNROLLED_TILE(12)
  }
#undef UNROLLED_TILE
}

// Rows are processed in chunks that stay in the L1 and L2 caches while all of B is read.
constexpr long rows_in_cache = 96;

template <class W, bool Transposed>
void multiply(long M, long N, long K, const W* A, long lda, RightOperand<W> B, const Output<SumOf<W>>& out) {
  constexpr long NR = panel_columns<W>;
  for (long m0 = 0; m0 < M; m0 += rows_in_cache) {
    const long rows = M - m0 < rows_in_cache ? M - m0 : rows_in_cache;
    const RowBlocks blocks(rows);
    long column = 0;
    while (column < N) {
      const long remaining = N - column;
      const RightOperand<W> b{B.data + (column / NR) * B.panel, B.row, B.panel};
      long tile_panels = 1;  // panels per tile
      if (vector_bytes == 64 && blocks.count == 1) {
        if (rows == 1 && remaining >= 4 * NR) tile_panels = 4;
        else if (rows <= 3 && remaining >= 2 * NR) tile_panels = 2;
      }
      for (long block = 0; block < blocks.count; ++block) {
        const long r = blocks.first(block), m = blocks.first(block + 1) - r;
        const W* a = Transposed ? A + m0 + r : A + (m0 + r) * lda;
        if (tile_panels == 4)
          tile<W, 1, 8, Transposed>(K, a, lda, b, out, m0 + r, column, 4 * NR);
        else if (tile_panels == 2) {
          if (m == 1) tile<W, 1, 4, Transposed>(K, a, lda, b, out, m0 + r, column, 2 * NR);
          else if (m == 2) tile<W, 2, 4, Transposed>(K, a, lda, b, out, m0 + r, column, 2 * NR);
          else tile<W, 3, 4, Transposed>(K, a, lda, b, out, m0 + r, column, 2 * NR);
        } else if (remaining > lanes<W>)
          dispatch_tile<W, Transposed, 2>(m, K, a, lda, b, out, m0 + r, column, remaining);
        else
          dispatch_tile<W, Transposed, 1>(m, K, a, lda, b, out, m0 + r, column, remaining);
      }
      column += tile_panels * NR;
    }
  }
}

template <class A, class B>
constexpr bool is_same = false;
template <class A>
constexpr bool is_same<A, A> = true;

// Like `multiply`, with A packed too: block b of tile_rows rows starts at b · block, its column k at
// k · tile_rows.
template <class W>
void multiply_packed(long M, long N, long K, const W* A, long block, RightOperand<W> B,
                     const Output<SumOf<W>>& out) {
  constexpr long NR = panel_columns<W>, chunk = rows_in_cache / tile_rows;
  const long blocks = (M + tile_rows - 1) / tile_rows;
  for (long b0 = 0; b0 < blocks; b0 += chunk)
    for (long column = 0; column < N; column += NR) {
      const RightOperand<W> b{B.data + (column / NR) * B.panel, B.row, B.panel};
      for (long k = b0; k < blocks && k < b0 + chunk; ++k) {
        const long r = k * tile_rows, m = M - r < tile_rows ? M - r : tile_rows;
        if (N - column > lanes<W>)
          dispatch_tile<W, true, 2>(m, K, A + k * block, tile_rows, b, out, r, column, N - column);
        else
          dispatch_tile<W, true, 1>(m, K, A + k * block, tile_rows, b, out, r, column, N - column);
      }
    }
}

// Number of words that hold n numbers along k.
template <class W, class T>
constexpr long words(long n) {
  return is_same<W, T> ? n : (n + 1) / 2;
}
// Distance between two rows of a left operand: a multiple of a cache line, but not of a large power of two,
// which would map all rows to the same cache sets.
template <class W>
constexpr long padded(long n) {
  return (n + 15) / 16 * 16 + 16;
}

// Convert n numbers to one row of a left operand.
UNROLLED_INLINE void to_words(float* to, const float* from, long n) { copy(to, from, n); }
UNROLLED_INLINE void to_words(double* to, const double* from, long n) { copy(to, from, n); }
inline void to_words(Pair* to, const float* from, long n) {
  long k = 0;
#if defined(__AVX512BF16__)
  for (; k + 32 <= n; k += 32) {
    const __m512bh both = _mm512_cvtne2ps_pbh((__m512)load(from + k + 16), (__m512)load(from + k));
    __builtin_memcpy(to + k / 2, &both, 64);
  }
#endif
  for (; k + 1 < n; k += 2) to[k / 2].bits = to_bfloat16(from[k]) | (to_bfloat16(from[k + 1]) << 16);
  if (k < n) to[k / 2].bits = to_bfloat16(from[k]);
}

// Convert rows k and k + 1 of a right operand to one row of words, one word per column. `upper` is null if
// row k + 1 is past the end. For plain numbers, a word holds row k only.
UNROLLED_INLINE void interleave(float* to, const float* row, const float*, long n) { to_words(to, row, n); }
UNROLLED_INLINE void interleave(double* to, const double* row, const double*, long n) { to_words(to, row, n); }
inline void interleave(Pair* to, const float* lower, const float* upper, long n) {
  long c = 0;
#if defined(__AVX512BF16__)
  for (; c + 16 <= n; c += 16) {
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(lower + c)));
    __m512i word = low;
    if (upper) {
      const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(upper + c)));
      word = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }
    __builtin_memcpy(to + c, &word, 64);
  }
#endif
  for (; c < n; ++c) to[c].bits = to_bfloat16(lower[c]) | (upper ? to_bfloat16(upper[c]) << 16 : 0u);
}

#if defined(__AVX512BF16__)
// `interleave` into column k of a packed left operand. Reads 16 numbers from the start of each block, so the
// rows must be padded.
inline void interleave_blocks(Pair* to, long block, long k, const float* lower, const float* upper, long n) {
  constexpr __mmask16 row_mask = (1u << tile_rows) - 1;
  for (long c = 0; c < n; c += tile_rows, to += block) {
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(lower + c)));
    __m512i word = low;
    if (upper) {
      const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(upper + c)));
      word = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }
    _mm512_mask_storeu_epi32(to + k * tile_rows, row_mask, word);
  }
}
#endif

// Size of a packed right operand, in words.
template <class W>
constexpr long packed_size(long K_words, long N) {
  return (N + panel_columns<W> - 1) / panel_columns<W> * panel_columns<W> * K_words;
}

// Pack panels [first, last) of B(k, n) = source[k · ld + n].
template <class W, class T>
void pack_rows(W* to, const T* source, long ld, long K, long N, long first, long last) {
  constexpr long NR = panel_columns<W>;
  constexpr long step = is_same<W, T> ? 1 : 2;
  const long Kw = words<W, T>(K);
  for (long p = first; p < last; ++p) {
    const long column = p * NR, n = N - column < NR ? N - column : NR;
    for (long k = 0; k < Kw; ++k) {
      W* row = to + p * NR * Kw + k * NR;
      const T* lower = source + k * step * ld + column;
      interleave(row, lower, step == 2 && 2 * k + 1 < K ? lower + ld : nullptr, n);
      for (long c = n; c < NR; ++c) row[c] = W{};
    }
  }
}

// Pack panels [first, last) of B(k, n) = source[n · ld + k].
template <class W, class T>
void pack_columns(W* to, const T* source, long ld, long K, long N, long first, long last) {
  constexpr long NR = panel_columns<W>, L = lanes<W>;
  constexpr long step = is_same<W, T> ? 1 : 2;
  const long Kw = words<W, T>(K);
  for (long p = first; p < last; ++p)
    for (long half = 0; half < 2; ++half) {
      const long column = p * NR + half * L, n = N - column < 0 ? 0 : N - column < L ? N - column : L;
      for (long k = 0; k < Kw; k += L) {
        const long numbers = K - k * step < L * step ? K - k * step : L * step;
        Vec<W> block[L] = {};
        for (long c = 0; c < n; ++c) {
          const T* from = source + (column + c) * ld + k * step;
          if constexpr (step == 1) {
            block[c] = load_n(from, numbers);
          } else {
            W line[L] = {};
            to_words(line, from, numbers);
            block[c] = load(line);
          }
        }
        transpose<W>(block);
        W* row = to + p * NR * Kw + k * NR + half * L;
        for (long r = 0; r < L && k + r < Kw; ++r) store(row + r * NR, block[r]);
      }
    }
}

}  // namespace unrolled::UNROLLED_ISA
