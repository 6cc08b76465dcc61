// Generation: sample a token for each row, feed it to the next step, and so on.
#include <algorithm>

#include "runtime/errors.h"
#include "runtime/stream.h"

namespace unrolled::runtime {

namespace {

template <class T>
void require_rows(const PerRow<T>& option, const char* name, long rows) {
  const long size = long(option.values.size());
  if (size != 1 && size != rows)
    throw ShapeError(std::string(name) + ": got " + std::to_string(size) + " values for " + std::to_string(rows) +
                     " rows");
}

void check_row(const Generation& g, long row, const std::string& name) {
  check_sampling(g.sampling(row), name);
  if (g.count[row] < 0) throw ConfigError("count=" + std::to_string(g.count[row]) + name + ": must not be negative");
}

void check_rows(const Generation& g, long rows) {
  require_rows(g.count, "count", rows);
  require_rows(g.temperature, "temperature", rows);
  require_rows(g.top_k, "top_k", rows);
  require_rows(g.top_p, "top_p", rows);
  if (g.count.values.size() * g.temperature.values.size() * g.top_k.values.size() * g.top_p.values.size() == 1)
    return check_row(g, 0, "");
  for (long r = 0; r < rows; ++r) check_row(g, r, " of row " + std::to_string(r));
}

}  // namespace

long Generation::longest() const {
  long most = 0;
  for (long n : count.values) most = std::max(most, n);
  return most;
}

void Stream::check_generation(const Generation& g) const {
  const Program& program = engine_->program();
  if (program.tokens.size() != 1 || !program.inputs.empty())
    throw ConfigError("generate needs a program with one token input and no other inputs");
  const long vocabulary = output_size(g.output);
  if (vocabulary != program.tokens[0].number)
    throw ConfigError("generate: output '" + program.outputs[std::size_t(g.output)].name + "' has size " +
                      std::to_string(vocabulary) + ", but there are " + std::to_string(program.tokens[0].number) +
                      " tokens");
  if (g.stop < -1 || g.stop >= vocabulary)
    throw ConfigError("stop=" + std::to_string(g.stop) + ": is neither -1 nor one of the " +
                      std::to_string(vocabulary) + " tokens");
  if (std::count(stepped_.begin(), stepped_.end(), 0))
    throw StreamError("generate needs the logits of a step: run at least one step of every row first");
  check_rows(g, rows_);
}

long Stream::generate(const Generation& g, const Poll& poll) {
  check_generation(g);
  sampler_.prepare(engine_->kernels(), output_size(g.output), g.banned);
  std::fill(active_.begin(), active_.end(), 1);
  std::fill(g.generated, g.generated + rows_, 0);
  const long steps = rows_ ? g.longest() : 0;
  for (long n = 0; n < steps; ++n) {
    poll(n);
    bool any = false;
    for (long r = 0; r < rows_; ++r) {
      const std::size_t row = std::size_t(r);
      int64_t& id = g.ids[n * rows_ + r];
      id = g.stop;
      if (n >= g.count[r]) active_[row] = 0;
      if (!active_[row]) continue;
      try {
        id = tokens_[0][row] = sampler_.sample(output(g.output, r), g.sampling(r), generators_[row]);
      } catch (const NonFiniteError&) {
        if (!g.skip_broken) throw;
        active_[row] = 0;
        g.generated[r] = -1;
        continue;
      }
      ++g.generated[r];
      active_[row] = id != g.stop;
      any = any || active_[row];
    }
    if (!any) break;
    step();
  }
  return rows_ ? std::max<long>(0, *std::max_element(g.generated, g.generated + rows_)) : 0;
}

}  // namespace unrolled::runtime
