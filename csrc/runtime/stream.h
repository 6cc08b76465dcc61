// Some rows (sequences) that run through an engine step by step: their states, their last outputs and their random
// numbers. All memory is allocated when the number of rows changes; a step allocates nothing.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "runtime/interpreter.h"
#include "runtime/sampler.h"

namespace unrolled::runtime {

constexpr long most_rows = 1 << 20;

// Steps of all rows. Inputs are (T, B, size), tokens (T, B).
struct Run {
  long steps = 0;
  StepInputs inputs;
  const int64_t* lengths = nullptr;  // (B), or null for T
  std::vector<float*> outputs;       // (T, B, size), zero past the end of a row; null: not wanted
};

// Called between two steps of a long call, which it may end by throwing: the steps before it are done.
struct Poll {
  void (*call)() = nullptr;
  long every = 1;  // steps
  void operator()(long step) const {
    if (call && step && step % every == 0) call();
  }
};

// An option of every row: one value for all, or one for each.
template <class T>
struct PerRow {
  std::vector<T> values;
  T operator[](long row) const { return values[values.size() == 1 ? 0 : std::size_t(row)]; }
};

struct Generation {
  int output = 0;                // number of the output with the logits
  PerRow<long> count;            // largest number of tokens
  PerRow<double> temperature{{1.0}}, top_p{{1.0}};
  PerRow<long> top_k{{0}};
  std::vector<int64_t> banned;   // tokens that are never sampled
  int64_t stop = -1;             // token that ends a row, or -1
  int64_t* ids = nullptr;        // (longest(), B); `stop` past the end of a row
  int64_t* generated = nullptr;  // (B) number of tokens that each row got
  bool skip_broken = false;      // end rows without finite probabilities, with -1 as their number, instead of throwing

  Sampling sampling(long row) const { return {temperature[row], top_k[row], top_p[row]}; }
  long longest() const;  // largest count of a row
};

class Stream {
 public:
  Stream(std::shared_ptr<const Engine> engine, long rows);
  Stream(const Stream& other);
  // Copies of these rows of another stream. Throws ShapeError.
  Stream(const Stream& other, const std::vector<long>& rows);

  const Engine& engine() const { return *engine_; }
  long rows() const { return rows_; }
  long bytes() const { return states_.bytes() + outputs_->bytes() + interpreter_.bytes(); }
  float* state(int number, long row) const { return state_[number] + row * padded(state_size(number)); }
  float* output(int number, long row) const { return output_[number] + row * padded(output_size(number)); }
  long state_size(int number) const { return engine_->program().states[number].size; }
  long output_size(int number) const { return engine_->code(0).values[engine_->code(0).outputs[number].value].size; }
  // Memory of the last outputs. Shared, so that a view of it outlives a change of the rows.
  std::shared_ptr<const Memory> outputs() const { return outputs_; }

  void run(const Run& run, const Poll& poll);
  // One step of a single row of a program with one token input and no other inputs.
  void step_token(int64_t token);
  // One step of a single row of a program with one input and no tokens.
  void step_vector(const float* input);
  // Sample tokens, feeding each to the next step. A row ends after its count, or with `stop`, which it is not fed.
  // Returns the largest number of tokens that a row got.
  long generate(const Generation& g, const Poll& poll);
  void seed(const std::vector<uint64_t>& seeds);  // one for all rows, or one for each

  void reset(long row);
  // Set an output of every row to (B, size) numbers, as if a step had computed it; generate() then samples from it.
  void write_output(int number, const float* from);
  // The states were changed from outside: call before the next step.
  void states_changed() { stale_ = true; }
  // Rearrange the rows: for each new row the number of an old one, or -1 for one that starts. Throws ShapeError.
  void rearrange(const std::vector<long>& from);
  // Add copies of all rows of a stream of the same engine, which may be this one. Throws StreamError, ShapeError.
  void extend(const Stream& other);

  // Marks the stream as in use by this thread. Throws StreamError if another thread uses it.
  class Use {
   public:
    explicit Use(Stream& stream);
    ~Use() { stream_.busy_.clear(std::memory_order_release); }
    Use(const Use&) = delete;

   private:
    Stream& stream_;
  };

 private:
  // A row of this or another stream of the same engine; -1: one that starts.
  struct Origin {
    const Stream* stream;
    long row;
  };
  void check_row(long row, long least) const;
  void set_rows(const std::vector<Origin>& from);
  void check_token(std::size_t input, int64_t token) const;
  void check_tokens(const Run& run) const;
  void check_generation(const Generation& g) const;
  void take_inputs(const Run& run, long step);
  void step();
  void refresh();
  template <class F>
  void each_block(F&& f);  // calls f with the rows that the interpreter runs together
  void commit(long row);
  void commit_states(long row);

  std::shared_ptr<const Engine> engine_;
  long rows_ = 0;
  Memory states_;
  std::shared_ptr<Memory> outputs_;
  std::vector<float*> state_, output_;  // first row of each
  std::vector<char> stepped_, active_;  // of each row: whether it has outputs; whether it takes part in the step
  std::vector<Generator> generators_;
  bool stale_ = true;  // the carried product is not that of the states
  std::vector<std::vector<int64_t>> tokens_;  // of this step, for each token input
  Interpreter interpreter_;
  StepInputs step_;
  Sampler sampler_;
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace unrolled::runtime
