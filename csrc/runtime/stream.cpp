#include "runtime/stream.h"

#include <algorithm>
#include <cstring>

#include "runtime/errors.h"

namespace unrolled::runtime {

namespace {

std::size_t bytes_of(long numbers) { return std::size_t(numbers) * sizeof(float); }

}  // namespace

Stream::Use::Use(Stream& stream) : stream_(stream) {
  if (stream.busy_.test_and_set(std::memory_order_acquire))
    throw StreamError("the stream is in use by another thread: give each thread its own, with copy() or stream()");
}

Stream::Stream(std::shared_ptr<const Engine> engine, long rows)
    : engine_(std::move(engine)), interpreter_(*engine_) {
  step_.inputs.resize(engine_->program().inputs.size());
  step_.tokens.resize(engine_->program().tokens.size());
  if (rows < 0 || rows > most_rows)
    throw ShapeError("batch=" + std::to_string(rows) + ": must be between 0 and " + std::to_string(most_rows));
  rearrange(std::vector<long>(std::size_t(rows), -1));
}

Stream::Stream(const Stream& other) : Stream(other.engine_, other.rows_) {
  std::memcpy(states_.data(), other.states_.data(), std::size_t(states_.bytes()));
  std::memcpy(outputs_->data(), other.outputs_->data(), std::size_t(outputs_->bytes()));
  stepped_ = other.stepped_;
  generators_ = other.generators_;
  stale_ = other.stale_;
}

Stream::Stream(const Stream& other, const std::vector<long>& rows) : Stream(other.engine_, 0) {
  std::vector<Origin> from;
  for (long row : rows) {
    other.check_row(row, 0);
    from.push_back({&other, row});
  }
  set_rows(from);
}

void Stream::rearrange(const std::vector<long>& from) {
  std::vector<Origin> origins;
  for (long row : from) {
    check_row(row, -1);
    origins.push_back({this, row});
  }
  set_rows(origins);
}

void Stream::extend(const Stream& other) {
  if (other.engine_ != engine_)
    throw StreamError("extend: the other stream runs on another engine: rows can move between streams of one engine");
  std::vector<Origin> from;
  for (long row = 0; row < rows_; ++row) from.push_back({this, row});
  for (long row = 0; row < other.rows_; ++row) from.push_back({&other, row});
  set_rows(from);
}

void Stream::check_row(long row, long least) const {
  if (row < least || row >= rows_)
    throw ShapeError("row " + std::to_string(row) + " is not one of the " + std::to_string(rows_) + " rows");
}

void Stream::set_rows(const std::vector<Origin>& from) {
  const long rows = long(from.size());
  if (rows > most_rows) throw ShapeError("a stream has at most " + std::to_string(most_rows) + " rows");
  const Program& program = engine_->program();
  long states = padding, outputs = padding;  // numbers; whole vectors are read from the last one on
  for (const StateSlot& state : program.states) states += padded(state.size) * rows;
  for (std::size_t k = 0; k < program.outputs.size(); ++k) outputs += padded(output_size(int(k))) * rows;
  Memory new_states{long(bytes_of(states))};
  auto new_outputs = std::make_shared<Memory>(long(bytes_of(outputs)));
  std::vector<float*> state, output;
  float* at = new_states.floats();
  for (std::size_t k = 0; k < program.states.size(); ++k) {
    const long size = padded(state_size(int(k)));
    state.push_back(at);
    for (const Origin& old : from) {
      if (old.row < 0) std::fill(at, at + size, program.states[k].initial);
      else std::memcpy(at, old.stream->state(int(k), old.row), bytes_of(size));
      at += size;
    }
  }
  at = new_outputs->floats();
  for (std::size_t k = 0; k < program.outputs.size(); ++k) {
    const long size = padded(output_size(int(k)));
    output.push_back(at);
    for (const Origin& old : from) {
      if (old.row >= 0) std::memcpy(at, old.stream->output(int(k), old.row), bytes_of(size));
      at += size;
    }
  }
  std::vector<char> stepped;
  std::vector<Generator> generators;
  bool stale = false;
  for (std::size_t r = 0; r < from.size(); ++r) {
    const Stream& old = *from[r].stream;
    const std::size_t row = std::size_t(from[r].row);
    const bool starts = from[r].row < 0;
    stepped.push_back(starts ? 0 : old.stepped_[row]);
    generators.push_back(starts ? Generator(0, r) : old.generators_[row]);
    stale = stale || starts || old.stale_;
  }
  interpreter_.prepare(rows, state);
  states_ = std::move(new_states);
  outputs_ = std::move(new_outputs);
  state_ = std::move(state);
  output_ = std::move(output);
  stepped_ = std::move(stepped);
  generators_ = std::move(generators);
  active_.assign(std::size_t(rows), 1);
  tokens_.assign(program.tokens.size(), std::vector<int64_t>(std::size_t(rows), 0));
  for (std::size_t k = 0; k < tokens_.size(); ++k) step_.tokens[k] = tokens_[k].data();
  rows_ = rows;
  stale_ = stale;
}

void Stream::reset(long row) {
  for (std::size_t k = 0; k < state_.size(); ++k)
    std::fill(state(int(k), row), state(int(k), row) + state_size(int(k)), engine_->program().states[k].initial);
  for (std::size_t k = 0; k < output_.size(); ++k)
    std::fill(output(int(k), row), output(int(k), row) + output_size(int(k)), 0.0f);
  stepped_[std::size_t(row)] = 0;
  states_changed();
}

void Stream::write_output(int number, const float* from) {
  const long size = output_size(number);
  for (long r = 0; r < rows_; ++r) std::memcpy(output(number, r), from + r * size, bytes_of(size));
  std::fill(stepped_.begin(), stepped_.end(), 1);
}

void Stream::seed(const std::vector<uint64_t>& seeds) {
  if (seeds.size() != 1 && long(seeds.size()) != rows_)
    throw ShapeError("seed: got " + std::to_string(seeds.size()) + " seeds for " + std::to_string(rows_) + " rows");
  for (std::size_t r = 0; r < generators_.size(); ++r)
    generators_[r] = seeds.size() == 1 ? Generator(seeds[0], r) : Generator(seeds[r], 0);
}

void Stream::run(const Run& run, const Poll& poll) {
  check_tokens(run);
  for (long t = 0; t < run.steps; ++t) {
    poll(t);
    take_inputs(run, t);
    step();
    for (std::size_t k = 0; k < run.outputs.size(); ++k) {
      if (!run.outputs[k]) continue;
      const long size = output_size(int(k));
      float* to = run.outputs[k] + t * rows_ * size;
      for (long r = 0; r < rows_; ++r, to += size) {
        if (active_[std::size_t(r)]) std::memcpy(to, output(int(k), r), bytes_of(size));
        else std::fill(to, to + size, 0.0f);
      }
    }
  }
}

void Stream::take_inputs(const Run& run, long t) {
  for (long r = 0; r < rows_; ++r) active_[std::size_t(r)] = !run.lengths || t < run.lengths[r];
  for (std::size_t k = 0; k < step_.inputs.size(); ++k)
    step_.inputs[k] = run.inputs.inputs[k] + t * rows_ * engine_->program().inputs[k].number;
  for (std::size_t k = 0; k < tokens_.size(); ++k)
    for (long r = 0; r < rows_; ++r)  // past the end of a row there may be any number
      tokens_[k][std::size_t(r)] = active_[std::size_t(r)] ? run.inputs.tokens[k][t * rows_ + r] : 0;
}

void Stream::step_token(int64_t token) {
  check_token(0, token);
  tokens_[0][0] = token;
  active_[0] = 1;
  step();
}

void Stream::step_vector(const float* input) {
  step_.inputs[0] = input;
  active_[0] = 1;
  step();
}

template <class F>
void Stream::each_block(F&& f) {
  const long most = interpreter_.most_rows();
  for (long first = 0; first < rows_; first += most) f(Rows{first, std::min(rows_ - first, most)});
}

// Compute the carried product from the states, which were changed by something other than a step.
void Stream::refresh() {
  if (engine_->carries())
    each_block([this](Rows rows) {
      interpreter_.refresh(rows);
      for (long r = rows.first; r < rows.first + rows.count; ++r) commit_states(r);
    });
  stale_ = false;
}

// One step of the active rows. Others of the same block are computed too, and their results dropped.
void Stream::step() {
  if (stale_) refresh();
  each_block([this](Rows rows) {
    const auto begin = active_.begin() + rows.first, end = begin + rows.count;
    if (rows.count < rows_ && std::find(begin, end, 1) == end) return;
    interpreter_.run(step_, rows);
    for (long r = rows.first; r < rows.first + rows.count; ++r)
      if (active_[std::size_t(r)]) commit(r);
  });
}

void Stream::commit(long row) {
  const Listing& code = interpreter_.code();
  for (const Commit& c : code.outputs)
    std::memcpy(output(c.target, row), interpreter_.row(c.value, row), bytes_of(output_size(c.target)));
  commit_states(row);
  stepped_[std::size_t(row)] = 1;
}

void Stream::commit_states(long row) {
  for (const Commit& c : interpreter_.code().states)
    std::memcpy(state(c.target, row), interpreter_.row(c.value, row), bytes_of(state_size(c.target)));
}

void Stream::check_token(std::size_t input, int64_t token) const {
  const Named& known = engine_->program().tokens[input];
  if (token < 0 || token >= known.number)
    throw ShapeError("token '" + known.name + "': " + std::to_string(token) + " is not one of its " +
                     std::to_string(known.number) + " values");
}

void Stream::check_tokens(const Run& run) const {
  for (std::size_t k = 0; k < tokens_.size(); ++k)
    for (long t = 0; t < run.steps; ++t)
      for (long r = 0; r < rows_; ++r)
        if (!run.lengths || t < run.lengths[r]) check_token(k, run.inputs.tokens[k][t * rows_ + r]);
}

}  // namespace unrolled::runtime
