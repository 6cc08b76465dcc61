// How fast one core reads memory.
#pragma once

namespace unrolled::runtime {

// Read a block of this size again and again; return bytes per second.
double read_bandwidth(long bytes, double seconds);

}  // namespace unrolled::runtime
