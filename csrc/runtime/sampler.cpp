#include "runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "runtime/errors.h"

namespace unrolled::runtime {

namespace {

[[noreturn]] void fail_not_finite() {
  throw NonFiniteError(
      "the model gives no finite probabilities: its weights are damaged, or its training diverged; restore them from a "
      "copy, or train again with a smaller lr");
}

void require(bool condition, const std::string& text) {
  if (!condition) throw ConfigError(text);
}

void check_banned(const std::vector<int64_t>& tokens, long vocabulary) {
  std::vector<char> banned(std::size_t(vocabulary), 0);
  for (int64_t token : tokens) {
    require(token >= 0 && token < vocabulary, "banned: token " + std::to_string(token) + " is not one of the " +
                                                  std::to_string(vocabulary) + " tokens");
    banned[std::size_t(token)] = 1;
  }
  require(std::count(banned.begin(), banned.end(), 1) < vocabulary, "banned: no token is left");
}

}  // namespace

void check_sampling(const Sampling& options, const std::string& row) {
  require(options.temperature >= 0 && options.temperature <= std::numeric_limits<double>::max(),
          "temperature=" + std::to_string(options.temperature) + row + ": must be a finite number, at least 0");
  require(options.top_k >= 0, "top_k=" + std::to_string(options.top_k) + row + ": must not be negative");
  require(options.top_p > 0 && options.top_p <= 1,
          "top_p=" + std::to_string(options.top_p) + row + ": must be in (0, 1]");
}

void Sampler::prepare(const Kernels& kernels, long vocabulary, std::vector<int64_t> banned) {
  check_banned(banned, vocabulary);
  banned_ = std::move(banned);
  kernels_ = &kernels;
  vocabulary_ = vocabulary;
  logits_.assign(std::size_t(padded(vocabulary)), -std::numeric_limits<float>::infinity());
  weight_.resize(std::size_t(padded(vocabulary)));
  order_.resize(std::size_t(vocabulary));
}

long Sampler::sample(const float* logits, const Sampling& options, Generator& generator) {
  find_candidates(logits, options);
  const double target = generator.uniform() * total_;
  double sum = 0;
  long last = 0;  // with a weight above zero: taken if rounding leaves the sum below the target
  for (long k = 0; k < count_; ++k) {
    const double weight = weight_[std::size_t(token(k))];
    if (weight > 0) last = k;
    sum += weight;
    if (sum > target) return token(k);
  }
  return token(last);
}

void Sampler::distribution(const float* logits, const Sampling& options, double* p) {
  find_candidates(logits, options);
  std::fill(p, p + vocabulary_, 0.0);
  for (long k = 0; k < count_; ++k) p[token(k)] = weight_[std::size_t(token(k))] / total_;
}

void Sampler::find_candidates(const float* logits, const Sampling& options) {
  std::copy(logits, logits + vocabulary_, logits_.begin());
  for (int64_t token : banned_) logits_[std::size_t(token)] = -std::numeric_limits<float>::infinity();
  const float largest = kernels_->largest(logits_.data(), vocabulary_);
  if (!std::isfinite(largest)) fail_not_finite();
  if (options.temperature == 0) {
    ordered_ = true;
    count_ = 1;
    order_[0] = int(std::find(logits_.begin(), logits_.end(), largest) - logits_.begin());
    total_ = weight_[std::size_t(order_[0])] = 1;
    return;
  }
  ordered_ = false;
  count_ = vocabulary_;
  total_ = kernels_->exponentials(weight_.data(), logits_.data(), largest, options.temperature, padded(vocabulary_));
  if (options.top_k && options.top_k < vocabulary_) keep_first(options.top_k);
  if (options.top_p < 1) keep_mass(options.top_p);
}

// Keep the k most probable tokens, the first of equals, in that order.
void Sampler::keep_first(long k) {
  const auto before = [this](int a, int b) {
    return weight_[std::size_t(a)] != weight_[std::size_t(b)] ? weight_[std::size_t(a)] > weight_[std::size_t(b)] : a < b;
  };
  std::iota(order_.begin(), order_.end(), 0);
  std::nth_element(order_.begin(), order_.begin() + k, order_.end(), before);
  std::sort(order_.begin(), order_.begin() + k, before);
  ordered_ = true;
  count_ = k;
  total_ = 0;
  for (long c = 0; c < k; ++c) total_ += weight_[std::size_t(order_[std::size_t(c)])];
}

// Keep the most probable candidates up to the first whose predecessors reach this share.
void Sampler::keep_mass(double share) {
  const auto after = [this](int a, int b) {
    return weight_[std::size_t(a)] != weight_[std::size_t(b)] ? weight_[std::size_t(a)] < weight_[std::size_t(b)] : a > b;
  };
  if (!ordered_) std::iota(order_.begin(), order_.end(), 0);
  ordered_ = true;
  // A heap gives the candidates in order without sorting those that are not kept.
  const auto begin = order_.begin();
  std::make_heap(begin, begin + count_, after);
  double sum = 0;
  long kept = 0;
  for (; kept < count_; ++kept) {
    const double weight = weight_[std::size_t(order_[0])];
    if (kept && sum >= share * total_) break;
    sum += weight;
    std::pop_heap(begin, begin + (count_ - kept), after);
  }
  // pop_heap moved the kept ones to the end, the most probable last.
  std::reverse(begin, begin + count_);
  count_ = kept;
  total_ = sum;
}

}  // namespace unrolled::runtime
