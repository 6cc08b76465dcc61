// What the runtime calls in the code of one instruction set. Vectors are float32. A row is padded to a multiple
// of `padding` numbers: kernels read and write whole vectors, and nothing depends on the numbers in the padding.
#pragma once
#include <cstdint>

#include "runtime/operations.h"

namespace unrolled::runtime {

constexpr long padding = 16;  // numbers; at least the widest vector
constexpr long padded(long size) { return (size + padding - 1) / padding * padding; }

enum class Precision : int { float32 = 0, bfloat16 = 1, int8 = 2 };
constexpr int precisions = 3;

// A weight matrix in the order in which a product reads it. Memory belongs to the engine.
struct Matrix {
  long rows = 0, columns = 0;
  char* weights = nullptr;     // packed_bytes()
  float* scales = nullptr;     // int8: (padded rows) value of 1 in each row
  int32_t* sums = nullptr;     // int8: (padded rows) sum of each row
};

// y = W v [+ bias] [+ added] for `rows` vectors v. Strides are distances between rows, in numbers or bytes.
struct Product {
  const Matrix* matrix;
  const char* v;  // as `prepare` left it; float32: the vector itself
  long v_bytes;
  const float* bias;   // (padded rows of W) or null
  const float* added;  // or null
  long added_stride;
  float* y;
  long y_stride;
  long rows;
  bool backwards;  // read the matrix from its end
};

// How one precision stores and multiplies.
struct Arithmetic {
  long (*packed_bytes)(long rows, long columns);
  void (*pack)(Matrix& matrix, const float* weights);  // weights (rows, columns)
  long (*prepared_bytes)(long columns);                // of one vector; 0: products read the vector itself
  void (*prepare)(const float* v, char* prepared, long columns);
  void (*product)(const Product& p);
};

struct Kernels {
  const char* name;
  Arithmetic arithmetic[precisions];
  void (*unary[unary_count])(float* y, const float* a, long n);
  // [0]: two vectors, [1]: the second operand is one number, [2]: the first operand is one number
  void (*binary[binary_count][3])(float* y, const float* a, const float* b, long n);
  void (*where)(float* y, const float* condition, const float* a, const float* b, long n);
  void (*fill)(float* y, const float* value, long n);
  void (*layer_norm)(float* y, const float* a, const float* gain, const float* bias, float epsilon, long n);
  float (*sum)(const float* a, long n);
  float (*largest)(const float* a, long n);
  // p = exp((logits − largest) / temperature) for a padded size, with −∞ in the padding; returns the sum.
  double (*exponentials)(double* p, const float* logits, double largest, double temperature, long n);
};

}  // namespace unrolled::runtime
