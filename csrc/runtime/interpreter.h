// Runs the instructions of an engine on a few rows at a time. Knows no states over time: see stream.h.
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

// Rows that go through all instructions together. The values of few stay in the second-level cache from one
// instruction to the next. Weights that do not fit it are read from memory once for all of them: then, more rows.
constexpr long small_weights = 3l << 19;  // bytes
constexpr long rows_with_small_weights = 24, rows_with_large_weights = 96;  // multiples of a product's row_block

struct Rows {
  long first, count;
};

class Interpreter {
 public:
  explicit Interpreter(const Engine& engine)
      : engine_(engine),
        most_rows_(engine.step_bytes() <= small_weights ? rows_with_small_weights : rows_with_large_weights) {}

  // The largest number of rows of one call.
  long most_rows() const { return most_rows_; }
  // Set the number of rows and the memory of the states: one block (rows, padded size) for each state.
  void prepare(long rows, const std::vector<float*>& states);
  // Compute one step of some rows.
  void run(const StepInputs& inputs, Rows rows);
  // Compute the carried product of some rows.
  void refresh(Rows rows);
  // The instructions that the last call has used.
  const Listing& code() const { return engine_.code(listing_); }
  // Row of one of their values; one of the rows of the last call.
  const float* row(int value, long row) const {
    const View& view = views_[listing_][value];
    return view.data + (row - first_[listing_]) * view.stride;
  }
  long bytes() const { return work_.bytes(); }

 private:
  struct View {
    float* data = nullptr;  // of the first row of the last call
    long stride = 0;
  };
  template <class F>
  void each_row(const Instruction& i, long rows, F&& f);
  void move_views(int listing, long first);
  void run_listing(int listing, const StepInputs& inputs, Rows rows);
  void run(const Instruction& i, const StepInputs& inputs, Rows rows);

  const Engine& engine_;
  const long most_rows_;
  Memory work_;
  std::vector<View> views_[3];  // of each value of each listing
  long first_[3] = {};          // their first row
  int order_ = 1, listing_ = 0;
};

}  // namespace unrolled::runtime
