"""Products of a matrix and the vectors of many streams, and means of outer products over streams, as C for one width of vector.

All are made by tiles of sums that stay in registers. Where the numbers of a row lie along a vector, each number of the other
side is spread over a vector of its own. A product over the columns has no such axis: the streams become one, their numbers
laid beside one another, ``DEPTH`` of each at a time, and what is made is turned back.
"""

from __future__ import annotations

from collections.abc import Iterator

# `@L` stands for the numbers of a vector.
TILES = r"""
// y[b][r] (+)= scale * sum over j of W[r][j] x[b][j] for 2 * @L streams b, R rows and `depth` columns from `from` on.
#define ACROSS_@L(R)                                                                                    \
    {                                                                                                   \
        V@L one[R], two[R];                                                                             \
        for (int i = 0; i < R; i++) one[i] = two[i] = (V@L){0};                                         \
        const T *own = W + (r + p) * n + from;                                                          \
        for (int64_t j = 0; j < depth; j++, own++) {                                                    \
            const V@L low = load_@L(turned + j * 2 * @L), high = load_@L(turned + j * 2 * @L + @L);     \
            for (int i = 0; i < R; i++) one[i] += low * own[i * n], two[i] += high * own[i * n];        \
        }                                                                                               \
        for (int i = 0; i < R; i++) {                                                                   \
            store_@L(made + (p + i) * 2 * @L, one[i] * scale);                                          \
            store_@L(made + (p + i) * 2 * @L + @L, two[i] * scale);                                     \
        }                                                                                               \
    }
INLINE void many_dots_@L(int64_t rows, int64_t n, const T *restrict W, const T *restrict x, int64_t xs,
                         T *restrict y, int64_t ys, T scale) {
    T turned[DEPTH * 2 * @L] __attribute__((aligned(64))), made[2 * @L * @L] __attribute__((aligned(64)));
    for (int64_t from = 0; from < n; from += DEPTH) {
        const int64_t depth = n - from < DEPTH ? n - from : DEPTH;
        for (int half = 0; half < 2; half++) {
            int64_t j = 0;
            for (; j + @L <= depth; j += @L) {
                V@L v[@L];
                for (int k = 0; k < @L; k++) v[k] = load_@L(x + (half * @L + k) * xs + from + j);
                turn_@L(v);
                for (int k = 0; k < @L; k++) store_@L(turned + (j + k) * 2 * @L + half * @L, v[k]);
            }
            for (; j < depth; j++)
                for (int k = 0; k < @L; k++) turned[j * 2 * @L + half * @L + k] = x[(half * @L + k) * xs + from + j];
        }
        for (int64_t r = 0; r < rows; r += @L) {
            const int64_t count = rows - r < @L ? rows - r : @L;
            int64_t p = 0;
            for (; p + TALL <= count; p += TALL) ACROSS_@L(TALL)
            for (; p < count; p++) ACROSS_@L(1)
            for (int half = 0; half < 2; half++) {
                T *const at = y + half * @L * ys + r;
                if (count == @L) {
                    V@L v[@L];
                    for (int k = 0; k < @L; k++) v[k] = load_@L(made + k * 2 * @L + half * @L);
                    turn_@L(v);
                    for (int k = 0; k < @L; k++) store_@L(at + k * ys, from ? load_@L(at + k * ys) + v[k] : v[k]);
                } else
                    for (int k = 0; k < @L; k++)
                        for (int i = 0; i < count; i++)
                            at[k * ys + i] = made[i * 2 * @L + half * @L + k] + (from ? at[k * ys + i] : 0);
            }
        }
    }
}

// c[b][j] += scale * sum over r of W[r][j] q[b][r] for four streams b and C vectors of columns j.
#define DOWN_@L(C, from, left)                                                                          \
    for (int64_t b = 0; b + 4 <= batch; b += 4) {                                                       \
        V@L sums[4][C];                                                                                 \
        for (int k = 0; k < 4; k++) for (int l = 0; l < C; l++) sums[k][l] = (V@L){0};                  \
        for (int64_t r = 0; r < rows; r++) {                                                            \
            V@L own[C];                                                                                 \
            for (int l = 0; l < C; l++) own[l] = load_@L(W + r * n + from + l * @L);                    \
            for (int k = 0; k < 4; k++) for (int l = 0; l < C; l++) sums[k][l] += own[l] * q[(b + k) * qs + r]; \
        }                                                                                               \
        for (int k = 0; k < 4; k++) for (int l = 0; l < C; l++) {                                       \
            T *const at = c + (b + k) * cs + from + l * @L;                                             \
            const V@L sum = sums[k][l] * scale;                                                         \
            store_@L(at, load_@L(at) + (left ? rest_@L(sum, left) : sum));                              \
        }                                                                                               \
    }
INLINE void many_sums_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict q, int64_t qs,
                         T *restrict c, int64_t cs, T scale) {
    int64_t j = 0;
    for (; j + BROAD * @L <= n; j += BROAD * @L) DOWN_@L(BROAD, j, 0)
    for (; j + @L <= n; j += @L) DOWN_@L(1, j, 0)
    if (n % @L) DOWN_@L(1, n - @L, n % @L)
}

// g[r][j] = scale * sum over b of q[b][r] x[b][j] for R rows and C vectors of columns.
#define OUTER_@L(R, C, from)                                                                            \
    {                                                                                                   \
        V@L sums[R][C];                                                                                 \
        for (int i = 0; i < R; i++) for (int l = 0; l < C; l++) sums[i][l] = (V@L){0};                  \
        for (int64_t b = 0; b < batch; b++) {                                                           \
            V@L own[C];                                                                                 \
            for (int l = 0; l < C; l++) own[l] = load_@L(x + b * xs + from + l * @L);                   \
            for (int i = 0; i < R; i++) for (int l = 0; l < C; l++) sums[i][l] += own[l] * q[b * qs + r + i]; \
        }                                                                                               \
        for (int i = 0; i < R; i++) for (int l = 0; l < C; l++)                                         \
            store_@L(g + (r + i) * n + from + l * @L, sums[i][l] * scale);                              \
    }
#define OUTERS_@L(R)                                                                                    \
    {                                                                                                   \
        int64_t j = 0;                                                                                  \
        for (; j + BROAD * @L <= n; j += BROAD * @L) OUTER_@L(R, BROAD, j)                              \
        for (; j + @L <= n; j += @L) OUTER_@L(R, 1, j)                                                  \
        if (n % @L) OUTER_@L(R, 1, n - @L)                                                              \
    }
INLINE void all_outers_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict q, int64_t qs, const T *restrict x,
                          int64_t xs, T *restrict g, T scale) {
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) OUTERS_@L(4)
    for (; r < rows; r++) OUTERS_@L(1)
}
"""

HEAD = r"""
enum { DEPTH = 256 };
#if VECTOR == 64  // 32 registers
enum { TALL = 8, BROAD = 4 };
#else
enum { TALL = 4, BROAD = 2 };
#endif
"""

FEW = r"""
INLINE void all_outers_few(int64_t batch, int64_t rows, int64_t n, const T *restrict q, int64_t qs, const T *restrict x,
                           int64_t xs, T *restrict g, T scale) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < n; j++) {
            T sum = 0;
            for (int64_t b = 0; b < batch; b++) sum += q[b * qs + r] * x[b * xs + j];
            g[r * n + j] = scale * sum;
        }
}
"""


def turning(lanes: int) -> Iterator[str]:
    """A square of as many vectors as a vector has numbers, turned over: entry p of vector k goes to entry k of vector p.

    Each of log2(lanes) steps puts the numbers of one vector and of that half a square below between one another.
    """
    low, high = (", ".join(f"{k}, {lanes + k}" for k in range(start, start + lanes // 2)) for start in (0, lanes // 2))
    half = lanes // 2
    yield f"INLINE void turn_{lanes}(V{lanes} *v) {{"
    yield f"    for (int turn = 1; turn < {lanes}; turn *= 2) {{"
    yield f"        V{lanes} made[{lanes}];"
    yield f"        for (int p = 0; p < {half}; p++) {{"
    yield f"            made[2 * p] = PICK(v[p], v[p + {half}], M{lanes}, {low});"
    yield f"            made[2 * p + 1] = PICK(v[p], v[p + {half}], M{lanes}, {high});"
    yield "        }"
    yield f"        for (int p = 0; p < {lanes}; p++) v[p] = made[p];"
    yield "    }"
    yield "}"


def many(lanes: int) -> Iterator[str]:
    """The functions of one width."""
    yield from turning(lanes)
    yield TILES.replace("@L", str(lanes))
