// A step program as it comes from Python (unrolled/programs/program.py), and its check.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/operations.h"

namespace unrolled::runtime {

struct Operation {
  Op op;
  long size;
  std::vector<int> inputs;
  std::string key, weight, bias;
  long begin;
  float value;
};

struct StateSlot {
  std::string name;
  long size;
  int result;
  float initial;
};

struct Named {
  std::string name;
  long number;
};

struct Parameter {
  std::vector<long> shape;
  const float* data;  // of the caller, while the engine is built
  long rows() const { return shape[0]; }
  long columns() const { return shape.size() > 1 ? shape[1] : 1; }
};

struct Program {
  std::vector<Operation> operations;
  std::map<std::string, Parameter> parameters;
  std::vector<StateSlot> states;
  std::vector<Named> outputs;  // number of the operation
  std::vector<Named> inputs;   // size
  std::vector<Named> tokens;   // number of different tokens
};

constexpr long largest_size = 1 << 24;  // of one vector, in numbers
constexpr long most_operations = 1 << 20;

// Index of a name in a list, or -1.
template <class T>
int index_of(const std::vector<T>& list, const std::string& name) {
  for (std::size_t k = 0; k < list.size(); ++k)
    if (list[k].name == name) return int(k);
  return -1;
}

// Throws ProgramError if a name is not an operation.
Op find_operation(const std::string& name);

// Throws ProgramError unless every number, size, name and parameter shape fits what the operations read.
void check_program(const Program& program);

}  // namespace unrolled::runtime
