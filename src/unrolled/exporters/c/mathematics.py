"""Small versions of the functions of <math.h>, for targets that have no C library, such as WebAssembly.

Each is accurate to a few units in the last place (about 2e-7 relative). expf and log1pf reduce their argument
and then evaluate a polynomial, as described by Cody and Waite, Software manual for the elementary functions
(1980).
"""

from collections.abc import Iterable

EXPF = """\
/* e^x = 2^n e^r with |r| <= ln(2) / 2; e^r is its Taylor polynomial. */
static float own_expf(float x)
{
    union { float value; int32_t bits; } power;
    const float limited = x < -87.0f ? -87.0f : x > 88.3f ? 88.3f : x;
    const float n = rintf(limited * 1.44269504f);
    const float r = limited - n * 0.693359375f + n * 2.12194440e-4f;
    const float e_r = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f + r * (0.0416666667f
                      + r * (0.00833333333f + r * 0.00138888889f)))));
    power.bits = ((int32_t)n + 127) << 23;
    return x != x ? x : x < -87.0f ? 0.0f : x > 88.3f ? 1.0f / 0.0f : e_r * power.value;
}
"""

TANHF = """\
/* tanh(x) = t / (t + 2) with t = e^(2x) - 1, which is a Taylor polynomial near 0. */
static float own_tanhf(float x)
{
    const float a = x < 0.0f ? -x : x, y = 2.0f * a;
    if (a < 0.35f) {
        const float t = y * (1.0f + y * (0.5f + y * (0.166666667f + y * (0.0416666667f + y * (0.00833333333f
                        + y * (0.00138888889f + y * (1.98412698e-4f + y * (2.48015873e-5f
                        + y * 2.75573192e-6f))))))));
        return (x < 0.0f ? -t : t) / (t + 2.0f);
    }
    if (x != x || a > 10.0f)
        return x != x ? x : x < 0.0f ? -1.0f : 1.0f;
    return (x < 0.0f ? -1.0f : 1.0f) * (1.0f - 2.0f / (own_expf(y) + 1.0f));
}
"""

LOG1PF = """\
/* ln(1 + x) for x from 0 to 1: 2 artanh(s) with s = x / (2 + x), as its Taylor polynomial. */
static float own_log1pf(float x)
{
    const float s = x / (2.0f + x), q = s * s;
    return 2.0f * s * (1.0f + q * (0.333333333f + q * (0.2f + q * (0.142857143f + q * (0.111111111f
           + q * (0.0909090909f + q * (0.0769230769f + q * 0.0666666667f)))))));
}
"""

LOGF = """\
/* ln(x) = n ln(2) + ln(m) with m from sqrt(1/2) to sqrt(2); ln(m) = 2 artanh((m - 1) / (m + 1)). */
static float own_logf(float x)
{
    union { float value; int32_t bits; } mantissa;
    int32_t n, n_small = 0;
    float s, q;
    if (!(x > 0.0f) || x > 3.40282347e38f)
        return x == 0.0f ? -1.0f / 0.0f : x > 0.0f ? x : x != x ? x : 0.0f / 0.0f;
    if (x < 1.17549435e-38f) {
        x *= 8388608.0f;
        n_small = -23;
    }
    mantissa.value = x;
    n = (mantissa.bits - 0x3f3504f3) >> 23;
    mantissa.bits -= n * 0x800000;
    n += n_small;
    s = (mantissa.value - 1.0f) / (mantissa.value + 1.0f);
    q = s * s;
    return (float)n * 0.693359375f + ((float)n * -2.12194440e-4f
           + 2.0f * s * (1.0f + q * (0.333333333f + q * (0.2f + q * (0.142857143f + q * 0.111111111f)))));
}
"""

BUILT_IN = {"sqrtf": "__builtin_sqrtf", "rintf": "__builtin_rintf"}
"""Functions that are one instruction."""
OWN = {"expf": EXPF, "tanhf": TANHF, "log1pf": LOG1PF, "logf": LOGF}
CALLS = {"expf": ("rintf",), "tanhf": ("expf", "rintf")}
"""Functions that the own functions call."""


def own_mathematics(needed: Iterable[str], macro: str) -> str:
    """Return the source that takes functions from <math.h>, or defines them where there is no C library.

    Args:
        needed: names of the functions.
        macro: macro whose definition selects the own functions on other targets too.
    """
    wanted = set(needed)
    for name in tuple(wanted):
        wanted.update(CALLS.get(name, ()))
    if not wanted:
        return ""
    own = [f"#define {name} {BUILT_IN[name]}\n" for name in BUILT_IN if name in wanted]
    own += [f"{text}#define {name} own_{name}\n" for name, text in OWN.items() if name in wanted]
    return (
        f"#if defined(__wasm__) || defined({macro})\n"
        "/* Without a C library. Accurate to a few units in the last place. */\n"
        f"{''.join(own)}#else\n#include <math.h>\n#endif\n"
    )
