// Errors of the runtime. Each becomes the error of unrolled.errors with the same name.
#pragma once
#include <stdexcept>
#include <string>

namespace unrolled::runtime {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct ShapeError : Error {
  using Error::Error;
};
struct ConfigError : Error {
  using Error::Error;
};
struct ProgramError : Error {
  using Error::Error;
};
struct NonFiniteError : Error {
  using Error::Error;
};
struct StreamError : Error {
  using Error::Error;
};

}  // namespace unrolled::runtime
