#include "runtime/lower.h"

#include <algorithm>
#include <map>

#include "runtime/errors.h"

namespace unrolled::runtime {

namespace {

// A sum of this many products of int8 fits int32.
constexpr long widest_int8 = 1l << 17;

class Lowering {
 public:
  Lowering(const Program& program, Precision precision, const Kernels& kernels, Parts& parts)
      : program_(program), precision_(precision), arithmetic_(kernels.arithmetic[int(precision)]), parts_(parts) {}

  Listing run() {
    const std::size_t count = program_.operations.size();
    value_.assign(count, -1);
    for (std::size_t k = 0; k < count; ++k) value_[k] = lower_operation(program_.operations[k]);
    for (std::size_t k = 0; k < program_.outputs.size(); ++k)
      code_.outputs.push_back({read(int(program_.outputs[k].number)), int(k)});
    for (std::size_t k = 0; k < program_.states.size(); ++k) {
      const int result = read(program_.states[k].result);
      if (is_state(code_.values[std::size_t(result)], int(k))) continue;  // keeps its value
      // Another state may be replaced before this one: keep a copy of its old value.
      const bool old_state = code_.values[root(result)].space == Space::state;
      code_.states.push_back({old_state ? copy(result) : result, int(k)});
    }
    return std::move(code_);
  }

 private:
  int root(int value) const { return code_.values[value].root; }
  bool is_state(const Value& value, int number) const {
    const Value& whole = code_.values[std::size_t(value.root)];
    return whole.space == Space::state && whole.at == number && value.size == whole.size;
  }
  int add_value(Space space, long size, long at = -1) {
    const int number = int(code_.values.size());
    code_.values.push_back({space, number, 0, size, at});
    return number;
  }
  int part_of(int value, long begin, long size) {
    const Value whole = code_.values[value];
    code_.values.push_back({whole.space, whole.root, whole.begin + begin, size, -1});
    return int(code_.values.size()) - 1;
  }
  int emit(Instruction instruction, long size) {
    instruction.out = add_value(Space::work, size);
    if (!instruction.n) instruction.n = size;
    code_.instructions.push_back(instruction);
    return instruction.out;
  }
  int copy(int value) {
    return emit({Code::copy, -1, {value, -1, -1}}, code_.values[value].size);
  }

  // The value of an operation. Embeddings and one-hot vectors get one only if something reads them.
  int read(int number) {
    if (value_[number] < 0) value_[number] = lower_token(program_.operations[number]);
    return value_[number];
  }
  int read_full(int number, long size) {
    const int value = read(number);
    if (code_.values[value].size == size) return value;
    return emit({Code::fill, -1, {value, -1, -1}}, size);
  }

  int constant(const std::string& parameter, long begin, long size, float value = 0) {
    return add(parts_.constants, {parameter, begin, size, value});
  }
  int constant_or_none(const std::string& parameter, long begin, long size) {
    return parameter.empty() ? -1 : constant(parameter, begin, size);
  }

  int lower_token(const Operation& op) {
    const int token = index_of(program_.tokens, op.key);
    Instruction instruction{op.op == Op::embedding ? Code::lookup : Code::one_hot, -1};
    instruction.variant = token;
    if (op.op == Op::embedding) instruction.which = table({program_.tokens[token].number, op.size, op.weight, "", "", 0});
    return emit(instruction, op.size);
  }

  int lower_operation(const Operation& op) {
    if (is_unary(op.op)) {
      Instruction instruction{Code::unary, -1, {read(op.inputs[0]), -1, -1}};
      instruction.which = int(op.op) - first_unary;
      return emit(instruction, op.size);
    }
    if (is_binary(op.op)) return lower_binary(op);
    switch (op.op) {
      case Op::input: {
        Instruction instruction{Code::input, -1};
        instruction.which = index_of(program_.inputs, op.key);
        return emit(instruction, op.size);
      }
      case Op::state: return add_value(Space::state, op.size, index_of(program_.states, op.key));
      case Op::parameter: return add_value(Space::constant, op.size, constant(op.weight, op.begin, op.size));
      case Op::constant: return add_value(Space::constant, 1, constant("", 0, 1, op.value));
      case Op::embedding:
      case Op::one_hot: return -1;
      case Op::where:
        return emit({Code::where, -1, {read_full(op.inputs[0], op.size), read_full(op.inputs[1], op.size),
                                       read_full(op.inputs[2], op.size)}}, op.size);
      case Op::linear: return lower_linear(op);
      case Op::layer_norm: {
        Instruction instruction{Code::layer_norm, -1, {read(op.inputs[0]), -1, -1}};
        instruction.gain = constant_or_none(op.weight, op.begin, op.size);
        instruction.bias = constant_or_none(op.bias, op.begin, op.size);
        instruction.epsilon = op.value;
        return emit(instruction, op.size);
      }
      case Op::sum:
      case Op::largest: {
        Instruction instruction{op.op == Op::sum ? Code::sum : Code::largest, -1, {read(op.inputs[0]), -1, -1}};
        instruction.n = program_.operations[op.inputs[0]].size;
        return emit(instruction, 1);
      }
      case Op::slice: return part_of(read(op.inputs[0]), op.begin, op.size);
      default: return lower_concat(op);
    }
  }

  int lower_binary(const Operation& op) {
    const int a = read(op.inputs[0]), b = read(op.inputs[1]);
    Instruction instruction{Code::binary, -1, {a, b, -1}};
    instruction.which = int(op.op) - first_binary;
    if (op.size > 1) instruction.variant = code_.values[b].size == 1 ? 1 : code_.values[a].size == 1 ? 2 : 0;
    return emit(instruction, op.size);
  }

  int lower_concat(const Operation& op) {
    const int whole = add_value(Space::work, op.size);
    long begin = 0;
    for (int input : op.inputs) {
      const int from = read(input);
      const long size = code_.values[from].size;
      Instruction instruction{Code::copy, part_of(whole, begin, size), {from, -1, -1}};
      instruction.n = size;
      code_.instructions.push_back(instruction);
      begin += size;
    }
    return whole;
  }

  int lower_linear(const Operation& op) {
    const Operation& input = program_.operations[op.inputs[0]];
    const int looked_up = lower_linear_of_token(op, input);
    if (looked_up >= 0) {
      if (op.inputs.size() == 1) return looked_up;
      Instruction sum{Code::binary, -1, {looked_up, read(op.inputs[1]), -1}};
      sum.which = int(Op::add) - first_binary;
      return emit(sum, op.size);
    }
    if (precision_ == Precision::int8 && input.size > widest_int8)
      throw ConfigError("precision='int8': " + op.weight + " has " + std::to_string(input.size) +
                        " columns, int8 allows " + std::to_string(widest_int8));
    Instruction instruction{Code::product, -1, {prepared(op.inputs[0], input.size), -1, -1}};
    if (op.inputs.size() == 2) instruction.in[1] = read(op.inputs[1]);
    instruction.which = matrix(op, input.size);
    instruction.bias = constant_or_none(op.bias, op.begin, op.size);
    return emit(instruction, op.size);
  }

  // A row of the table of all results, or -1 if the input is more than a token or the table would be too large.
  int lower_linear_of_token(const Operation& op, const Operation& input) {
    if (input.op != Op::embedding && input.op != Op::one_hot) return -1;
    const int token = index_of(program_.tokens, input.key);
    const long tokens = program_.tokens[token].number;
    const bool fits = tokens * padded(op.size) * long(sizeof(float)) <= largest_table;
    if (!fits && input.op == Op::embedding) return -1;  // the table of one-hot vectors replaces the matrix
    Instruction instruction{Code::lookup, -1};
    instruction.variant = token;
    instruction.which = table({tokens, op.size, input.op == Op::embedding ? input.weight : "", op.weight, op.bias,
                               op.begin});
    return emit(instruction, op.size);
  }

  // The value in the form in which products read it. Products of the same value share it.
  int prepared(int number, long columns) {
    const int value = read(number);
    const long bytes = arithmetic_.prepared_bytes(columns);
    if (!bytes) return value;
    const auto known = prepared_.find(value);
    if (known != prepared_.end()) return known->second;
    Instruction instruction{Code::prepare, -1, {value, -1, -1}};
    instruction.n = columns;
    return prepared_[value] = emit(instruction, (bytes + 3) / 4);
  }

  int matrix(const Operation& op, long columns) {
    return add(parts_.matrices, {op.weight, op.begin, op.size, columns});
  }
  int table(TableSource source) { return add(parts_.tables, std::move(source)); }

  // Number of a part in its list, where it is added if it is new.
  template <class T>
  static int add(std::vector<T>& list, T part) {
    const auto known = std::find(list.begin(), list.end(), part);
    if (known != list.end()) return int(known - list.begin());
    list.push_back(std::move(part));
    return int(list.size()) - 1;
  }

  const Program& program_;
  const Precision precision_;
  const Arithmetic& arithmetic_;
  Parts& parts_;
  Listing code_;
  std::vector<int> value_;  // of each operation
  std::map<int, int> prepared_;
};

}  // namespace

Listing lower(const Program& program, Precision precision, const Kernels& kernels, Parts& parts) {
  Listing listing = Lowering(program, precision, kernels, parts).run();
  place_values(listing);
  return listing;
}

}  // namespace unrolled::runtime
