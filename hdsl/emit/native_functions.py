"""The fixed part of native text: C that is the same for every model, in the module's own type ``T``.

Exponentials are Cody and Waite's reduction and the series of e^r − 1, by which tanh and the logistic function keep their digits
near 0; they have no branch, so that loops over them become vector code. A nan goes through all of them.
"""

from hdsl.emit.native_products import products

HEAD = r"""
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#define EVERY _Pragma("clang loop vectorize(assume_safety)")
#define EVERY_FEW EVERY
#else
#define EVERY _Pragma("GCC ivdep")
#define EVERY_FEW _Pragma("GCC ivdep") _Pragma("GCC unroll 1")  // else it is unrolled to scalars before it can become vectors
#endif
#define INLINE static inline __attribute__((always_inline))
#define APART static inline __attribute__((noinline, unused))  // `inline`: left out where nothing calls it
#if defined(__AVX512F__)
#define VECTOR 64
#elif defined(__AVX__)
#define VECTOR 32
#else
#define VECTOR 16
#endif
typedef T V __attribute__((vector_size(VECTOR)));
enum { LANES = VECTOR / sizeof(T) };
#ifdef _WIN32
#define SEEN __declspec(dllexport)
#else
#define SEEN __attribute__((visibility("default")))
#endif

struct run {               // what Python hands over; the same for every module
    int64_t steps, tick;   // steps to make, steps made before
    int64_t projects;      // whether what is due is put back
    double tau;            // time between samples, where `taus` is NULL
    const double *taus;    // (steps,)
    const double *numbers;
    T *const *cells;
    const T *const *initials;  // where the leading cells begin
    const uint8_t *begins;     // (steps, batch): begin anew before the step; NULL for never
    const void *const *sample;
    T *const *results;
    T *work;
    int64_t threads;           // at most so many share what is large
};

INLINE V load(const T *p) { V v; memcpy(&v, p, sizeof v); return v; }
INLINE void store(T *p, V v) { memcpy(p, &v, sizeof v); }
"""

FLOAT = r"""
typedef int32_t whole;
#define MAGIC 12582912.0f  // 1.5 * 2^23: adding it rounds to the nearest whole number
#define FRACTION 23
#define BIAS 127
#define LOG2E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define MOST 89.0f
#define LEAST -104.0f
#define TERMS 8
static const T series[] = {1.0f, 0.5f, 1.0f / 6, 1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040, 1.0f / 40320};
#define F(name) name##f
"""

DOUBLE = r"""
typedef int64_t whole;
#define MAGIC 6755399441055744.0  // 1.5 * 2^52: adding it rounds to the nearest whole number
#define FRACTION 52
#define BIAS 1023
#define LOG2E 1.44269504088896340736
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define MOST 710.0
#define LEAST -746.0
#define TERMS 13
static const T series[] = {1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
                           1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
#define F(name) name
"""

FUNCTIONS = r"""
INLINE T two_to(whole k) { k = (k + BIAS) << FRACTION; T x; memcpy(&x, &k, sizeof x); return x; }
// x = k ln 2 + r: hands out k, and e^r - 1, with all its digits near 0.
INLINE T reduced(T x, whole *k) {
    T shifted = x * LOG2E + MAGIC, count = shifted - MAGIC, magic = MAGIC;
    whole bits, zero;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&zero, &magic, sizeof zero);
    *k = bits - zero;
    T r = (x - count * LN2_HIGH) - count * LN2_LOW, sum = series[TERMS - 1];
    for (int n = TERMS - 2; n > 0; n--) sum = sum * r + series[n];
    return r + r * r * sum;
}
INLINE T r_exp(T x) {
    whole k;
    x = x > MOST ? MOST : x;
    x = x < LEAST ? LEAST : x;
    T part = 1 + reduced(x, &k);
    return part * two_to(k >> 1) * two_to(k - (k >> 1));
}
INLINE T r_tanh(T x) {
    whole k;
    T y = 2 * (x < 0 ? -x : x);
    y = y > 44 ? 44 : y;
    T e = reduced(y, &k), scale = two_to(k), m = e * scale + (scale - 1), t = m / (m + 2);
    return x < 0 ? -t : t;
}
INLINE T r_sigmoid(T x) {
    T e = r_exp(x < 0 ? x : -x);
    return (x < 0 ? e : 1) / (1 + e);
}
INLINE T r_truth(int holds) { return holds ? 1 : 0; }
INLINE T r_square(T x) { return x * x; }
INLINE T r_whole_power(T x, int n) {
    T made = 1;
    for (; n; n >>= 1, x *= x) made = n & 1 ? made * x : made;
    return made;
}
INLINE T r_sqrt(T x) { return F(sqrt)(x); }
INLINE T r_pow(T x, T y) { return F(pow)(x, y); }
INLINE T r_log(T x) { return F(log)(x); }
INLINE T r_sin(T x) { return F(sin)(x); }
INLINE T r_cos(T x) { return F(cos)(x); }
INLINE T r_erf(T x) { return F(erf)(x); }
INLINE T r_abs(T x) { return F(fabs)(x); }
INLINE T r_reciprocal(T x) { return x == 0 ? 0 : 1 / x; }
INLINE T r_relu(T x) { return x < 0 ? 0 : x; }
INLINE T r_sign(T x) { return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x; }
INLINE T r_min(T x, T y) { return x < y || x != x ? x : y; }
INLINE T r_max(T x, T y) { return x > y || x != x ? x : y; }
INLINE T r_gelu(T x) { return (T)0.5 * x * (1 + F(erf)(x * (T)0.70710678118654752440)); }
INLINE T r_softplus(T x) { return x > 40 ? x : F(log1p)(r_exp(x)); }
INLINE T r_power_slope(T x, T y) { return y == 0 ? 0 : y * F(pow)(x, y - 1); }
INLINE T r_power_log(T x, T y) { return x == 0 && y >= 0 ? 0 : F(pow)(x, y) * F(log)(x); }

// Numbers of a step, which Python would work out in doubles.
INLINE double d_truth(int holds) { return holds ? 1 : 0; }
INLINE double d_square(double x) { return x * x; }
INLINE double d_whole_power(double x, int n) { return pow(x, n); }
INLINE double d_sqrt(double x) { return sqrt(x); }
INLINE double d_pow(double x, double y) { return pow(x, y); }
INLINE double d_exp(double x) { return exp(x); }
INLINE double d_log(double x) { return log(x); }
INLINE double d_sin(double x) { return sin(x); }
INLINE double d_cos(double x) { return cos(x); }
INLINE double d_erf(double x) { return erf(x); }
INLINE double d_tanh(double x) { return tanh(x); }
INLINE double d_sigmoid(double x) { return 0.5 * (1 + tanh(0.5 * x)); }
INLINE double d_abs(double x) { return fabs(x); }
INLINE double d_reciprocal(double x) { return x == 0 ? 0 : 1 / x; }
INLINE double d_relu(double x) { return x < 0 ? 0 : x; }
INLINE double d_sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
INLINE double d_min(double x, double y) { return x < y || x != x ? x : y; }
INLINE double d_max(double x, double y) { return x > y || x != x ? x : y; }
INLINE double d_gelu(double x) { return 0.5 * x * (1 + erf(x * 0.70710678118654752440)); }
INLINE double d_softplus(double x) { return x > 40 ? x : log1p(exp(x)); }
INLINE double d_power_slope(double x, double y) { return y == 0 ? 0 : y * pow(x, y - 1); }
INLINE double d_power_log(double x, double y) { return x == 0 && y >= 0 ? 0 : pow(x, y) * log(x); }
"""
# x times 0 is 0 or nan, and so is their sum: it cannot overflow.
FINITE = r"""
APART int all_finite(const T *p, int64_t n) {
    V sums = {0};
    T sum = 0;
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) sums += load(p + j) * 0;
    for (; j < n; j++) sum += p[j] * 0;
    for (int l = 0; l < LANES; l++) sum += sums[l];
    return sum == 0;
}
"""

SOLVE = r"""
// Gauss with pivots: a (n, n) is used up, x (n, columns) becomes the solution; of a singular one, infinities and nans.
APART void solve(int64_t n, int64_t columns, T *a, T *x) {
    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;
        for (int64_t i = k + 1; i < n; i++) if (r_abs(a[i * n + k]) > r_abs(a[p * n + k])) p = i;
        for (int64_t j = 0; p != k && j < n; j++) { T t = a[k * n + j]; a[k * n + j] = a[p * n + j]; a[p * n + j] = t; }
        for (int64_t j = 0; p != k && j < columns; j++) {
            T t = x[k * columns + j]; x[k * columns + j] = x[p * columns + j]; x[p * columns + j] = t;
        }
        for (int64_t i = k + 1; i < n; i++) {
            T f = a[i * n + k] / a[k * n + k];
            for (int64_t j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
            for (int64_t j = 0; j < columns; j++) x[i * columns + j] -= f * x[k * columns + j];
        }
    }
    for (int64_t k = n - 1; k >= 0; k--)
        for (int64_t j = 0; j < columns; j++) {
            T sum = x[k * columns + j];
            for (int64_t i = k + 1; i < n; i++) sum -= a[k * n + i] * x[i * columns + j];
            x[k * columns + j] = sum / a[k * n + k];
        }
}
"""


def preamble(kind: str) -> str:
    """All of it for one type, float or double."""
    own = FLOAT if kind == "float" else DOUBLE
    return f"#define T {kind}\n{HEAD}{own}{FUNCTIONS}{products(kind)}{FINITE}{SOLVE}"
