"""Products of a matrix and vectors, as C for one type: by whole vectors of numbers at every width that the machine has.

A product over the columns of a matrix leaves one vector of partial sums for each row. These are added up many at a time: two
vectors become one with half of the partial sums of each, until one vector has a row's whole sum at each entry. Nothing goes
through memory, and what is stored is a vector, which the next to read it gets from the store itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.emit.native_few import every_other, few, halving, parts_of, told
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
INLINE void dots_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict x, int64_t xs,
                    T *restrict y, int64_t ys, T scale) {
    enum { R = @L < 4 ? @L : 4, B = @L / R };
    int64_t b = 0;
    for (; b + 2 * @L <= batch; b += 2 * @L) many_dots_@L(rows, n, W, x + b * xs, xs, y + b * ys, ys, scale);
    for (; B > 1 && b + B <= batch; b += B) {
        int64_t r = 0;
        for (; r + R <= rows; r += R) DOTS_@L(R, B)
        for (; r < rows; r++) DOTS_@L(1, B)
    }
    for (; b < batch; b++) {
        int64_t r = 0;
        for (; r + @L <= rows; r += @L) DOTS_@L(@L, 1)
        for (; R < @L && r + R <= rows; r += R) DOTS_@L(R, 1)
        for (; r < rows; r++) DOTS_@L(1, 1)
    }
}

// c[b][j .. j + C vectors] += scale * sum over rows r of W[r][j] q[b][r], the rows P at a time in sums of their own.
#define SUMS_@L(C, P, from, left)                                                                       \
    {                                                                                                   \
        V@L sums[P][C];                                                                                 \
        for (int p = 0; p < P; p++) for (int l = 0; l < C; l++) sums[p][l] = (V@L){0};                  \
        int64_t r = 0;                                                                                  \
        for (; r + P <= rows; r += P)                                                                   \
            for (int p = 0; p < P; p++) for (int l = 0; l < C; l++)                                     \
                sums[p][l] += load_@L(W + (r + p) * n + from + l * @L) * q[b * qs + r + p];             \
        for (; r < rows; r++)                                                                           \
            for (int l = 0; l < C; l++) sums[0][l] += load_@L(W + r * n + from + l * @L) * q[b * qs + r]; \
        for (int l = 0; l < C; l++) {                                                                   \
            V@L sum = sums[0][l];                                                                       \
            for (int p = 1; p < P; p++) sum += sums[p][l];                                              \
            sum *= scale;                                                                               \
            T *const at = c + b * cs + from + l * @L;                                                   \
            store_@L(at, load_@L(at) + (left ? rest_@L(sum, left) : sum));                              \
        }                                                                                               \
    }
INLINE void sums_@L(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict q, int64_t qs,
                    T *restrict c, int64_t cs, T scale) {
    int64_t b = batch / 4 * 4;
    if (b) many_sums_@L(b, rows, n, W, q, qs, c, cs, scale);
    for (; b < batch; b++) {
        int64_t j = 0;
        for (; j + 4 * @L <= n; j += 4 * @L) SUMS_@L(4, 2, j, 0)
        for (; j + @L <= n; j += @L) SUMS_@L(1, 4, j, 0)
        if (n % @L) SUMS_@L(1, 4, n - @L, n % @L)
    }
}
"""

FEW = r"""
// Of rows of fewer numbers than the least vector has.
INLINE void dots_few(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict x, int64_t xs,
                     T *restrict y, int64_t ys, T scale) {
    for (int64_t b = 0; b < batch; b++)
        for (int64_t r = 0; r < rows; r++) {
            T sum = 0;
            for (int64_t j = 0; j < n; j++) sum += W[r * n + j] * x[b * xs + j];
            y[b * ys + r] = scale * sum;
        }
}
INLINE void sums_few(int64_t batch, int64_t rows, int64_t n, const T *restrict W, const T *restrict q, int64_t qs,
                     T *restrict c, int64_t cs, T scale) {
    for (int64_t b = 0; b < batch; b++)
        for (int64_t j = 0; j < n; j++) {
            T sum = 0;
            for (int64_t r = 0; r < rows; r++) sum += W[r * n + j] * q[b * qs + r];
            c[b * cs + j] += scale * sum;
        }
}
"""

BY_VECTOR = "const T *restrict W, const T *restrict x, int64_t xs, T *restrict y, int64_t ys, T scale"
OUTER = "const T *restrict q, int64_t qs, const T *restrict x, int64_t xs, T *restrict g, T scale"


def products(kind: str) -> str:
    """The functions ``short_dots``, ``short_sums``, ``row_dots`` and ``row_sums`` of a type, float or double."""
    item = 4 if kind == "float" else 8
    made = [HEAD, TILES_HEAD]
    for width in WIDTHS:
        lanes = width // item
        count = ", ".join(map(str, range(lanes)))
        types = [f"typedef T V{lanes} __attribute__((vector_size({width})));"]
        types += [f"typedef whole M{lanes} __attribute__((vector_size({width})));"]
        made += [f"#if VECTOR >= {width}", *types, *totals(lanes, IN_LANE // item)]
        made += [VECTORS.replace("@COUNT", count), *many(lanes), KERNELS, *few(lanes, IN_LANE // item), "#endif"]
        made = [part.replace("@L", str(lanes)) for part in made]
    made += [FEW, FEW_OUTERS]
    for name in ("dots", "sums"):
        made.append(_choice(name, BY_VECTOR, "W, x, xs, y, ys, scale", item))
    made.append(_choice("outers", OUTER, "q, qs, x, xs, g, scale", item))
    return "\n".join([*made, ""])


def _choice(name: str, arguments: str, handed: str, item: int) -> str:
    """The function of the widest vector that a row fills: ``short_`` for the text of its caller, where sizes are numbers, and
    ``row_`` as a function of its own, where a call is little beside the work, so that a long text is compiled sooner."""
    lines = [f"INLINE void short_{name}(int64_t batch, int64_t rows, int64_t n, {arguments}) {{"]
    for width in WIDTHS:
        lanes = width // item
        lines += [text for n in parts_of(lanes) if name == "dots" for text in _several_rows(width, lanes, n)]
        lines += [f"#if VECTOR >= {width}"]
        lines += [f"    if (n >= {lanes}) {{ {name}_{lanes}(batch, rows, n, {handed}); return; }}", "#endif"]
    lines += [f"    {name}_few(batch, rows, n, {handed});", "}"]
    lines += [f"APART void row_{name}(int64_t batch, int64_t rows, int64_t n, {arguments}) {{"]
    return "\n".join([*lines, f"    short_{name}(batch, rows, n, {handed});", "}"])


def _several_rows(width: int, lanes: int, n: int) -> Iterator[str]:
    """Of rows of n numbers, several of which a vector takes: what whole vectors leave goes on as others do."""
    yield f"#if VECTOR == {width}"
    yield f"    if (n == {n} && batch == 1) {{"
    yield f"        const int64_t done = dots_{lanes}_{n}(rows, W, x, y, scale);"
    yield f"        rows -= done, W += done * {n}, y += done;"
    yield "    }"
    yield "#endif"


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
