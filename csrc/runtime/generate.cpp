// Generation: sample a token for each row, feed it to the next step, and so on.
#include <algorithm>

#include "runtime/errors.h"
#include "runtime/stream.h"

namespace unrolled::runtime {

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
  check_sampling(g.sampling, vocabulary);
}

long Stream::generate(const Generation& g, const Poll& poll) {
  check_generation(g);
  sampler_.prepare(engine_->kernels(), output_size(g.output));
  std::fill(active_.begin(), active_.end(), 1);
  if (!rows_) return 0;
  for (long n = 0; n < g.count; ++n) {
    poll(n);
    bool any = false;
    for (long r = 0; r < rows_; ++r) {
      const std::size_t row = std::size_t(r);
      if (active_[row]) {
        const long token = sampler_.sample(output(g.output, r), g.sampling, generators_[row]);
        tokens_[0][row] = token;
        if (token == g.stop) active_[row] = 0;
      }
      g.ids[n * rows_ + r] = tokens_[0][row];
      any = any || active_[row];
    }
    if (!any) return n + 1;
    step();
  }
  return g.count;
}

}  // namespace unrolled::runtime
