// Softmax cross-entropy of y = h Vᵀ + c, with its gradients, without ever holding all of y.
//
// Rows come in chunks; of a chunk, y is computed transposed (classes × rows), so that every loop over classes
// is a vector over rows and every operand of the products lies as it is needed. Classes are dealt to the
// threads in blocks. A block keeps e = exp(y − m) with its own maxima m, and what is missing of the softmax,
// exp(m − max) / Σ, is a factor for each row and block, known when all blocks are through.
#pragma once
#include "args.h"
#include "arithmetic/gemm.h"
#include "arithmetic/parallel.h"

namespace unrolled::UNROLLED_ISA {

template <class T, class W>
struct Softmax {
  static constexpr bool plain = same<W, T>;
  static constexpr long NR = panel_columns<W>, chunk_bytes = long(16) << 20, most_classes = 192;

  const SoftmaxArgs& a;
  const long N, F, V, Fw;
  const int threads;
  const long classes, blocks;  // of a block, and how many blocks
  const long rows;             // of a chunk, at most
  const bool gradients;
  const long Fp = padded<T>(F), Fwp = padded<W>(Fw), Rp = padded<T>(rows), Rwp = padded<W>(words<W, T>(rows));

  W* h_packed = nullptr;         // panels of rows
  T *e = nullptr, *maxima, *sums, *factor, *target;  // (V, rows), (blocks, rows) twice, (rows) twice
  T *smooth, *total, *largest, *rate;                // (threads, rows), (rows) thrice
  T* weight_sum = nullptr;                           // (F): Σ_v V, label smoothing
  T* h_sum = nullptr;                                // (F): Σ_r w h, label smoothing
  struct Scratch {
    W *weight, *weight_right, *scaled, *left;
    T *y, *dh, *rows, *factor;
  };
  Scratch* scratch;

  static long rows_of_chunk(const SoftmaxArgs& a, long most_lines) {
    const long most = chunk_bytes / (a.V * long(sizeof(T))) / 16, lines = (a.N + 15) / 16;
    const long limit = most < 2 ? 2 : most > most_lines ? most_lines : most, chunks = (lines + limit - 1) / limit;
    return (lines + chunks - 1) / chunks * 16;
  }
  static long classes_of_block(const SoftmaxArgs& a, int threads) {
    const long each = (a.V + threads - 1) / threads, rounded = (each + tile_rows - 1) / tile_rows * tile_rows;
    return rounded < most_classes ? rounded : most_classes;
  }

  Softmax(const SoftmaxArgs& args, int asked, long most_lines = 32)
      : a(args), N(args.N), F(args.F), V(args.V), Fw(words<W, T>(args.F)), threads(asked),
        classes(classes_of_block(args, asked)), blocks((args.V + classes - 1) / classes),
        rows(rows_of_chunk(args, most_lines)), gradients(args.dh) {}

  void measure(Measure& m) {
    const auto add = [&](auto*& p, long n) { m.add<std::remove_reference_t<decltype(*p)>>(std::size_t(n)); };
    memory(add);
    Scratch none;
    for (int k = 0; k < threads; ++k) memory_of_thread(none, add);
  }
  template <class Space>
  void take(Space& space) {
    const auto hand = [&](auto*& p, long n) {
      p = space.template take<std::remove_reference_t<decltype(*p)>>(std::size_t(n));
    };
    memory(hand);
    for (int k = 0; k < threads; ++k) memory_of_thread(scratch[k], hand);
  }

  template <class Take>
  void memory(Take&& take) {
    take(h_packed, packed_size<W>(Fw, rows));
    if (gradients) take(e, V * Rp);
    take(maxima, blocks * Rp);
    take(sums, blocks * Rp);
    take(factor, Rp);
    take(target, Rp);
    take(smooth, threads * Rp);
    take(total, Rp);
    take(largest, Rp);
    take(rate, Rp);
    take(weight_sum, Fp);
    take(h_sum, Fp);
    take(scratch, threads);
  }
  template <class Take>
  void memory_of_thread(Scratch& s, Take&& take) {
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

  // y of one block of classes, transposed; then maxima, e, and sums of it.
  void first_pass(int rank, int count, long n0, long n) const {
    const Scratch& own = scratch[rank];
    T* smoothed = smooth + rank * Rp;
    __builtin_memset(smoothed, 0, Rp * sizeof(T));
    for (long block = blocks * rank / count; block < blocks * (rank + 1) / count; ++block) {
      const long v0 = block * classes, size = V - v0 < classes ? V - v0 : classes;
      for (long v = 0; v < size; ++v) to_words(own.weight + v * Fwp, weight_row(v0 + v), F);
      T* y = gradients ? e + v0 * Rp : own.y;
      multiply<W, false>(size, n, Fw, own.weight, Fwp, {h_packed, NR, NR * Fw}, {y, Rp});
      for (long r = 0; r < n; ++r) {
        const long wanted = at<const int64_t>(a.targets)[n0 + r] - v0;
        if (wanted >= 0 && wanted < size && !ignored(n0 + r)) target[r] = y[wanted * Rp + r] + bias(v0 + wanted);
      }
      exponentials(y, v0, size, n, maxima + block * Rp, sums + block * Rp, smoothed);
    }
  }

  void exponentials(T* y, long v0, long size, long n, T* maximum, T* sum, T* smoothed) const {
    for (long r = 0; r < n; r += lanes<T>) {
      Vec<T> most = load(y + r) + bias(v0), all{};
      for (long v = 0; v < size; ++v) {
        const Vec<T> value = load(y + v * Rp + r) + bias(v0 + v);
        most = value > most ? value : most;
        all += value;
      }
      // Classes may be masked by -inf; a block of nothing else sums to zero.
      const Vec<T> base = most > splat(T(-__builtin_inf())) ? most : Vec<T>{};
      Vec<T> added{};
      for (long v = 0; v < size; ++v) {
        const Vec<T> value = exp<T>(load(y + v * Rp + r) + (bias(v0 + v) - base));
        store(y + v * Rp + r, value);
        added += value;
      }
      store(maximum + r, most);
      store(sum + r, added);
      if (a.smoothing != 0) store(smoothed + r, load(smoothed + r) + all);
    }
  }

  // Losses of the chunk's rows, and the factor 1/Σ times the row's weight.
  double losses(long n0, long n, int count) const {
    double loss = 0;
    T* nats = at<T>(a.nats);
    for (long r = 0; r < n; r += lanes<T>) {
      Vec<T> most = load(maxima + r), all{};
      for (long b = 1; b < blocks; ++b) {
        const Vec<T> m = load(maxima + b * Rp + r);
        most = m > most ? m : most;
      }
      for (long b = 0; b < blocks; ++b) all += load(sums + b * Rp + r) * exp<T>(load(maxima + b * Rp + r) - most);
      store(largest + r, most);
      store(total + r, all);
    }
    for (long r = 0; r < n; ++r) {
      const long row = n0 + r;
      if (ignored(row)) {
        nats[row] = rate[r] = factor[r] = T(0);
        continue;
      }
      const double log_sum = double(largest[r]) + __builtin_log(double(total[r]));
      const double weight = a.row_weights ? double(at<const T>(a.row_weights)[row]) : 1.0;
      const double own = log_sum - double(target[r]);
      nats[row] = T(own);
      double mean = 0;
      if (a.smoothing != 0) {
        for (int k = 0; k < count; ++k) mean += double(smooth[k * Rp + r]);
        mean /= double(V);
      }
      const double value = (1 - a.smoothing) * own + (a.smoothing != 0 ? a.smoothing * (log_sum - mean) : 0.0);
      if (weight != 0) loss += weight * value;
      rate[r] = T(weight);
      factor[r] = weight != 0 ? T(weight / double(total[r])) : T(0);
    }
    return loss;
  }

  // Gradients of a thread's blocks: of V and c whole, of h a part.
  void second_pass(int rank, int count, long n0, long n, bool add) const {
    const Scratch& own = scratch[rank];
    bool begun = false;
    for (long block = blocks * rank / count; block < blocks * (rank + 1) / count; ++block) {
      const long v0 = block * classes, size = V - v0 < classes ? V - v0 : classes;
      const T* p = e + v0 * Rp;
      for (long r = 0; r < n; r += lanes<T>)
        store(own.factor + r, load(factor + r) * exp<T>(load(maxima + block * Rp + r) - load(largest + r)));
      if (a.dbias) bias_gradient(own, p, v0, size, n, add);
      if (a.dweight) weight_gradient(own, p, v0, size, n0, n, add);
      input_gradient(own, p, v0, size, n, begun);
      begun = true;
    }
    if (!begun) __builtin_memset(own.dh, 0, n * Fp * sizeof(T));
  }

  void bias_gradient(const Scratch& own, const T* p, long v0, long size, long n, bool add) const {
    T* to = at<T>(a.dbias) + v0;
    for (long v = 0; v < size; ++v) {
      Vec<T> sum{};
      for (long r = 0; r < n; r += lanes<T>) sum += load_n(p + v * Rp + r, n - r) * load_n(own.factor + r, n - r);
      to[v] = (add ? to[v] : T(0)) + sum_lanes<T>(sum);
    }
  }

  // dV = (e ⊙ factor) · h: the factor goes to h, which is smaller.
  void weight_gradient(const Scratch& own, const T* p, long v0, long size, long n0, long n, bool add) const {
    constexpr long step = plain ? 1 : 2;
    for (long r = 0; r < n; r += step) {
      for (long k = 0; k < step && r + k < n; ++k) {
        const Vec<T> f = splat(own.factor[r + k]);
        const T* from = h_row(n0 + r + k);
        for (long u = 0; u < F; u += lanes<T>) store_n(own.rows + k * Fp + u, load_n(from + u, F - u) * f, F - u);
      }
      interleave(own.scaled + r / step * Fp, own.rows, r + 1 < n ? own.rows + Fp : nullptr, F);
    }
    const W* left;
    long lda;
    if constexpr (plain) {
      left = p, lda = Rp;
    } else {
      for (long v = 0; v < size; ++v) to_words(own.left + v * Rwp, p + v * Rp, n);
      left = own.left, lda = Rwp;
    }
    multiply<W, false>(size, F, words<W, T>(n), left, lda, {own.scaled, Fp, NR},
                       {at<T>(a.dweight) + v0 * F, F, nullptr, nullptr, add});
  }

  // dh = factor ⊙ (eᵀ · V)
  void input_gradient(const Scratch& own, const T* p, long v0, long size, long n, bool add) const {
    constexpr long step = plain ? 1 : 2;
    const W* left;
    if constexpr (plain) {
      left = p;
    } else {
      for (long v = 0; v < size; v += 2)
        interleave(own.left + v / 2 * Rp, p + v * Rp, v + 1 < size ? p + (v + 1) * Rp : nullptr, n);
      left = own.left;
    }
    for (long v = 0; v < size; v += step)
      interleave(own.weight_right + v / step * Fp, weight_row(v0 + v), v + 1 < size ? weight_row(v0 + v + 1) : nullptr, F);
    multiply<W, true>(n, F, words<W, T>(size), left, Rp, {own.weight_right, Fp, NR},
                      {own.dh, Fp, nullptr, nullptr, add, own.factor});
  }

  // The parts of dh together, and what the target (and smoothing) takes away.
  void gather(int rank, int count, long n0, long n) const {
    const T own_share = T(1 - a.smoothing), each = T(a.smoothing / double(V));
    for (long r = n * rank / count; r < n * (rank + 1) / count; ++r) {
      T* to = at<T>(a.dh) + (n0 + r) * F;
      const bool live = !ignored(n0 + r);
      const T* wanted = live ? weight_row(at<const int64_t>(a.targets)[n0 + r]) : nullptr;
      for (long u = 0; u < F; u += lanes<T>) {
        const long k = F - u;
        Vec<T> d{};
        for (int t = 0; t < count; ++t) d += load_n(scratch[t].dh + r * Fp + u, k);
        if (live) d -= load_n(wanted + u, k) * (rate[r] * own_share);
        if (live && each != T(0)) d -= load_n(weight_sum + u, k) * (rate[r] * each);
        store_n(to + u, d, k);
      }
    }
  }

  // The targets' share of dV and dc: rows of few classes.
  void subtract_targets(long n0, long n) const {
    const T own_share = T(1 - a.smoothing);
    for (long r = 0; r < n; ++r) {
      if (ignored(n0 + r)) continue;
      const long v = at<const int64_t>(a.targets)[n0 + r];
      const T w = rate[r] * own_share;
      if (a.dbias) at<T>(a.dbias)[v] -= w;
      if (a.dweight) {
        T* to = at<T>(a.dweight) + v * F;
        for (long u = 0; u < F; u += lanes<T>)
          store_n(to + u, load_n(to + u, F - u) - load_n(h_row(n0 + r) + u, F - u) * w, F - u);
      }
      if (a.smoothing != 0)
        for (long u = 0; u < F; u += lanes<T>)
          store_n(h_sum + u, load_n(h_sum + u, F - u) + load_n(h_row(n0 + r) + u, F - u) * rate[r], F - u);
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
      int used = 1;
      auto first = [&](int rank, int count) {
        if (rank == 0) used = count;
        first_pass(rank, count, n0, n);
      };
      in_parallel(threads, first);
      loss += losses(n0, n, used);
      if (!gradients) continue;
      const bool add = n0 > 0;
      auto second = [&](int rank, int count) { second_pass(rank, count, n0, n, add); };
      in_parallel(threads, second);
      auto join = [&](int rank, int count) { gather(rank, count, n0, n); };
      in_parallel(threads, join);
      subtract_targets(n0, n);
      for (long r = 0; r < n; ++r) weights += ignored(n0 + r) ? 0.0 : double(rate[r]);
    }
    if (gradients && a.smoothing != 0) smooth_gradients(T(a.smoothing / double(V)), T(weights));
    return loss;
  }

  void smooth_gradients(T each, T weights) {
    auto body = [&](int rank, int count) {
      for (long v = V * rank / count; v < V * (rank + 1) / count; ++v) {
        if (a.dbias) at<T>(a.dbias)[v] -= each * weights;
        if (!a.dweight) continue;
        T* to = at<T>(a.dweight) + v * F;
        for (long u = 0; u < F; u += lanes<T>)
          store_n(to + u, load_n(to + u, F - u) - load_n(h_sum + u, F - u) * each, F - u);
      }
    };
    in_parallel(threads, body);
  }
};

// Threads share the classes.
template <class T, class W>
double softmax_by_classes(const SoftmaxArgs& a, int threads) {
  Softmax<T, W> work(a, threads);
  Measure size;
  work.measure(size);
  Workspace space(size.bytes);
  work.take(space);
  return work.run();
}

// Part of memory that was taken whole.
struct Slice {
  char* next;
  template <class T>
  UNROLLED_INLINE T* take(std::size_t n) {
    char* at = next;
    next += (n * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(at);
  }
};

// Threads share the rows, each with a sum of its own for the gradients of V and c: where there are few classes
// nobody need wait for anybody.
template <class T, class W>
double softmax_by_rows(const SoftmaxArgs& a, int threads) {
  constexpr long most_lines = 16;  // of 16 rows: what one core's caches hold
  const long V = a.V, F = a.F;
  const auto part = [&](int k) {
    SoftmaxArgs own = a;
    const long n0 = a.N * k / threads;
    own.N = a.N * (k + 1) / threads - n0;
    own.h += n0 * a.h_row * sizeof(T);
    own.targets += n0 * sizeof(int64_t);
    own.nats += n0 * sizeof(T);
    if (a.row_weights) own.row_weights += n0 * sizeof(T);
    if (a.dh) own.dh += n0 * F * sizeof(T);
    return own;
  };
  Measure each, all;
  Softmax<T, W>(part(threads - 1), 1, most_lines).measure(each);  // no part has more rows
  const std::size_t bytes = (each.bytes + 63) / 64 * 64;
  all.add<char>(bytes * threads);
  all.add<T>(V * (F + 1) * threads);
  all.add<double>(threads);
  Workspace space(all.bytes + 64 * threads);
  char* const memory = space.take<char>(bytes * threads);
  T* const sums = space.take<T>(V * (F + 1) * threads);
  double* const losses = space.take<double>(threads);
  const auto dweight = [&](int k) { return k ? sums + k * V * (F + 1) : at<T>(a.dweight); };
  const auto dbias = [&](int k) { return k ? sums + k * V * (F + 1) + V * F : at<T>(a.dbias); };
  auto body = [&](int rank, int count) {
    for (int k = rank; k < threads; k += count) {
      SoftmaxArgs own = part(k);
      if (a.dweight) own.dweight.address = reinterpret_cast<uintptr_t>(dweight(k));
      if (a.dbias) own.dbias.address = reinterpret_cast<uintptr_t>(dbias(k));
      Softmax<T, W> work(own, 1, most_lines);
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
  constexpr long few = long(4) << 20;  // bytes of V that each thread may have a copy of
  const bool by_rows = threads > 1 && a.V * a.F * long(sizeof(T)) <= few && a.N >= 64 * threads;
  *at<T>(a.loss) = T(by_rows ? softmax_by_rows<T, W>(a, threads) : softmax_by_classes<T, W>(a, threads));
}

}  // namespace unrolled::UNROLLED_ISA
