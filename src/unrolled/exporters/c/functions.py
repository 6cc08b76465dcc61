"""Functions of the generated source; only those that a program calls are printed."""

from collections.abc import Iterable

PRODUCT = """\
/* y = W v + bias + start. W lies by columns; adding four at a time suits vector registers.
   bias and start may be NULL; start may be y. */
static void product(const float *w, const float *v, int rows, int columns, const float *bias,
                    const float *start, float *y)
{
    int row, column;
    for (row = 0; row < rows; row++)
        y[row] = (bias ? bias[row] : 0.0f) + (start ? start[row] : 0.0f);
    for (column = 0; column + 4 <= columns; column += 4, w += 4 * rows)
        add_four(w, w + rows, w + 2 * rows, w + 3 * rows, v + column, rows, y);
    for (; column < columns; column++, w += rows)
        for (row = 0; row < rows; row++)
            y[row] += w[row] * v[column];
}
"""

ADD_FOUR = """\
static void add_four(const float *a, const float *b, const float *c, const float *d, const float *v, int rows,
                     float *restrict y)
{
    const float v0 = v[0], v1 = v[1], v2 = v[2], v3 = v[3];
    int row;
    for (row = 0; row < rows; row++)
        y[row] += a[row] * v0 + b[row] * v1 + c[row] * v2 + d[row] * v3;
}
"""

SHARED_ROW = """\
/* y = one row of a matrix that lies by columns. */
static void shared_row(const float *w, int row, int rows, int columns, float *y)
{
    int column;
    for (column = 0; column < columns; column++)
        y[column] = w[(size_t)column * rows + row];
}
"""

PRODUCT_INT8 = """\
/* y = W v + bias + start in whole numbers: row r of W is w[r] * w_scale[r], v is v * v_scale.
   bias and start may be NULL; start may be y. */
static void product_int8(const int8_t *w, const float *w_scale, const int16_t *v, float v_scale, int rows,
                         int columns, const float *bias, const float *start, float *y)
{
    int row;
    for (row = 0; row < rows; row++, w += columns)
        y[row] = (float)dot(w, v, columns) * (w_scale[row] * v_scale) + (bias ? bias[row] : 0.0f)
               + (start ? start[row] : 0.0f);
}
"""

DOT = """\
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
/* Eight products at a time, with an instruction that compilers do not find. */
static int32_t dot(const int8_t *w, const int16_t *v, int size)
{
    v128_t sums = wasm_i32x4_splat(0);
    int32_t total = 0;
    int k;
    for (k = 0; k + 8 <= size; k += 8)
        sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(w + k), wasm_v128_load(v + k)));
    for (; k < size; k++)
        total += (int32_t)w[k] * v[k];
    return total + wasm_i32x4_extract_lane(sums, 0) + wasm_i32x4_extract_lane(sums, 1)
         + wasm_i32x4_extract_lane(sums, 2) + wasm_i32x4_extract_lane(sums, 3);
}
#else
static int32_t dot(const int8_t *w, const int16_t *v, int size)
{
    int32_t total = 0;
    int k;
    for (k = 0; k < size; k++)
        total += (int32_t)w[k] * v[k];
    return total;
}
#endif
"""

QUANTISE = """\
/* Round v to whole numbers q from -127 to 127 and return the scale: v is about q * scale. They are kept as
   16 bits, which processors multiply and add in pairs.
   A value that is not finite makes the scale, and so the product, not a number. */
static float quantise(const float *v, int size, int16_t *q)
{
    float largest = 0.0f, scale, inverse;
    int k;
    for (k = 0; k < size; k++) {
        const float size_of_v = v[k] < 0.0f ? -v[k] : v[k];
        if (size_of_v > largest)
            largest = size_of_v;
    }
    scale = largest > 1e-30f ? largest / 127.0f : 0.0f;
    inverse = largest > 1e-30f ? 127.0f / largest : 0.0f;
    for (k = 0; k < size; k++) {
        const float rounded = rintf(v[k] * inverse);
        if (rounded >= -127.0f && rounded <= 127.0f) {
            q[k] = (int16_t)rounded;
        } else {
            q[k] = 0;
            scale = v[k] - v[k];
        }
    }
    return scale;
}
"""

LOOK_UP = """\
/* y = from + bias + start: the product with the vector of a token, from a table. */
static void look_up(const float *from, int rows, const float *bias, const float *start, float *y)
{
    int row;
    for (row = 0; row < rows; row++)
        y[row] = from[row] + (bias ? bias[row] : 0.0f) + (start ? start[row] : 0.0f);
}
"""

LAYER_NORM = """\
/* y = (v - mean) / sqrt(variance + epsilon) * weight + bias; weight and bias may be NULL. */
static void layer_norm(const float *v, int size, float epsilon, const float *weight, const float *bias,
                       float *y)
{
    float mean = 0.0f, variance = 0.0f, factor;
    int k;
    for (k = 0; k < size; k++)
        mean += v[k];
    mean /= (float)size;
    for (k = 0; k < size; k++)
        variance += (v[k] - mean) * (v[k] - mean);
    factor = 1.0f / sqrtf(variance / (float)size + epsilon);
    for (k = 0; k < size; k++)
        y[k] = (v[k] - mean) * factor * (weight ? weight[k] : 1.0f) + (bias ? bias[k] : 0.0f);
}
"""

SUM = """\
static float sum(const float *v, int size)
{
    float total = 0.0f;
    int k;
    for (k = 0; k < size; k++)
        total += v[k];
    return total;
}
"""

LARGEST = """\
static float largest(const float *v, int size)
{
    float value = v[0];
    int k;
    for (k = 1; k < size; k++)
        if (v[k] > value || v[k] != v[k])
            value = v[k];
    return value;
}
"""

SIGMOID = """\
static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}
"""

SOFTPLUS = """\
/* ln(1 + e^x), without overflow. */
static float softplus(float x)
{
    return (x > 0.0f ? x : 0.0f) + log1pf(expf(x > 0.0f ? -x : x));
}
"""

LOG_SIGMOID = """\
/* ln sigmoid(x), without overflow. */
static float log_sigmoid(float x)
{
    return (x < 0.0f ? x : 0.0f) - log1pf(expf(x > 0.0f ? -x : x));
}
"""

COPY = """\
static void copy(float *target, const float *v, int size)
{
    int k;
    for (k = 0; k < size; k++)
        target[k] = v[k];
}
"""

FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "copy": (COPY, ()),
    "sigmoid": (SIGMOID, ("expf",)),
    "softplus": (SOFTPLUS, ("expf", "log1pf")),
    "log_sigmoid": (LOG_SIGMOID, ("expf", "log1pf")),
    "sum": (SUM, ()),
    "largest": (LARGEST, ()),
    "layer_norm": (LAYER_NORM, ("sqrtf",)),
    "add_four": (ADD_FOUR, ()),
    "product": (PRODUCT, ()),
    "shared_row": (SHARED_ROW, ()),
    "quantise": (QUANTISE, ("rintf",)),
    "dot": (DOT, ()),
    "product_int8": (PRODUCT_INT8, ()),
    "look_up": (LOOK_UP, ()),
}
"""Source of each function, and the functions of <math.h> that it calls."""

HELPERS = {"product": "add_four", "product_int8": "dot"}
"""Functions that other functions of the source call."""


def needed_mathematics(calls: Iterable[str]) -> set[str]:
    """Return the functions of <math.h> that a source needs which calls these functions."""
    needed: set[str] = set()
    for name in calls:
        needed.update(FUNCTIONS[name][1] if name in FUNCTIONS else (name,))
    return needed


def definitions(calls: Iterable[str]) -> str:
    """Return the source of all called functions, those of <math.h> excepted."""
    called = set(calls)
    called.update(helper for name, helper in HELPERS.items() if name in called)
    return "\n".join(text for name, (text, _) in FUNCTIONS.items() if name in called)
