// Softmax cross-entropy of y = h Wᵀ + c and its gradients, without storing all of y.
//
// Rows are processed in chunks. The logits y of a chunk are computed transposed (classes × rows): loops over
// classes then use SIMD vectors of rows, and no operand of a matrix product has to be transposed. Each thread
// gets some blocks of classes. A block stores e = exp(y − m), where m is the block's maximum for each row. The
// softmax is e · exp(m − M) / Σ, with the maximum M and the sum Σ = Σ_v exp(y_v − M) over all classes of the row;
// both are known once all blocks are done.
//
// N rows, F features, V classes. Suffix w: in words of the operands of a product; p: padded to full vectors.
#pragma once
#include "args.h"
#include "arithmetic/gemm.h"
#include "arithmetic/parallel.h"

namespace unrolled::UNROLLED_ISA {

template <class T, class W>
struct Softmax {
  static constexpr bool plain = is_same<W, T>;
  static constexpr long NR = panel_columns<W>, chunk_bytes = long(16) << 20, max_classes = 192;

  const SoftmaxArgs& a;
  const long N, F, V, Fw;
  const int threads;
  const long classes, blocks;  // classes per block, number of blocks
  const long rows;             // maximum number of rows in a chunk
  const bool gradients;
  const long Fp = padded<T>(F), Fwp = padded<W>(Fw), Rp = padded<T>(rows), Rwp = padded<W>(words<W, T>(rows));

  W* h_packed = nullptr;         // panels of rows
  T *e = nullptr, *maxima, *sums, *factor, *target_logits;  // (V, rows), (blocks, rows) twice, (rows) twice
  T *logit_sums, *exp_sums, *row_maxima, *row_weight;       // (threads, rows), (rows) thrice
  T* weight_sum = nullptr;                                  // (F): sum of the rows of W, for label smoothing
  T* h_sum = nullptr;                                       // (F): sum over rows of row_weight · h, for label smoothing
  struct Scratch {
    W *weight, *weight_right, *scaled, *left;
    T *y, *dh, *rows, *factor;
  };
  Scratch* scratch;

  // Maximum number of rows in a chunk, a multiple of 16 (one line). Chunks have nearly equal sizes.
  static long rows_of_chunk(const SoftmaxArgs& a, long max_lines) {
    const long lines_in_chunk = chunk_bytes / (a.V * long(sizeof(T))) / 16, lines = (a.N + 15) / 16;
    const long limit = lines_in_chunk < 2 ? 2 : lines_in_chunk > max_lines ? max_lines : lines_in_chunk;
    const long chunks = (lines + limit - 1) / limit;
    return (lines + chunks - 1) / chunks * 16;
  }
  // Classes in a block, a multiple of tile_rows, at most max_classes.
  static long classes_of_block(const SoftmaxArgs& a, int threads) {
    const long each = (a.V + threads - 1) / threads, rounded = (each + tile_rows - 1) / tile_rows * tile_rows;
    return rounded < max_classes ? rounded : max_classes;
  }

  Softmax(const SoftmaxArgs& args, int thread_count, long max_lines = 32)
      : a(args), N(args.N), F(args.F), V(args.V), Fw(words<W, T>(args.F)), threads(thread_count),
        classes(classes_of_block(args, thread_count)), blocks((args.V + classes - 1) / classes),
        rows(rows_of_chunk(args, max_lines)), gradients(args.dh) {}

  void measure(WorkspaceSize& m) {
    const auto add = [&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); };
    visit_memory(add);
    Scratch unallocated;
    for (int k = 0; k < threads; ++k) visit_thread_memory(unallocated, add);
  }
  template <class Space>
  void take(Space& space) {
    const auto allocate = [&](auto*& p, long n) {
      p = space.template take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
    };
    visit_memory(allocate);
    for (int k = 0; k < threads; ++k) visit_thread_memory(scratch[k], allocate);
  }

  template <class Take>
  void visit_memory(Take&& take) {
    take(h_packed, packed_size<W>(Fw, rows));
    if (gradients) take(e, V * Rp);
    take(maxima, blocks * Rp);
    take(sums, blocks * Rp);
    take(factor, Rp);
    take(target_logits, Rp);
    take(logit_sums, threads * Rp);
    take(exp_sums, Rp);
    take(row_maxima, Rp);
    take(row_weight, Rp);
    take(weight_sum, Fp);
    take(h_sum, Fp);
    take(scratch, threads);
  }
  template <class Take>
  void visit_thread_memory(Scratch& s, Take&& take) {
    take(s.weight, classes * Fwp);
    take(s.y, classes * Rp);
    if (!gradients) return;
    take(s.weight_right, (words<W, T>(classes) + 1) * Fp + NR);
    take(s.scaled, (words<W, T>(rows) + 1) * Fp + NR);
    take(s.left, classes * (Rwp > Rp ? Rwp : Rp));
    take(s.dh, rows * Fp);
    take(s.rows, 2 * Fp);
    take(s.factor, Rp);
  }
  const T* h_row(long n) const { return at<const T>(a.h) + n * a.h_row; }
  const T* weight_row(long v) const { return at<const T>(a.weight) + v * F; }
  T bias(long v) const { return a.bias ? at<const T>(a.bias)[v] : T(0); }
  bool ignored(long n) const { return at<const int64_t>(a.targets)[n] == a.ignore; }

  // Compute y for the thread's blocks, transposed; then the maxima, e, and the sums of e.
  void first_pass(int rank, int count, long n0, long n) const {
    const Scratch& local = scratch[rank];
    T* thread_logit_sums = logit_sums + rank * Rp;
    __builtin_memset(thread_logit_sums, 0, Rp * sizeof(T));
    for (long block = blocks * rank / count; block < blocks * (rank + 1) / count; ++block) {
      const long v0 = block * classes, size = V - v0 < classes ? V - v0 : classes;
      for (long v = 0; v < size; ++v) to_words(local.weight + v * Fwp, weight_row(v0 + v), F);
      T* y = gradients ? e + v0 * Rp : local.y;
      multiply<W, false>(size, n, Fw, local.weight, Fwp, {h_packed, NR, NR * Fw}, {y, Rp});
      for (long r = 0; r < n; ++r) {
        const long target_class = at<const int64_t>(a.targets)[n0 + r] - v0;
        if (target_class >= 0 && target_class < size && !ignored(n0 + r))
          target_logits[r] = y[target_class * Rp + r] + bias(v0 + target_class);
      }
      exponentiate(y, v0, size, n, maxima + block * Rp, sums + block * Rp, thread_logit_sums);
    }
  }

  void exponentiate(T* y, long v0, long size, long n, T* maximum, T* sum, T* thread_logit_sums) const {
    for (long r = 0; r < n; r += lanes<T>) {
      Vec<T> row_max = load(y + r) + bias(v0), logit_sum{};
      for (long v = 0; v < size; ++v) {
        const Vec<T> value = load(y + v * Rp + r) + bias(v0 + v);
        row_max = value > row_max ? value : row_max;
        logit_sum += value;
      }
      // Classes may be masked by -inf. A block that has only masked classes has the sum zero.
      const Vec<T> base = row_max > splat(T(-__builtin_inf())) ? row_max : Vec<T>{};
      Vec<T> exp_sum{};
      for (long v = 0; v < size; ++v) {
        const Vec<T> value = exp<T>(load(y + v * Rp + r) + (bias(v0 + v) - base));
        store(y + v * Rp + r, value);
        exp_sum += value;
      }
      store(maximum + r, row_max);
      store(sum + r, exp_sum);
      if (a.smoothing != 0) store(thread_logit_sums + r, load(thread_logit_sums + r) + logit_sum);
    }
  }

  // Compute the losses of the chunk's rows, and the factor row_weight / Σ of each row. Return the
  // sum of the losses, weighted by row_weight.
  double compute_losses(long n0, long n, int count) const {
    double loss = 0;
    T* nats = at<T>(a.nats);
    for (long r = 0; r < n; r += lanes<T>) {
      Vec<T> row_max = load(maxima + r), exp_sum{};
      for (long b = 1; b < blocks; ++b) {
        const Vec<T> m = load(maxima + b * Rp + r);
        row_max = m > row_max ? m : row_max;
      }
      for (long b = 0; b < blocks; ++b)
        exp_sum += load(sums + b * Rp + r) * exp<T>(load(maxima + b * Rp + r) - row_max);
      store(row_maxima + r, row_max);
      store(exp_sums + r, exp_sum);
    }
    for (long r = 0; r < n; ++r) {
      const long row = n0 + r;
      if (ignored(row)) {
        nats[row] = row_weight[r] = factor[r] = T(0);
        continue;
      }
      const double log_sum = double(row_maxima[r]) + __builtin_log(double(exp_sums[r]));
      const double weight = a.row_weights ? double(at<const T>(a.row_weights)[row]) : 1.0;
      const double nll = log_sum - double(target_logits[r]);
      nats[row] = T(nll);
      double mean = 0;
      if (a.smoothing != 0) {
        for (int k = 0; k < count; ++k) mean += double(logit_sums[k * Rp + r]);
        mean /= double(V);
      }
      const double value = (1 - a.smoothing) * nll + (a.smoothing != 0 ? a.smoothing * (log_sum - mean) : 0.0);
      if (weight != 0) loss += weight * value;
      row_weight[r] = T(weight);
      factor[r] = weight != 0 ? T(weight / double(exp_sums[r])) : T(0);
    }
    return loss;
  }

  // Gradients from a thread's blocks of classes: complete for W and c, a partial sum for h.
  void second_pass(int rank, int count, long n0, long n, bool add) const {
    const Scratch& local = scratch[rank];
    bool started = false;
    for (long block = blocks * rank / count; block < blocks * (rank + 1) / count; ++block) {
      const long v0 = block * classes, size = V - v0 < classes ? V - v0 : classes;
      const T* p = e + v0 * Rp;
      for (long r = 0; r < n; r += lanes<T>)
        store(local.factor + r, load(factor + r) * exp<T>(load(maxima + block * Rp + r) - load(row_maxima + r)));
      if (a.dbias) bias_gradient(local, p, v0, size, n, add);
      if (a.dweight) weight_gradient(local, p, v0, size, n0, n, add);
      input_gradient(local, p, v0, size, n, started);
      started = true;
    }
    if (!started) __builtin_memset(local.dh, 0, n * Fp * sizeof(T));
  }

  void bias_gradient(const Scratch& local, const T* p, long v0, long size, long n, bool add) const {
    T* to = at<T>(a.dbias) + v0;
    for (long v = 0; v < size; ++v) {
      Vec<T> sum{};
      for (long r = 0; r < n; r += lanes<T>)
        sum += load_n(p + v * Rp + r, n - r) * load_n(local.factor + r, n - r);
      to[v] = (add ? to[v] : T(0)) + sum_lanes<T>(sum);
    }
  }

  // dW = (e ⊙ factor) · h. The factor is applied to h, which is smaller than e.
  void weight_gradient(const Scratch& local, const T* p, long v0, long size, long n0, long n, bool add) const {
    constexpr long step = plain ? 1 : 2;
    for (long r = 0; r < n; r += step) {
      for (long k = 0; k < step && r + k < n; ++k) {
        const Vec<T> f = splat(local.factor[r + k]);
        const T* from = h_row(n0 + r + k);
        for (long u = 0; u < F; u += lanes<T>)
          store_n(local.rows + k * Fp + u, load_n(from + u, F - u) * f, F - u);
      }
      interleave(local.scaled + r / step * Fp, local.rows, r + 1 < n ? local.rows + Fp : nullptr, F);
    }
    const W* left;
    long lda;
    if constexpr (plain) {
      left = p, lda = Rp;
    } else {
      for (long v = 0; v < size; ++v) to_words(local.left + v * Rwp, p + v * Rp, n);
      left = local.left, lda = Rwp;
    }
    multiply<W, false>(size, F, words<W, T>(n), left, lda, {local.scaled, Fp, NR},
                       {at<T>(a.dweight) + v0 * F, F, nullptr, nullptr, add});
  }

  // dh = factor ⊙ (eᵀ · W)
  void input_gradient(const Scratch& local, const T* p, long v0, long size, long n, bool add) const {
    constexpr long step = plain ? 1 : 2;
    const W* left;
    if constexpr (plain) {
      left = p;
    } else {
      for (long v = 0; v < size; v += 2)
        interleave(local.left + v / 2 * Rp, p + v * Rp, v + 1 < size ? p + (v + 1) * Rp : nullptr, n);
      left = local.left;
    }
    for (long v = 0; v < size; v += step)
      interleave(local.weight_right + v / step * Fp, weight_row(v0 + v),
                 v + 1 < size ? weight_row(v0 + v + 1) : nullptr, F);
    multiply<W, true>(n, F, words<W, T>(size), left, Rp, {local.weight_right, Fp, NR},
                      {local.dh, Fp, nullptr, nullptr, add, local.factor});
  }

  // Sum the threads' parts of dh, and subtract the terms of the target and of label smoothing. Each thread
  // handles some of the rows.
  void gather(int rank, int count, long n0, long n) const {
    const T target_share = T(1 - a.smoothing), class_share = T(a.smoothing / double(V));
    for (long r = n * rank / count; r < n * (rank + 1) / count; ++r) {
      T* to = at<T>(a.dh) + (n0 + r) * F;
      const bool counted = !ignored(n0 + r);
      const T* target_row = counted ? weight_row(at<const int64_t>(a.targets)[n0 + r]) : nullptr;
      for (long u = 0; u < F; u += lanes<T>) {
        const long k = F - u;
        Vec<T> d{};
        for (int t = 0; t < count; ++t) d += load_n(scratch[t].dh + r * Fp + u, k);
        if (counted) d -= load_n(target_row + u, k) * (row_weight[r] * target_share);
        if (counted && class_share != T(0)) d -= load_n(weight_sum + u, k) * (row_weight[r] * class_share);
        store_n(to + u, d, k);
      }
    }
  }

  // Subtract the terms of the targets from dW and dc. They touch only the rows of the target classes.
  void subtract_targets(long n0, long n) const {
    const T target_share = T(1 - a.smoothing);
    for (long r = 0; r < n; ++r) {
      if (ignored(n0 + r)) continue;
      const long v = at<const int64_t>(a.targets)[n0 + r];
      const T w = row_weight[r] * target_share;
      if (a.dbias) at<T>(a.dbias)[v] -= w;
      if (a.dweight) {
        T* to = at<T>(a.dweight) + v * F;
        for (long u = 0; u < F; u += lanes<T>)
          store_n(to + u, load_n(to + u, F - u) - load_n(h_row(n0 + r) + u, F - u) * w, F - u);
      }
      if (a.smoothing != 0)
        for (long u = 0; u < F; u += lanes<T>)
          store_n(h_sum + u, load_n(h_sum + u, F - u) + load_n(h_row(n0 + r) + u, F - u) * row_weight[r], F - u);
    }
  }

  double run() {
    __builtin_memset(h_sum, 0, Fp * sizeof(T));
    __builtin_memset(weight_sum, 0, Fp * sizeof(T));
    if (a.smoothing != 0)
      for (long v = 0; v < V; ++v) accumulate(weight_sum, weight_row(v), F);
    double loss = 0, weights = 0;
    for (long n0 = 0; n0 < N; n0 += rows) {
      const long n = N - n0 < rows ? N - n0 : rows, panels = (n + NR - 1) / NR;
      auto pack = [&](int rank, int count) {
        pack_columns<W, T>(h_packed, h_row(n0), a.h_row, F, n, panels * rank / count, panels * (rank + 1) / count);
      };
      in_parallel(threads, pack);
      int thread_count = 1;
      auto first = [&](int rank, int count) {
        if (rank == 0) thread_count = count;
        first_pass(rank, count, n0, n);
      };
      in_parallel(threads, first);
      loss += compute_losses(n0, n, thread_count);
      if (!gradients) continue;
      const bool add = n0 > 0;
      auto second = [&](int rank, int count) { second_pass(rank, count, n0, n, add); };
      in_parallel(threads, second);
      auto gather_parts = [&](int rank, int count) { gather(rank, count, n0, n); };
      in_parallel(threads, gather_parts);
      subtract_targets(n0, n);
      for (long r = 0; r < n; ++r) weights += ignored(n0 + r) ? 0.0 : double(row_weight[r]);
    }
    if (gradients && a.smoothing != 0) smooth_gradients(T(a.smoothing / double(V)), T(weights));
    return loss;
  }

  // Subtract the terms of label smoothing from dW and dc.
  void smooth_gradients(T class_share, T weights) {
    auto body = [&](int rank, int count) {
      for (long v = V * rank / count; v < V * (rank + 1) / count; ++v) {
        if (a.dbias) at<T>(a.dbias)[v] -= class_share * weights;
        if (!a.dweight) continue;
        T* to = at<T>(a.dweight) + v * F;
        for (long u = 0; u < F; u += lanes<T>)
          store_n(to + u, load_n(to + u, F - u) - load_n(h_sum + u, F - u) * class_share, F - u);
      }
    };
    in_parallel(threads, body);
  }
};

// Softmax in which each thread gets some of the classes.
template <class T, class W>
double softmax_by_classes(const SoftmaxArgs& a, int threads) {
  Softmax<T, W> work(a, threads);
  WorkspaceSize size;
  work.measure(size);
  Workspace space(size.bytes);
  work.take(space);
  return work.run();
}

// Hands out parts of memory that is already allocated.
struct Slice {
  char* next;
  template <class T>
  UNROLLED_INLINE T* take(std::size_t n) {
    char* at = next;
    next += (n * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(at);
  }
};

// Softmax in which each thread gets some of the rows, and its own sums for the gradients of W and c. This is
// faster if there are few classes, because the threads do not wait for each other.
template <class T, class W>
double softmax_by_rows(const SoftmaxArgs& a, int threads) {
  constexpr long lines_in_cache = 16;  // lines of 16 rows that fit into one core's caches
  const long V = a.V, F = a.F;
  const auto make_part = [&](int k) {
    SoftmaxArgs part_args = a;
    const long n0 = a.N * k / threads;
    part_args.N = a.N * (k + 1) / threads - n0;
    part_args.h += n0 * a.h_row * sizeof(T);
    part_args.targets += n0 * sizeof(int64_t);
    part_args.nats += n0 * sizeof(T);
    if (a.row_weights) part_args.row_weights += n0 * sizeof(T);
    if (a.dh) part_args.dh += n0 * F * sizeof(T);
    return part_args;
  };
  WorkspaceSize part_size, total_size;
  Softmax<T, W>(make_part(threads - 1), 1, lines_in_cache).measure(part_size);  // the last part has the most rows
  const std::size_t bytes = (part_size.bytes + 63) / 64 * 64;
  total_size.add<char>(bytes * threads);
  total_size.add<T>(V * (F + 1) * threads);
  total_size.add<double>(threads);
  Workspace space(total_size.bytes + 64 * threads);
  char* const memory = space.take<char>(bytes * threads);
  T* const sums = space.take<T>(V * (F + 1) * threads);
  double* const losses = space.take<double>(threads);
  const auto dweight = [&](int k) { return k ? sums + k * V * (F + 1) : at<T>(a.dweight); };
  const auto dbias = [&](int k) { return k ? sums + k * V * (F + 1) + V * F : at<T>(a.dbias); };
  auto body = [&](int rank, int count) {
    for (int k = rank; k < threads; k += count) {
      SoftmaxArgs part_args = make_part(k);
      if (a.dweight) part_args.dweight.address = reinterpret_cast<uintptr_t>(dweight(k));
      if (a.dbias) part_args.dbias.address = reinterpret_cast<uintptr_t>(dbias(k));
      Softmax<T, W> work(part_args, 1, lines_in_cache);
      Slice slice{memory + bytes * k};
      work.take(slice);
      losses[k] = work.run();
    }
  };
  in_parallel(threads, body);
  auto add = [&](int rank, int count) {
    const long v0 = V * rank / count, v1 = V * (rank + 1) / count;
    for (int k = 1; k < threads; ++k) {
      if (a.dweight) accumulate(dweight(0) + v0 * F, dweight(k) + v0 * F, (v1 - v0) * F);
      if (a.dbias) accumulate(dbias(0) + v0, dbias(k) + v0, v1 - v0);
    }
  };
  in_parallel(threads, add);
  double loss = 0;
  for (int k = 0; k < threads; ++k) loss += losses[k];
  return loss;
}

template <class T, class W>
void softmax(const SoftmaxArgs& a, int threads) {
  constexpr long max_weight_bytes = long(4) << 20;  // maximum size of W with a gradient per thread
  const bool by_rows = threads > 1 && a.V * a.F * long(sizeof(T)) <= max_weight_bytes && a.N >= 64 * threads;
  *at<T>(a.loss) = T(by_rows ? softmax_by_rows<T, W>(a, threads) : softmax_by_classes<T, W>(a, threads));
}

}  // namespace unrolled::UNROLLED_ISA
