#include "runtime/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/errors.h"
#include "runtime/lower.h"

namespace unrolled::runtime {

namespace {

Program checked(Program program) {
  check_program(program);
  return program;
}

const float* row(const Parameter& p, long number) { return p.data + number * p.columns(); }

long matrix_bytes(const MatrixSource& m, Precision precision, const Kernels& kernels) {
  long bytes = aligned(kernels.arithmetic[int(precision)].packed_bytes(m.rows, m.columns));
  if (precision == Precision::int8) bytes += 2 * aligned(padded(m.rows) * 4);
  return bytes;
}
long constant_bytes(const Constant& c) { return aligned(padded(c.size) * long(sizeof(float))); }
long table_bytes(const TableSource& t) { return aligned(t.tokens * padded(t.size) * long(sizeof(float))); }

// Scale of each row for int8: its largest magnitude becomes 127.
void set_scales(Matrix& m, const float* weights, const std::string& name) {
  for (long r = 0; r < m.rows; ++r) {
    float largest = 0;
    for (long k = 0; k < m.columns; ++k) {
      const float weight = std::fabs(weights[r * m.columns + k]);
      if (!(weight <= 3.4028235e38f))
        throw ConfigError("precision='int8': parameter '" + name + "' has a value that is not finite");
      largest = std::max(largest, weight);
    }
    m.scales[r] = largest / 127.0f < 1e-37f ? 0.0f : largest / 127.0f;
  }
}

}  // namespace

Engine::Engine(Program program, Precision precision, const Kernels& kernels)
    : carrying_(carry_product(checked(std::move(program)))),
      precision_(precision),
      kernels_(kernels),
      code_{lower(arrange(carrying_, even), precision, kernels, parts_),
            lower(arrange(carrying_, odd), precision, kernels, parts_),
            carries() ? lower(refresh_carried(carrying_), precision, kernels, parts_) : Listing{}},
      weights_(bytes()) {
  char* at = weights_.data();
  fill_constants(at);
  pack_matrices(at);
  fill_tables(at);
  for (auto& entry : carrying_.program.parameters) entry.second.data = nullptr;
}

long Engine::multiply_adds() const {
  long total = 0;
  for (const Instruction& i : code_[0].instructions)
    if (i.code == Code::product) total += matrices_[std::size_t(i.which)].rows * matrices_[std::size_t(i.which)].columns;
  return total;
}

long Engine::step_bytes() const {
  long total = 0;
  for (const Constant& c : parts_.constants) total += constant_bytes(c);
  for (const MatrixSource& m : parts_.matrices) total += matrix_bytes(m, precision_, kernels_);
  for (const TableSource& t : parts_.tables) total += padded(t.size) * long(sizeof(float));
  return total;
}

long Engine::bytes() const {
  long total = padding * long(sizeof(float));  // a vector read from the end of the last constant
  for (const Constant& c : parts_.constants) total += constant_bytes(c);
  for (const MatrixSource& m : parts_.matrices) total += matrix_bytes(m, precision_, kernels_);
  for (const TableSource& t : parts_.tables) total += table_bytes(t);
  return total;
}

void Engine::fill_constants(char*& at) {
  for (const Constant& c : parts_.constants) {
    float* to = reinterpret_cast<float*>(at);
    if (c.parameter.empty()) std::fill(to, to + padded(c.size), c.value);
    else std::memcpy(to, row(program().parameters.at(c.parameter), c.begin), std::size_t(c.size) * sizeof(float));
    constants_.push_back(to);
    at += constant_bytes(c);
  }
}

Matrix Engine::pack(const MatrixSource& source, Precision precision, char*& at) const {
  const float* weights = row(program().parameters.at(source.parameter), source.begin);
  Matrix m;
  m.rows = source.rows;
  m.columns = source.columns;
  m.weights = at;
  at += aligned(kernels_.arithmetic[int(precision)].packed_bytes(m.rows, m.columns));
  if (precision == Precision::int8) {
    const long bytes = aligned(padded(m.rows) * 4);
    m.scales = reinterpret_cast<float*>(at);
    m.sums = reinterpret_cast<int32_t*>(at + bytes);
    at += 2 * bytes;
    set_scales(m, weights, source.parameter);
  }
  kernels_.arithmetic[int(precision)].pack(m, weights);
  return m;
}

void Engine::pack_matrices(char*& at) {
  for (const MatrixSource& source : parts_.matrices) matrices_.push_back(pack(source, precision_, at));
}

// Tables are computed in float32, whatever the precision.
void Engine::fill_tables(char*& at) {
  for (const TableSource& t : parts_.tables) {
    float* to = reinterpret_cast<float*>(at);
    at += table_bytes(t);
    tables_.push_back(to);
    const Parameter* embedding = t.embedding.empty() ? nullptr : &program().parameters.at(t.embedding);
    const Parameter* weight = t.weight.empty() ? nullptr : &program().parameters.at(t.weight);
    std::vector<float> bias(std::size_t(padded(t.size)));
    if (!t.bias.empty())
      std::memcpy(bias.data(), row(program().parameters.at(t.bias), t.begin), std::size_t(t.size) * sizeof(float));
    const long stride = padded(t.size);
    if (weight && embedding) {
      const MatrixSource source{t.weight, t.begin, t.size, weight->columns()};
      const Memory packed(matrix_bytes(source, Precision::float32, kernels_));
      char* start = packed.data();
      const Matrix m = pack(source, Precision::float32, start);
      kernels_.arithmetic[int(Precision::float32)].product(
          {&m, reinterpret_cast<const char*>(embedding->data), embedding->columns() * long(sizeof(float)), bias.data(),
           nullptr, 0, to, stride, t.tokens, false});
      continue;
    }
    for (long token = 0; token < t.tokens; ++token)
      for (long k = 0; k < t.size; ++k)
        to[token * stride + k] =
            (weight ? row(*weight, t.begin + k)[token] : row(*embedding, token)[k]) + bias[std::size_t(k)];
  }
}

}  // namespace unrolled::runtime
