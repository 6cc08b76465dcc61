// A program in the form in which a stream runs it: instructions on values, and the memory that they need.
//
// A value is one vector a row. It has memory of its own in the work space, or is a part of another value (a slice),
// of a state or of a constant. Values in the work space share memory if their lives do not overlap.
#pragma once
#include <string>
#include <vector>

#include "runtime/kernels.h"

namespace unrolled::runtime {

enum class Space : int { work, state, constant };

struct Value {
  Space space;
  int root;        // the value whose memory this is; itself if it has its own
  long begin;      // first number within the root
  long size;       // numbers
  long at = -1;    // of a root. work: numbers before it in a row of the work space; state: its number; constant: index
};

enum class Code : int {
  input, copy, fill, lookup, one_hot, unary, binary, where, prepare, product, layer_norm, sum, largest
};

struct Instruction {
  Code code;
  int out;                    // value
  int in[3] = {-1, -1, -1};   // values
  long n = 0;                 // numbers of the result; prepare, sum, largest: of the operand
  int which = 0;              // unary, binary: the function; input, one_hot: its number; lookup: table; product: matrix
  int variant = 0;            // binary: which operand is one number; lookup: the token
  int gain = -1, bias = -1;   // constants
  float epsilon = 0;
};

// Numbers that do not change, padded: a part of a parameter, or one number.
struct Constant {
  std::string parameter;  // empty: `value`
  long begin, size;
  float value = 0;
  bool operator==(const Constant& o) const {
    return parameter == o.parameter && begin == o.begin && size == o.size && value == o.value;
  }
};

// Some rows of a parameter, packed.
struct MatrixSource {
  std::string parameter;
  long begin, rows, columns;
  bool operator==(const MatrixSource& o) const { return parameter == o.parameter && begin == o.begin && rows == o.rows; }
};

// A row for each token: of an embedding, or of the product of a matrix with it or with one-hot vectors.
struct TableSource {
  long tokens, size;
  std::string embedding;        // empty: one-hot
  std::string weight, bias;     // empty: none
  long begin;                   // first row of weight and bias
  bool operator==(const TableSource& o) const {
    return tokens == o.tokens && size == o.size && embedding == o.embedding && weight == o.weight && bias == o.bias &&
           begin == o.begin;
  }
};

struct Commit {
  int value, target;  // target: number of the output or state
};

// What the instructions read besides values.
struct Parts {
  std::vector<Constant> constants;
  std::vector<MatrixSource> matrices;
  std::vector<TableSource> tables;
};

struct Listing {
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  std::vector<Commit> outputs, states;  // after the last instruction, outputs first
  long work = 0;                        // numbers of the work space a row
};

}  // namespace unrolled::runtime
