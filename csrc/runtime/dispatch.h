// The kernels that this processor can run, fastest first.
#pragma once
#include <string>
#include <vector>

#include "runtime/kernels.h"

namespace unrolled::runtime {

const std::vector<const Kernels*>& usable_kernels();

// The kernels with this name; "" means the fastest. Throws ConfigError.
const Kernels& find_kernels(const std::string& name);

}  // namespace unrolled::runtime
