#include "runtime/interpreter.h"

#include <algorithm>
#include <cstring>

namespace unrolled::runtime {

void Interpreter::prepare(long rows, const std::vector<float*>& states) {
  // Whole vectors are read from the last number of a value on: room for one more.
  const long work = std::max({engine_.code(0).work, engine_.code(1).work, engine_.code(2).work});
  rows = std::min(rows, most_rows_);
  const long bytes = (work * rows + padding) * long(sizeof(float));
  if (bytes > work_.bytes()) work_ = Memory(bytes);
  for (int listing : {0, 1, 2}) {
    const std::vector<Value>& values = engine_.code(listing).values;
    views_[listing].clear();
    first_[listing] = 0;
    for (const Value& value : values) {
      const Value& root = values[std::size_t(value.root)];
      float* data = nullptr;
      if (root.space == Space::work) data = work_.floats() + root.at * rows;
      if (root.space == Space::state) data = states[std::size_t(root.at)];
      if (root.space == Space::constant) data = const_cast<float*>(engine_.constant(int(root.at)));  // only read
      views_[listing].push_back({data + value.begin, root.space == Space::constant ? 0 : padded(root.size)});
    }
  }
}

void Interpreter::run(const StepInputs& inputs, Rows rows) {
  order_ = 1 - order_;
  run_listing(order_, inputs, rows);
}

void Interpreter::refresh(Rows rows) { run_listing(2, {}, rows); }

void Interpreter::run_listing(int listing, const StepInputs& inputs, Rows rows) {
  listing_ = listing;
  if (first_[listing] != rows.first) move_views(listing, rows.first);
  for (const Instruction& instruction : engine_.code(listing).instructions) run(instruction, inputs, rows);
}

// The work space has room for the rows of one call only: the views of states move alone.
void Interpreter::move_views(int listing, long first) {
  const std::vector<Value>& values = engine_.code(listing).values;
  for (std::size_t k = 0; k < values.size(); ++k) {
    View& view = views_[listing][k];
    if (values[k].space == Space::state) view.data += (first - first_[listing]) * view.stride;
  }
  first_[listing] = first;
}

// Call f(row, y, a, b, c) with the rows of the result and the operands.
template <class F>
void Interpreter::each_row(const Instruction& i, long rows, F&& f) {
  const std::vector<View>& views = views_[listing_];
  const View y = views[i.out];
  View in[3];
  for (int k = 0; k < 3; ++k)
    if (i.in[k] >= 0) in[k] = views[i.in[k]];
  for (long r = 0; r < rows; ++r)
    f(r, y.data + r * y.stride, in[0].data + r * in[0].stride, in[1].data + r * in[1].stride,
      in[2].data + r * in[2].stride);
}

void Interpreter::run(const Instruction& i, const StepInputs& inputs, Rows rows) {
  using Row = float*;
  const Kernels& kernels = engine_.kernels();
  const long n = i.n, whole = padded(i.n);
  const std::size_t bytes = std::size_t(n) * sizeof(float);
  switch (i.code) {
    case Code::input: {
      const float* from = inputs.inputs[i.which] + rows.first * n;
      return each_row(i, rows.count, [&](long r, Row y, Row, Row, Row) { std::memcpy(y, from + r * n, bytes); });
    }
    case Code::copy: return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { std::memcpy(y, a, bytes); });
    case Code::fill: return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { kernels.fill(y, a, whole); });
    case Code::lookup: {
      const int64_t* tokens = inputs.tokens[i.variant] + rows.first;
      return each_row(i, rows.count, [&](long r, Row y, Row, Row, Row) {
        std::memcpy(y, engine_.table_row(i.which, tokens[r]), bytes);
      });
    }
    case Code::one_hot: {
      const int64_t* tokens = inputs.tokens[i.variant] + rows.first;
      return each_row(i, rows.count, [&](long r, Row y, Row, Row, Row) {
        std::memset(y, 0, bytes);
        y[tokens[r]] = 1;
      });
    }
    case Code::unary: {
      const auto f = kernels.unary[i.which];
      return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { f(y, a, whole); });
    }
    case Code::binary: {
      const auto f = kernels.binary[i.which][i.variant];
      return each_row(i, rows.count, [&](long, Row y, Row a, Row b, Row) { f(y, a, b, whole); });
    }
    case Code::where:
      return each_row(i, rows.count, [&](long, Row y, Row a, Row b, Row c) { kernels.where(y, a, b, c, whole); });
    case Code::prepare: {
      const auto f = engine_.arithmetic().prepare;
      return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { f(a, reinterpret_cast<char*>(y), n); });
    }
    case Code::product: {
      const std::vector<View>& views = views_[listing_];
      const View v = views[i.in[0]], y = views[i.out], added = i.in[1] < 0 ? View{} : views[i.in[1]];
      return engine_.arithmetic().product({&engine_.matrix(i.which), reinterpret_cast<const char*>(v.data),
                                           v.stride * long(sizeof(float)), engine_.constant(i.bias), added.data,
                                           added.stride, y.data, y.stride, rows.count, listing_ == even});
    }
    case Code::layer_norm: {
      const float *gain = engine_.constant(i.gain), *bias = engine_.constant(i.bias);
      return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { kernels.layer_norm(y, a, gain, bias, i.epsilon, n); });
    }
    case Code::sum: return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { *y = kernels.sum(a, n); });
    case Code::largest: return each_row(i, rows.count, [&](long, Row y, Row a, Row, Row) { *y = kernels.largest(a, n); });
  }
}

}  // namespace unrolled::runtime
