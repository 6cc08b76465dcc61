// A whole model: its instructions and its packed weights. Never changes once it is built, so that any number of
// streams, in any number of threads, can share it.
#pragma once
#include <memory>
#include <string>

#include "runtime/code.h"
#include "runtime/memory.h"
#include "runtime/order.h"

namespace unrolled::runtime {

class Engine {
 public:
  // Checks the program. Reads its parameters during this call only.
  // Throws ProgramError for a program that is not one, ConfigError for weights that this precision cannot hold.
  Engine(Program program, Precision precision, const Kernels& kernels);

  // The carried product, if any, is its last state.
  const Program& program() const { return carrying_.program; }
  const Parts& parts() const { return parts_; }
  // The instructions of even and odd steps, and (listing 2) those that compute the carried product; see order.h.
  const Listing& code(int listing) const { return code_[listing]; }
  bool carries() const { return carrying_.state >= 0; }
  const Kernels& kernels() const { return kernels_; }
  const Arithmetic& arithmetic() const { return kernels_.arithmetic[int(precision_)]; }
  Precision precision() const { return precision_; }
  const Matrix& matrix(int number) const { return matrices_[number]; }
  const float* table_row(int table, int64_t token) const {
    return tables_[table] + token * padded(parts_.tables[table].size);
  }
  const float* constant(int number) const { return number < 0 ? nullptr : constants_[number]; }
  long weight_bytes() const { return weights_.bytes(); }
  long multiply_adds() const;  // of a step of one row
  long step_bytes() const;     // of the weights that a step of one row reads

 private:
  void fill_constants(char*& at);
  void pack_matrices(char*& at);
  void fill_tables(char*& at);
  long bytes() const;
  Matrix pack(const MatrixSource& source, Precision precision, char*& at) const;

  Carrying carrying_;
  const Precision precision_;
  const Kernels& kernels_;
  Parts parts_;
  Listing code_[3];
  Memory weights_;
  std::vector<Matrix> matrices_;
  std::vector<const float*> tables_, constants_;
};

}  // namespace unrolled::runtime
