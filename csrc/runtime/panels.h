// Products of a matrix and one or several vectors, for any format of the weights. The rows of the matrix are cut
// into panels of a few vectors. A panel holds, for one group of columns after the other, the weights of all its
// rows, so that a product reads memory once and in order. Each lane of a sum belongs to one row.
//
// A format defines how weights are stored:
//   group             columns that one multiply_add covers
//   Element           stored weight
//   Sum               vector of sums, one lane a row
//   step_bytes        bytes of one group of columns of a prepared vector
//   encode(w, matrix, row)
//   weights(p)        load the weights of one group and `lanes` rows
//   broadcast(v)      load one group of a prepared vector
//   multiply_add(weights, v, sum), add(sum, sum)
#pragma once
#include "arithmetic/simd.h"
#include "runtime/kernels.h"

namespace unrolled::UNROLLED_ISA {

using runtime::Matrix;
using runtime::Product;

constexpr long panel_vectors = 4;
// few_rows: up to so many rows, all chains of a sum are added at the same time.
// independent_sums: additions in flight, latency times units, as far as there are registers for `few_rows` rows.
// row_block: rows multiplied together, as far as there are registers for one chain of each.
constexpr long few_rows = 3;
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr long independent_sums = 8, row_block = 6;
#else
constexpr long independent_sums = 4, row_block = 3;
#endif

constexpr long row_lanes = lanes<float>;
UNROLLED_INLINE constexpr long vectors_of(long rows) { return (rows + row_lanes - 1) / row_lanes; }
template <class F>
UNROLLED_INLINE constexpr long groups_of(long columns) {
  return (columns + F::group - 1) / F::group;
}
template <class F>
constexpr long block_bytes = row_lanes * F::group * long(sizeof(typename F::Element));

template <class F>
long packed_bytes(long rows, long columns) {
  return vectors_of(rows) * groups_of<F>(columns) * block_bytes<F>;
}

template <class F>
void pack(Matrix& m, const float* weights) {
  auto* to = reinterpret_cast<typename F::Element*>(m.weights);
  for (long first = 0; first < vectors_of(m.rows); first += panel_vectors) {
    const long rest = vectors_of(m.rows) - first, count = rest < panel_vectors ? rest : panel_vectors;
    for (long g = 0; g < groups_of<F>(m.columns); ++g)
      for (long row = first * row_lanes; row < (first + count) * row_lanes; ++row)
        for (long k = g * F::group; k < (g + 1) * F::group; ++k) {
          const bool inside = row < m.rows && k < m.columns;
          *to++ = inside ? F::encode(weights[row * m.columns + k], m, row) : typename F::Element(0);
        }
  }
}

// Without it, the compiler loads the weights again for every row, and loads become the limit.
template <class V>
UNROLLED_INLINE void keep_in_register(V& v) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#else
  (void)v;  // too few registers
#endif
}

// Add the products of one group of columns: `vectors` vectors of weights and `rows` prepared vectors.
template <class F, int vectors, int rows>
UNROLLED_INLINE void add_group(const char* w, const char* v, long v_bytes, typename F::Sum (&sums)[rows][vectors]) {
  decltype(F::weights(w)) weights[vectors];
#pragma GCC unroll 4
  for (int u = 0; u < vectors; ++u) {
    weights[u] = F::weights(w + u * block_bytes<F>);
    if (rows > 1) keep_in_register(weights[u]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    const auto number = F::broadcast(v + r * v_bytes);
#pragma GCC unroll 4
    for (int u = 0; u < vectors; ++u) sums[r][u] = F::multiply_add(weights[u], number, sums[r][u]);
  }
}

// Sums of one panel of `vectors` vectors and `rows` prepared vectors. Group g belongs to chain g % chains, and the
// chains are added at the end, whatever the number of rows: the sums are the same to the last bit.
template <class F, int vectors, int rows>
UNROLLED_INLINE void sum_panel(const char* w, const char* v, long v_bytes, long groups,
                               typename F::Sum (&sums)[rows][vectors]) {
  constexpr int chains = vectors >= independent_sums ? 1 : int(independent_sums / vectors);
  // Many rows have enough independent sums in one chain, and no registers for more: one chain after the other.
  constexpr int together = rows > few_rows ? 1 : chains;
  const long whole = groups - groups % chains;
#pragma GCC unroll 8
  for (int first = 0; first < chains; first += together) {
    typename F::Sum chain[together][rows][vectors] = {};
    for (long g = first; g < whole; g += chains)
#pragma GCC unroll 8
      for (int c = 0; c < together; ++c)
        add_group<F, vectors, rows>(w + (g + c) * vectors * block_bytes<F>, v + (g + c) * F::step_bytes, v_bytes,
                                    chain[c]);
    if (first == 0)
      for (long g = whole; g < groups; ++g)
        add_group<F, vectors, rows>(w + g * vectors * block_bytes<F>, v + g * F::step_bytes, v_bytes, chain[0]);
#pragma GCC unroll 8
    for (int c = 0; c < together; ++c)
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int u = 0; u < vectors; ++u)
          sums[r][u] = first + c == 0 ? chain[c][r][u] : F::add(sums[r][u], chain[c][r][u]);
  }
}

template <class F, int vectors, int rows>
UNROLLED_INLINE void panel_rows(const Product& p, const char* w, long row, long from) {
  typename F::Sum sums[rows][vectors];
  const char* v = p.v + row * p.v_bytes;
  sum_panel<F, vectors, rows>(w, v + F::header_bytes, p.v_bytes, groups_of<F>(p.matrix->columns), sums);
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int u = 0; u < vectors; ++u) {
      const long at = from + u * row_lanes;
      Vec<float> y = F::value(sums[r][u], *p.matrix, at, v + r * p.v_bytes);
      if (p.bias) y += load(p.bias + at);
      if (p.added) y += load(p.added + (row + r) * p.added_stride + at);
      store(p.y + (row + r) * p.y_stride + at, y);
    }
}

template <class F, int vectors, int rows = 1>
UNROLLED_INLINE void panel_block(const Product& p, const char* w, long row, long count, long from) {
  if (count == rows) return panel_rows<F, vectors, rows>(p, w, row, from);
  if constexpr (rows < row_block) panel_block<F, vectors, rows + 1>(p, w, row, count, from);
}

template <class F, int vectors>
void panel(const Product& p, const char* w, long from) {
  for (long row = 0; row < p.rows;) {
    const long left = p.rows - row;
    // The last two blocks are of equal size: a block of few rows waits for the weights.
    const long count = left <= row_block ? left : left < 2 * row_block ? (left + 1) / 2 : row_block;
    panel_block<F, vectors>(p, w, row, count, from);
    row += count;
  }
}

// The last panel, which may have fewer vectors.
template <class F>
void last_panel(const Product& p, const char* w, long from, long vectors) {
  switch (vectors) {
    case 3: return panel<F, 3>(p, w, from);
    case 2: return panel<F, 2>(p, w, from);
    case 1: return panel<F, 1>(p, w, from);
  }
}

template <class F>
void product(const Product& p) {
  const long vectors = vectors_of(p.matrix->rows), bytes = groups_of<F>(p.matrix->columns) * block_bytes<F>;
  const long whole = vectors / panel_vectors, last = whole * panel_vectors;
  const char* w = p.matrix->weights;
  if (p.backwards) last_panel<F>(p, w + last * bytes, last * row_lanes, vectors - last);
  for (long k = 0; k < whole; ++k) {
    const long first = (p.backwards ? whole - 1 - k : k) * panel_vectors;
    panel<F, panel_vectors>(p, w + first * bytes, first * row_lanes);
  }
  if (!p.backwards) last_panel<F>(p, w + last * bytes, last * row_lanes, vectors - last);
}

}  // namespace unrolled::UNROLLED_ISA
