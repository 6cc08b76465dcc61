// Memory of the values in the work space. Two values may have the same place if the first is read for the last time
// before the second is written.
#include <map>

#include "runtime/lower.h"

namespace unrolled::runtime {

namespace {

// Operands that an instruction reads no later than it writes the same numbers of its result.
int first_elementwise(Code code) { return code == Code::product ? 1 : 0; }
bool is_elementwise(Code code) {
  return code == Code::unary || code == Code::binary || code == Code::where || code == Code::product ||
         code == Code::layer_norm;
}

class Places {
 public:
  explicit Places(Listing& code) : code_(code), last_use_(code.values.size(), -1) {
    const int end = int(code.instructions.size());
    for (int k = 0; k < end; ++k) {
      last_use_[root(code.instructions[k].out)] = k;  // a result that nothing reads dies at once
      for (int value : code.instructions[k].in)
        if (value >= 0) last_use_[root(value)] = k;
    }
    for (const auto* commits : {&code.outputs, &code.states})
      for (const Commit& commit : *commits) last_use_[root(commit.value)] = end;
  }

  void assign() {
    for (int k = 0; k < int(code_.instructions.size()); ++k) {
      const Instruction& instruction = code_.instructions[k];
      if (is_elementwise(instruction.code))
        for (int i = first_elementwise(instruction.code); i < 3; ++i)
          if (may_overwrite(instruction, instruction.in[i])) release(instruction.in[i], k);
      place(root(instruction.out));
      for (int value : instruction.in)
        if (value >= 0) release(root(value), k);
      release(root(instruction.out), k);
    }
  }

 private:
  int root(int value) const { return code_.values[value].root; }
  long room(int value) const { return padded(code_.values[value].size); }

  bool may_overwrite(const Instruction& instruction, int operand) const {
    if (operand < 0 || root(operand) != operand || room(operand) != room(instruction.out)) return false;
    // A product reads its vector after it has begun to write.
    return instruction.code != Code::product || root(instruction.in[0]) != operand;
  }

  void place(int value) {
    Value& v = code_.values[value];
    if (v.at >= 0) return;  // the later parts of a concatenation
    auto& free = free_[room(value)];
    if (free.empty()) {
      v.at = code_.work;
      code_.work += room(value);
    } else {
      v.at = free.back();
      free.pop_back();
    }
  }

  void release(int value, int instruction) {
    const Value& v = code_.values[value];
    if (v.space != Space::work || v.at < 0 || last_use_[value] != instruction) return;
    last_use_[value] = -1;  // once
    free_[room(value)].push_back(v.at);
  }

  Listing& code_;
  std::vector<int> last_use_;  // of each root: number of an instruction
  std::map<long, std::vector<long>> free_;
};

}  // namespace

void place_values(Listing& listing) { Places(listing).assign(); }

}  // namespace unrolled::runtime
