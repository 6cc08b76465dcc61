// Sampling a token from logits, with the distribution of unrolled/decoding/sampling.py.
#pragma once
#include <string>
#include <vector>

#include "runtime/generator.h"
#include "runtime/kernels.h"

namespace unrolled::runtime {

struct Sampling {
  double temperature = 1;  // 0: the most probable token, the first of equals
  long top_k = 0;          // 0: all tokens
  double top_p = 1;
};

// Throws ConfigError for options out of range. `row` names the row in messages, such as " of row 3".
void check_sampling(const Sampling& options, const std::string& row);

class Sampler {
 public:
  // Make room for a vocabulary; the other calls allocate nothing. Tokens in `banned` are never sampled. Throws
  // ConfigError if one is not in the vocabulary, or none is left.
  void prepare(const Kernels& kernels, long vocabulary, std::vector<int64_t> banned);
  // Sample one token. Throws NonFiniteError if a logit or probability is not finite.
  long sample(const float* logits, const Sampling& options, Generator& generator);
  // Write the probabilities of all tokens.
  void distribution(const float* logits, const Sampling& options, double* p);

 private:
  // Candidates: the first count_ tokens of order_, or all tokens in their own order; their weights add up to total_.
  void find_candidates(const float* logits, const Sampling& options);
  void keep_first(long k);
  void keep_mass(double share);
  long token(long candidate) const { return ordered_ ? order_[candidate] : candidate; }

  const Kernels* kernels_ = nullptr;
  long vocabulary_ = 0, count_ = 0;
  bool ordered_ = false;
  double total_ = 0;
  std::vector<int64_t> banned_;
  std::vector<float> logits_;
  std::vector<double> weight_;
  std::vector<int> order_;
};

}  // namespace unrolled::runtime
