// Runs the runtime's kernels with every instruction set of this processor, without Python: products in every
// precision, compared with sums in float64, and elementwise operations. Each array is a separate allocation of its
// exact size, so that AddressSanitizer reports the first byte that is read or written outside.
//
//   drive_runtime [CASES] [SEED]     case k uses the seed SEED + k
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "buffers.h"
#include "runtime/dispatch.h"
#include "runtime/lower.h"
#include "runtime/stream.h"

using drive::Random;
using namespace unrolled::runtime;

namespace {

std::vector<float> random_floats(Random& random, long n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) v = float(random.real(-1, 1));
  return values;
}

void require_near(double ours, double expected, double tolerance, const std::string& what) {
  if (!(std::fabs(ours - expected) <= tolerance))
    throw std::runtime_error(what + ": " + std::to_string(ours) + " instead of " + std::to_string(expected));
}

Operation operation(Op op, long size, std::vector<int> inputs, const char* key = "", const char* weight = "",
                    const char* bias = "") {
  return {op, size, std::move(inputs), key, weight, bias, 0, 0};
}

// y = W x + b for one or several rows, through an engine.
void check_product(Random& random, const Kernels& kernels) {
  const long rows = random.integer(1, 150), columns = random.integer(1, 150), batch = random.integer(1, 40);
  const std::vector<float> w = random_floats(random, rows * columns), b = random_floats(random, rows);
  const std::vector<float> x = random_floats(random, batch * columns);
  Program program;
  program.parameters = {{"W", {{rows, columns}, w.data()}}, {"b", {{rows}, b.data()}}};
  program.inputs = {{"x", columns}};
  program.operations = {operation(Op::input, columns, {}, "x"), operation(Op::linear, rows, {0}, "", "W", "b")};
  program.outputs = {{"y", 1}};
  for (int precision = 0; precision < precisions; ++precision) {
    Stream stream(std::make_shared<Engine>(program, Precision(precision), kernels), batch);
    std::vector<float> y(static_cast<std::size_t>(batch * rows));
    Run run;
    run.steps = 1;
    run.inputs.inputs = {x.data()};
    run.outputs = {y.data()};
    stream.run(run, {});
    const double tolerance = (precision == 0 ? 1e-6 : precision == 1 ? 4e-3 : 8e-3) * double(columns);
    for (long r = 0; r < batch; ++r)
      for (long k = 0; k < rows; ++k) {
        double sum = b[std::size_t(k)];
        for (long c = 0; c < columns; ++c) sum += double(w[std::size_t(k * columns + c)]) * x[std::size_t(r * columns + c)];
        require_near(y[std::size_t(r * rows + k)], sum, tolerance, "product, precision " + std::to_string(precision));
      }
  }
}

// A layer h' = tanh(U h + E[token]) with logits V h, which samples its tokens.
void check_generation(Random& random, const Kernels& kernels) {
  const long hidden = random.integer(1, 70), vocabulary = random.integer(2, 40), batch = random.integer(1, 30);
  const std::vector<float> u = random_floats(random, hidden * hidden), e = random_floats(random, vocabulary * hidden);
  Program program;
  program.parameters = {{"U", {{hidden, hidden}, u.data()}}, {"E", {{vocabulary, hidden}, e.data()}}};
  program.tokens = {{"token", vocabulary}};
  program.operations = {operation(Op::embedding, hidden, {}, "token", "E"), operation(Op::state, hidden, {}, "h"),
                        operation(Op::linear, hidden, {1, 0}, "", "U"), operation(Op::tanh, hidden, {2}),
                        operation(Op::linear, vocabulary, {3}, "", "E")};
  program.outputs = {{"logits", 4}};
  program.states = {{"h", hidden, 3, 0}};
  for (int precision = 0; precision < precisions; ++precision) {
    Stream stream(std::make_shared<Engine>(program, Precision(precision), kernels), batch);
    const std::vector<int64_t> first(static_cast<std::size_t>(batch), vocabulary - 1);
    Run run;
    run.steps = 1;
    run.inputs.tokens = {first.data()};
    run.outputs = {nullptr};
    stream.run(run, {});
    std::vector<int64_t> ids(static_cast<std::size_t>(batch * 7)), generated(static_cast<std::size_t>(batch));
    Generation g;
    g.count.values = {7};
    g.ids = ids.data();
    g.generated = generated.data();
    g.top_k.values = {random.integer(0, 5)};
    g.top_p.values.assign(static_cast<std::size_t>(batch), random.real(0.1, 1));
    stream.generate(g, {});
    stream.rearrange({batch - 1, -1, 0});
    Stream selected(stream, {2, 2, 0});
    stream.extend(selected);
    stream.extend(stream);
    const std::vector<int64_t> second(12, 0);
    run.inputs.tokens = {second.data()};
    stream.run(run, {});
    for (int64_t id : ids)
      if (id < 0 || id >= vocabulary) throw std::runtime_error("a token outside the vocabulary");
  }
}

void check_functions(Random& random, const Kernels& kernels) {
  const long n = padded(random.integer(1, 100));
  std::vector<float> a = random_floats(random, n), y(static_cast<std::size_t>(n));
  for (float& v : a) v *= 20;
  const auto run = [&](Op op, double (*f)(double)) {
    kernels.unary[int(op) - first_unary](y.data(), a.data(), n);
    for (long k = 0; k < n; ++k) {
      const double expected = f(a[std::size_t(k)]);
      require_near(y[std::size_t(k)], expected, 3e-6 * std::fabs(expected) + 1e-7, operation_names[int(op)]);
    }
  };
  run(Op::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
  run(Op::tanh, [](double x) { return std::tanh(x); });
  run(Op::exp, [](double x) { return std::exp(x); });
  run(Op::softplus, [](double x) { return std::log1p(std::exp(-std::fabs(x))) + std::fmax(x, 0); });
  run(Op::round, [](double x) { return std::nearbyint(x); });
  for (float& v : a) v = std::fabs(v);
  run(Op::log, [](double x) { return std::log(x); });
  run(Op::sqrt, [](double x) { return std::sqrt(x); });
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t cases = count > 1 ? std::atoll(arguments[1]) : 100;
  const uint64_t seed = count > 2 ? uint64_t(std::atoll(arguments[2])) : 0;
  std::string names;
  for (const Kernels* kernels : usable_kernels()) {
    for (int64_t k = 0; k < cases; ++k) {
      Random random(seed + uint64_t(k));
      try {
        check_product(random, *kernels);
        check_generation(random, *kernels);
        check_functions(random, *kernels);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "seed %llu, %s: %s\n", static_cast<unsigned long long>(seed + uint64_t(k)), kernels->name,
                     error.what());
        return 1;
      }
    }
    names += std::string(" ") + kernels->name;
  }
  std::printf("%lld cases with each of%s\n", static_cast<long long>(cases), names.c_str());
}
