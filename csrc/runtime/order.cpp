#include "runtime/order.h"

#include <algorithm>
#include <numeric>

namespace unrolled::runtime {

namespace {

class Arrangement {
 public:
  explicit Arrangement(const Carrying& carrying)
      : program_(carrying.program), state_only_(carrying.program.operations.size()) {
    if (carrying.state >= 0) carried_ = program_.states.back().result;
    std::vector<char> known(state_only_.size(), 0);
    for (std::size_t k = 0; k < known.size(); ++k) find_state_only(int(k), known);
  }

  Program even() {
    swap_sums();
    for (int k = count() - 1; k >= 0; --k)
      if (operation(k).op == Op::linear && state_only_[std::size_t(k)] && k != carried_) append(k);
    for (int k = 0; k < count(); ++k)
      if (k != carried_) append(k);
    if (carried_ >= 0) append(carried_);
    return finish();
  }

  Program odd() {
    const int early = carried_ < 0 ? -1 : operation(carried_).inputs[0];
    for (int k = 0; k < count(); ++k) {
      append(k);
      if (k == early) append(carried_);
    }
    return finish();
  }

 private:
  int count() const { return int(state_only_.size()); }
  Operation& operation(int number) { return program_.operations[std::size_t(number)]; }

  // Call visit(k) for every operation that `number` reads, and for itself at last, unless done[k]. Operations may read
  // later ones, and a chain may be long: depth first, with a stack of its own.
  template <class F>
  void depth_first(int number, const std::vector<char>& done, F&& visit) {
    std::vector<int> open{number};
    while (!open.empty()) {
      const int top = open.back();
      int next = -1;
      if (!done[std::size_t(top)])
        for (int input : operation(top).inputs)
          if (!done[std::size_t(input)]) next = input;
      if (next >= 0) {
        open.push_back(next);
        continue;
      }
      open.pop_back();
      if (!done[std::size_t(top)]) visit(top);
    }
  }

  void find_state_only(int number, std::vector<char>& known) {
    depth_first(number, known, [&](int k) {
      const Operation& op = operation(k);
      bool only = !op.inputs.empty() || op.op == Op::state || op.op == Op::parameter || op.op == Op::constant;
      for (int input : op.inputs) only = only && state_only_[std::size_t(input)];
      state_only_[std::size_t(k)] = only;
      known[std::size_t(k)] = 1;
    });
  }

  // Turn U h + (W x) into W x + (U h), where nothing else uses the inner product.
  void swap_sums() {
    std::vector<int> uses(state_only_.size(), 0);
    for (const Operation& op : program_.operations)
      for (int input : op.inputs) ++uses[std::size_t(input)];
    for (const Named& output : program_.outputs) ++uses[std::size_t(output.number)];
    for (const StateSlot& state : program_.states) ++uses[std::size_t(state.result)];
    for (Operation& sum : program_.operations) {
      if (sum.op != Op::linear || sum.inputs.size() != 2 || !state_only_[std::size_t(sum.inputs[0])]) continue;
      const int number = sum.inputs[1];
      Operation& inner = operation(number);
      if (inner.op != Op::linear || inner.inputs.size() != 1 || uses[std::size_t(number)] != 1) continue;
      std::swap(sum, inner);
      inner.inputs = {inner.inputs[0]};
      sum.inputs.push_back(number);
      state_only_[std::size_t(number)] = true;
    }
  }

  // Append an operation to the sorted ones, after those that it reads.
  void append(int number) {
    placed_.resize(state_only_.size(), 0);
    numbers_.resize(state_only_.size(), -1);
    depth_first(number, placed_, [&](int k) {
      numbers_[std::size_t(k)] = int(sorted_.size());
      placed_[std::size_t(k)] = 1;
      sorted_.push_back(operation(k));
      for (int& input : sorted_.back().inputs) input = numbers_[std::size_t(input)];
    });
  }

  Program finish() {
    program_.operations = std::move(sorted_);
    for (Named& output : program_.outputs) output.number = numbers_[std::size_t(output.number)];
    for (StateSlot& state : program_.states) state.result = numbers_[std::size_t(state.result)];
    return std::move(program_);
  }

  Program program_;  // a copy
  int carried_ = -1;  // the product for the next step
  std::vector<char> state_only_;
  std::vector<Operation> sorted_;
  std::vector<int> numbers_;  // new number of each operation
  std::vector<char> placed_;
};

std::string free_name(const Program& program) {
  std::string name = "carried";
  while (index_of(program.states, name) >= 0) name += "'";
  return name;
}

}  // namespace

Carrying carry_product(Program program) {
  std::vector<Operation>& operations = program.operations;
  const auto found = std::find_if(operations.begin(), operations.end(), [&](const Operation& op) {
    return op.op == Op::linear && operations[std::size_t(op.inputs[0])].op == Op::state;
  });
  if (found == operations.end()) return {std::move(program), -1};
  const Operation product = *found;
  const int state = index_of(program.states, operations[std::size_t(product.inputs[0])].key);
  const int next_state = program.states[std::size_t(state)].result;
  const int carried = int(operations.size());
  const std::string name = free_name(program);
  if (product.inputs.size() == 1) *found = {Op::slice, product.size, {carried}, "", "", "", 0, 0};
  else *found = {Op::add, product.size, {carried, product.inputs[1]}, "", "", "", 0, 0};
  operations.push_back({Op::state, product.size, {}, name, "", "", 0, 0});
  operations.push_back({Op::linear, product.size, {next_state}, "", product.weight, product.bias, product.begin, 0});
  program.states.push_back({name, product.size, carried + 1, 0});
  return {std::move(program), state};
}

Program arrange(const Carrying& carrying, Order order) {
  Arrangement arrangement(carrying);
  return order == even ? arrangement.even() : arrangement.odd();
}

Program refresh_carried(const Carrying& carrying) {
  Program refresh = carrying.program;
  Operation product = refresh.operations[std::size_t(refresh.states.back().result)];
  product.inputs = {carrying.state};
  refresh.operations.clear();
  refresh.outputs.clear();
  for (StateSlot& state : refresh.states) {  // each keeps its value
    state.result = int(refresh.operations.size());
    refresh.operations.push_back({Op::state, state.size, {}, state.name, "", "", 0, 0});
  }
  refresh.states.back().result = int(refresh.operations.size());
  refresh.operations.push_back(std::move(product));
  return refresh;
}

}  // namespace unrolled::runtime
