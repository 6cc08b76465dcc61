// Runs the instructions of an engine on a number of rows. Knows no states over time: see stream.h.
#pragma once
#include <vector>

#include "runtime/engine.h"

namespace unrolled::runtime {

// Inputs of one step: for each input of the program rows (B, size), for each token input numbers (B), which the
// caller has checked.
struct StepInputs {
  std::vector<const float*> inputs;
  std::vector<const int64_t*> tokens;
};

class Interpreter {
 public:
  explicit Interpreter(const Engine& engine) : engine_(engine) {}

  // Set the number of rows and the memory of the states: one block (rows, padded size) for each state.
  void prepare(long rows, const std::vector<float*>& states);
  // Compute one step of the first `rows` rows.
  void run(const StepInputs& inputs, long rows);
  // Compute the carried product of the first `rows` rows.
  void refresh(long rows);
  // The instructions that the last call has used.
  const Listing& code() const { return engine_.code(listing_); }
  // Row of one of their values.
  const float* row(int value, long row) const {
    const View& view = views_[listing_][value];
    return view.data + row * view.stride;
  }
  long bytes() const { return work_.bytes(); }

 private:
  struct View {
    float* data = nullptr;
    long stride = 0;
  };
  template <class F>
  void each_row(const Instruction& i, long rows, F&& f);
  void run_listing(int listing, const StepInputs& inputs, long rows);
  void run(const Instruction& i, const StepInputs& inputs, long rows);

  const Engine& engine_;
  Memory work_;
  std::vector<View> views_[3];  // of each value of each listing
  int order_ = 1, listing_ = 0;
};

}  // namespace unrolled::runtime
