"""Products of a matrix and vectors, as C for one type: by whole vectors of numbers at every width that the machine has.

A product over the columns of a matrix leaves one vector of partial sums for each row. These are added up many at a time: two
vectors become one with half of the partial sums of each, until one vector has a row's whole sum at each entry. Nothing goes
through memory, and what is stored is a vector, which the next to read it gets from the store itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.emit.native_few import SHORT_ROWS, every_other, few, halving, parts_of, told
from hdsl.emit.native_matrices import FEW as FEW_OUTERS
from hdsl.emit.native_matrices import HEAD as TILES_HEAD
from hdsl.emit.native_matrices import many

WIDTHS = (64, 32, 16)
"""Bytes of vectors, the widest first; which of them a machine has is `VECTOR` in the text."""
IN_LANE = 16
"""Bytes within which a shuffle is cheap on every machine."""

HEAD = r"""
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define PICK(a, b, marks, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#ifndef PICK  // gcc below 12
#define PICK(a, b, marks, ...) __builtin_shuffle(a, b, (marks){__VA_ARGS__})
#endif
"""

# `@L` stands for the numbers of a vector.
VECTORS = r"""
INLINE V@L load_@L(const T *p) { V@L v; memcpy(&v, p, sizeof v); return v; }
INLINE void store_@L(T *p, V@L v) { memcpy(p, &v, sizeof v); }
// Of the last numbers of a row, those that lie behind its whole vectors; nothing for the others.
INLINE V@L rest_@L(V@L v, int64_t left) { return (V@L)((M@L)v & ((M@L){@COUNT} >= @L - (whole)left)); }
"""

KERNELS = r"""
// y[b + k][r + p] = scale * sum over j of W[r + p][j] x[b + k][j], for R rows and B streams: R B is at most @L.
#define DOTS_@L(R, B)                                                                                   \
    {                                                                                                   \
        V@L sums[R * B];                                                                                \
        for (int p = 0; p < R * B; p++) sums[p] = (V@L){0};                                             \
        for (int64_t j = 0; j + @L <= n; j += @L)                                                       \
            for (int k = 0; k < B; k++) {                                                               \
                const V@L own = load_@L(x + (b + k) * xs + j);                                          \
                for (int p = 0; p < R; p++) sums[k * R + p] += load_@L(W + (r + p) * n + j) * own;      \
            }                                                                                           \
        if (n % @L)                                                                                     \
            for (int k = 0; k < B; k++) {                                                               \
                const V@L own = load_@L(x + (b + k) * xs + n - @L);                                     \
                for (int p = 0; p < R; p++)                                                             \
                    sums[k * R + p] += rest_@L(load_@L(W + (r + p) * n + n - @L) * own, n % @L);        \
            }                                                                                           \
        const V@L made = totals_@L(sums, R * B) * scale;                                                \
        for (int k = 0; k < B; k++) memcpy(y + (b + k) * ys + r, (const T *)&made + k * R, R * sizeof(T)); \
    }
INLINE void one_dots_@L(int64_t rows, int64_t n, const T *restrict W, const T *restrict x, T *restrict y, T scale) {
    enum { R = @L < 4 ? @L : 4 };
    const int64_t b = 0, xs = 0, ys = 0;
    int64_t r = 0;
    for (; r + @L <= rows; r += @L) DOTS_@L(@L, 1)
    for (; R < @L && r + R <= rows; r += R) DOTS_@L(R, 1)
    for (; r < rows; r++) DOTS_@L(1, 1)
}
INLINE void all_dots_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict x, int64_t xs,
                        T *restrict y, int64_t ys, T scale) {
    enum { R = @L < 4 ? @L : 4, B = @L / R };
    int64_t b = 0;
    for (; b + 2 * @L <= batch; b += 2 * @L) many_dots_@L(rows, n, W, x + b * xs, xs, y + b * ys, ys, scale);
    for (; B > 1 && b + B <= batch; b += B) {
        int64_t r = 0;
        for (; r + R <= rows; r += R) DOTS_@L(R, B)
        for (; r < rows; r++) DOTS_@L(1, B)
    }
    for (; b < batch; b++) one_dots_@L(rows, n, W, x + b * xs, y + b * ys, scale);
}

// c[j .. j + C vectors] += scale * sum over rows r of W[r][j] q[r], the rows P at a time in sums of their own.
#define SUMS_@L(C, P, from, left)                                                                       \
    {                                                                                                   \
        V@L sums[P][C];                                                                                 \
        for (int p = 0; p < P; p++) for (int l = 0; l < C; l++) sums[p][l] = (V@L){0};                  \
        int64_t r = 0;                                                                                  \
        for (; r + P <= rows; r += P)                                                                   \
            for (int p = 0; p < P; p++) for (int l = 0; l < C; l++)                                     \
                sums[p][l] += load_@L(W + (r + p) * n + from + l * @L) * q[r + p];                      \
        for (; r < rows; r++)                                                                           \
            for (int l = 0; l < C; l++) sums[0][l] += load_@L(W + r * n + from + l * @L) * q[r];      \
        for (int l = 0; l < C; l++) {                                                                   \
            V@L sum = sums[0][l];                                                                       \
            for (int p = 1; p < P; p++) sum += sums[p][l];                                              \
            sum *= scale;                                                                               \
            T *const at = c + from + l * @L;                                                            \
            store_@L(at, load_@L(at) + (left ? rest_@L(sum, left) : sum));                              \
        }                                                                                               \
    }
INLINE void one_sums_@L(int64_t rows, int64_t n, const T *restrict W, const T *restrict q, T *restrict c, T scale) {
    int64_t j = 0;
    for (; j + 4 * @L <= n; j += 4 * @L) SUMS_@L(4, 2, j, 0)
    for (; j + @L <= n; j += @L) SUMS_@L(1, 4, j, 0)
    if (n % @L) SUMS_@L(1, 4, n - @L, n % @L)
}
INLINE void all_sums_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict q, int64_t qs,
                        T *restrict c, int64_t cs, T scale) {
    int64_t b = batch / 4 * 4;
    if (b) many_sums_@L(b, rows, n, W, q, qs, c, cs, scale);
    for (; b < batch; b++) one_sums_@L(rows, n, W, q + b * qs, c + b * cs, scale);
}
"""

FEW = r"""
// Of rows of fewer numbers than the least vector has.
INLINE void one_dots_few(int64_t rows, int64_t n, const T *restrict W, const T *restrict x, T *restrict y, T scale) {
    for (int64_t r = 0; r < rows; r++) {
        T sum = 0;
        for (int64_t j = 0; j < n; j++) sum += W[r * n + j] * x[j];
        y[r] = scale * sum;
    }
}
INLINE void one_sums_few(int64_t rows, int64_t n, const T *restrict W, const T *restrict q, T *restrict c, T scale) {
    for (int64_t j = 0; j < n; j++) {
        T sum = 0;
        for (int64_t r = 0; r < rows; r++) sum += W[r * n + j] * q[r];
        c[j] += scale * sum;
    }
}
INLINE void all_dots_few(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict x, int64_t xs,
                         T *restrict y, int64_t ys, T scale) {
    for (int64_t b = 0; b < batch; b++) one_dots_few(rows, n, W, x + b * xs, y + b * ys, scale);
}
INLINE void all_sums_few(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict q, int64_t qs,
                         T *restrict c, int64_t cs, T scale) {
    for (int64_t b = 0; b < batch; b++) one_sums_few(rows, n, W, q + b * qs, c + b * cs, scale);
}
"""

SIZES = "int64_t batch, int64_t rows, int64_t n"
BY_VECTOR = "const T *restrict W, const T *restrict x, int64_t xs, T *restrict y, int64_t ys, T scale"
OUTER = "const T *restrict q, int64_t qs, const T *restrict x, int64_t xs, T *restrict g, T scale"
CALLS = {
    "dots": (BY_VECTOR, "W, x, xs, y, ys, scale"),
    "sums": (BY_VECTOR, "W, x, xs, y, ys, scale"),
    "outers": (OUTER, "q, qs, x, xs, g, scale"),
}

NAMES = ("one_dots", "one_sums", "all_dots", "all_sums", "all_outers", "row_dots", "row_sums", "row_outers")
"""``one_`` is of one stream and ``all_`` of any number; both stand in the text of their caller, where sizes are numbers that a
compiler knows. ``row_`` is ``all_`` as a function of its own."""


def width_of(n: int) -> int:
    """By which name products of rows of n numbers are called for: the largest power of two that a row fills, at most 16."""
    return min(16, 1 << (n.bit_length() - 1))


def products(kind: str) -> str:
    """The functions `NAMES` of a type, float or double, at each width that `width_of` tells, and for any width ``row_dots``,
    ``row_sums`` and ``row_outers``. The text that calls for a width gets the widest vector of the machine that a row fills."""
    item = 4 if kind == "float" else 8
    made = [HEAD, TILES_HEAD, FEW, FEW_OUTERS, *_apart("few")]
    for width in WIDTHS:
        lanes = width // item
        count = ", ".join(map(str, range(lanes)))
        types = [f"typedef T V{lanes} __attribute__((vector_size({width})));"]
        types += [f"typedef whole M{lanes} __attribute__((vector_size({width})));"]
        made += [f"#if VECTOR >= {width}", *types, *totals(lanes, IN_LANE // item)]
        made += [VECTORS.replace("@COUNT", count), *many(lanes), KERNELS, *few(lanes, IN_LANE // item)]
        made += [*_apart(str(lanes)), "#endif"]
        made = [part.replace("@L", str(lanes)) for part in made]
    made += _others(item)
    made += [_any(name, arguments, handed) for name, (arguments, handed) in CALLS.items()]
    return "\n".join([*made, ""])


def _apart(width: str) -> Iterator[str]:
    for name, (arguments, handed) in CALLS.items():
        yield f"APART void row_{name}_{width}({SIZES}, {arguments}) {{"
        yield f"    all_{name}_{width}(batch, rows, n, {handed});"
        yield "}"


def _others(item: int) -> Iterator[str]:
    """Names of widths that a type or a machine has not, for the next that it has."""
    for lanes in (16, 8, 4, 2, 1):
        least = lanes * item < WIDTHS[-1]
        if lanes * item > WIDTHS[0] or least:
            yield from (f"#define {name}_{lanes} {name}_{'few' if least else lanes // 2}" for name in NAMES)
        else:
            yield f"#if VECTOR < {lanes * item}"
            yield from (f"#define {name}_{lanes} {name}_{lanes // 2}" for name in NAMES)
            yield "#endif"
    for n in SHORT_ROWS:
        yield from _short_rows(item, n)


def _short_rows(item: int, n: int) -> Iterator[str]:
    """Products of rows of n numbers, several of which a vector takes: what whole vectors leave goes on as others do."""
    yield f"INLINE void one_dots_of_{n}(int64_t rows, const T *restrict W, const T *restrict x, T *restrict y, T scale) {{"
    for width in WIDTHS:
        lanes = width // item
        if n in parts_of(lanes):
            yield f"#if VECTOR == {width}"
            yield f"    const int64_t done = dots_{lanes}_{n}(rows, W, x, y, scale);"
            yield f"    rows -= done, W += done * {n}, y += done;"
            yield "#endif"
    yield f"    one_dots_{n}(rows, {n}, W, x, y, scale);"
    yield "}"


def _any(name: str, arguments: str, handed: str) -> str:
    """For rows of any length."""
    lines = [f"APART void row_{name}({SIZES}, {arguments}) {{"]
    lines += [f"    if (n >= {n}) {{ row_{name}_{n}(batch, rows, n, {handed}); return; }}" for n in (16, 8, 4, 2)]
    return "\n".join([*lines, f"    row_{name}_1(batch, rows, n, {handed});", "}"])


def totals(lanes: int, near: int) -> Iterator[str]:
    """Sums of ``count`` vectors, a power of two: entry p is that of vector p. ``near`` are the numbers of 16 bytes.

    A step takes of two vectors the entries at even and those at odd places and adds them; within 16 bytes as long as these hold
    more than one partial sum of a row, then by 16 bytes as a whole.
    """
    yield f"INLINE V{lanes} totals_{lanes}(V{lanes} *v, int count) {{"
    for unit, group in halving(lanes, near):
        low, high = (told(every_other(lanes, unit, group, start)) for start in (0, 1))
        picked = [f"PICK(v[2 * p % count], v[(2 * p + 1) % count], M{lanes}, {part})" for part in (low, high)]
        yield f"    for (int p = 0; p < (count + 1) / 2; p++) v[p] = {picked[0]} + {picked[1]};"
        yield "    count = (count + 1) / 2;"
    yield "    return v[0];"
    yield "}"
