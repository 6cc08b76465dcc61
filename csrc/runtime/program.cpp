#include "runtime/program.h"

#include <cmath>
#include <set>

#include "runtime/errors.h"

namespace unrolled::runtime {

namespace {

struct Arity {
  std::size_t least, most;
};

Arity arity(Op op) {
  if (int(op) < first_unary) return {0, 0};
  if (is_unary(op)) return {1, 1};
  if (is_binary(op)) return {2, 2};
  switch (op) {
    case Op::where: return {3, 3};
    case Op::linear: return {1, 2};
    case Op::concat: return {1, std::size_t(most_operations)};
    default: return {1, 1};
  }
}

class Checker {
 public:
  explicit Checker(const Program& program) : program_(program) {}

  void check() {
    if (program_.operations.size() > std::size_t(most_operations)) fail("has too many operations");
    check_names(program_.states, "state");
    check_names(program_.inputs, "input");
    check_names(program_.tokens, "token");
    check_names(program_.outputs, "output");
    for (const Named& input : program_.inputs) require_size(input.number, "input '" + input.name + "'");
    for (const Named& token : program_.tokens) require_size(token.number, "token '" + token.name + "'");
    for (const auto& [name, parameter] : program_.parameters) check_parameter(name, parameter);
    for (number_ = 0; number_ < program_.operations.size(); ++number_) check_operation();
    number_ = program_.operations.size();
    for (const Named& output : program_.outputs) operand(output.number, "output '" + output.name + "'");
    for (const StateSlot& state : program_.states) {
      const std::string what = "state '" + state.name + "'";
      require_size(state.size, what);
      if (operand(state.result, what).size != state.size) fail(what + " has another size than its next value");
      if (!std::isfinite(state.initial)) fail(what + " begins with a number that is not finite");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& text) const { throw ProgramError("the step program: " + text); }
  [[noreturn]] void fail_here(const std::string& text) const {
    const Operation& op = program_.operations[number_];
    fail("operation " + std::to_string(number_) + " (" + operation_names[int(op.op)] + ") " + text);
  }
  void require(bool condition, const std::string& text) const {
    if (!condition) fail_here(text);
  }
  void require_size(long size, const std::string& what) const {
    if (size < 1 || size > largest_size) fail(what + " has size " + std::to_string(size));
  }

  template <class T>
  void check_names(const std::vector<T>& list, const char* kind) const {
    std::set<std::string> names;
    for (const T& item : list)
      if (!names.insert(item.name).second) fail(std::string("two ") + kind + "s are named '" + item.name + "'");
  }

  void check_parameter(const std::string& name, const Parameter& p) const {
    if (p.shape.empty() || p.shape.size() > 2) fail("parameter '" + name + "' has neither one axis nor two");
    for (long size : p.shape) require_size(size, "parameter '" + name + "'");
    if (p.rows() * p.columns() > (1l << 40)) fail("parameter '" + name + "' is too large");
  }

  // The operation that computes an output or a state.
  const Operation& operand(long number, const std::string& what) const {
    if (number < 0 || number >= long(number_)) fail(what + " reads operation " + std::to_string(number));
    return program_.operations[number];
  }

  const Parameter& parameter(const std::string& name, std::size_t axes) const {
    const auto found = program_.parameters.find(name);
    require(found != program_.parameters.end(), "reads an unknown parameter '" + name + "'");
    require(found->second.shape.size() == axes, "reads parameter '" + name + "', which has another number of axes");
    return found->second;
  }
  void require_rows(const Parameter& p, long begin, long size, const std::string& name) const {
    require(begin >= 0 && begin <= p.rows() && size <= p.rows() - begin,
            "reads past the end of parameter '" + name + "'");
  }
  template <class T>
  const T& entry(const std::vector<T>& list, const char* kind) const {
    const std::string& key = program_.operations[number_].key;
    const int k = index_of(list, key);
    require(k >= 0, std::string("reads an unknown ") + kind + " '" + key + "'");
    return list[k];
  }

  void check_operation() const {
    const Operation& op = program_.operations[number_];
    require(op.size >= 1 && op.size <= largest_size, "has size " + std::to_string(op.size));
    const Arity count = arity(op.op);
    require(op.inputs.size() >= count.least && op.inputs.size() <= count.most,
            "has " + std::to_string(op.inputs.size()) + " inputs");
    for (int input : op.inputs)
      require(input >= 0 && input < int(number_), "reads operation " + std::to_string(input) + ", not an earlier one");
    const auto size_of = [&](std::size_t k) { return program_.operations[op.inputs[k]].size; };
    const auto require_operand_sizes = [&] {
      bool full = op.size == 1;
      for (std::size_t k = 0; k < op.inputs.size(); ++k) {
        require(size_of(k) == op.size || size_of(k) == 1, "has an input of another size");
        full = full || size_of(k) == op.size;
      }
      require(full, "has no input of its own size");
    };
    if (is_unary(op.op)) return require(size_of(0) == op.size, "has an input of another size");
    if (is_binary(op.op) || op.op == Op::where) return require_operand_sizes();
    switch (op.op) {
      case Op::input: return require(entry(program_.inputs, "input").number == op.size, "has another size");
      case Op::state: return require(entry(program_.states, "state").size == op.size, "has another size");
      case Op::parameter: return require_rows(parameter(op.weight, 1), op.begin, op.size, op.weight);
      case Op::constant: return require(op.size == 1, "must have size 1");
      case Op::embedding: {
        const Parameter& table = parameter(op.weight, 2);
        require(table.rows() == entry(program_.tokens, "token").number, "has a table with another number of rows");
        return require(table.columns() == op.size, "has a table with another number of columns");
      }
      case Op::one_hot:
        return require(entry(program_.tokens, "token").number == op.size, "has another size than its token");
      case Op::linear: {
        const Parameter& weight = parameter(op.weight, 2);
        require_rows(weight, op.begin, op.size, op.weight);
        require(weight.columns() == size_of(0), "has an input of another size than its matrix");
        if (!op.bias.empty()) require_rows(parameter(op.bias, 1), op.begin, op.size, op.bias);
        return require(op.inputs.size() == 1 || size_of(1) == op.size, "adds a vector of another size");
      }
      case Op::layer_norm:
        require(size_of(0) == op.size, "has an input of another size");
        require(std::isfinite(op.value) && op.value >= 0, "has an epsilon that is not a finite number of at least 0");
        for (const std::string& name : {op.weight, op.bias})
          if (!name.empty()) require_rows(parameter(name, 1), op.begin, op.size, name);
        return;
      case Op::sum:
      case Op::largest: return require(op.size == 1, "must have size 1");
      case Op::slice:
        return require(op.begin >= 0 && op.begin <= size_of(0) && op.size <= size_of(0) - op.begin,
                       "reads past the end of its input");
      case Op::concat: {
        long total = 0;
        for (std::size_t k = 0; k < op.inputs.size(); ++k) total += size_of(k);
        return require(total == op.size, "has another size than its inputs together");
      }
      default: return;
    }
  }

  const Program& program_;
  std::size_t number_ = 0;
};

}  // namespace

Op find_operation(const std::string& name) {
  for (int k = 0; k < int(Op::count); ++k)
    if (name == operation_names[k]) return Op(k);
  throw ProgramError("the runtime has no operation '" + name + "'");
}

void check_program(const Program& program) { Checker(program).check(); }

}  // namespace unrolled::runtime
