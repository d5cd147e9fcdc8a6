"""The fixed part of native text for matrices whose rows are a half, a quarter or an eighth of a vector.

A parameter that meets few inputs is such a matrix. Its rows lie behind one another, so that whole vectors of them can be taken
as they lie; row by row the greater part of each vector would be empty.
"""

from __future__ import annotations

from collections.abc import Iterator

SHORT_ROWS = (2, 4, 8)
"""Of which some vector takes several."""


def parts_of(lanes: int) -> Iterator[int]:
    """The numbers of a row of which a vector takes several."""
    n = lanes // 2
    while n > 1:
        yield n
        n //= 2


def every_other(lanes: int, unit: int, group: int, start: int) -> list[int]:
    """Places in two vectors, the second behind the first: of each ``group`` of units every other one."""
    found = []
    for begin in range(0, lanes, unit * group):
        for vector in (0, lanes):
            found += [vector + begin + unit * k + own for k in range(start, group, 2) for own in range(unit)]
    return found


def halving(lanes: int, near: int) -> list[tuple[int, int]]:
    """The steps, units and groups for `every_other`, that add up the numbers of a vector; ``near`` are those of 16 bytes."""
    return [(1, near)] * (near.bit_length() - 1) + [(near, lanes // near)] * ((lanes // near).bit_length() - 1)


def told(places: list[int]) -> str:
    return ", ".join(map(str, places))


def few(lanes: int, near: int) -> Iterator[str]:
    """Of each such n: ``spread``, a number for each row of a vector; ``tiled``, a row over and over; and products by rows."""
    for n in parts_of(lanes):
        for name, places in (("spread", [k // n for k in range(lanes)]), ("tiled", [k % n for k in range(lanes)])):
            yield f"INLINE V{lanes} {name}_{lanes}_{n}(const T *p) {{"
            yield f"    return (V{lanes}){{{', '.join(f'p[{place}]' for place in places)}}};"
            yield "}"
        yield from _dots(lanes, near, n)


def _dots(lanes: int, near: int, n: int) -> Iterator[str]:
    """``lanes`` rows are n vectors, which log2(n) steps add up to one; its entries are then put in order."""
    yield f"INLINE int64_t dots_{lanes}_{n}(int64_t rows, const T *restrict W, const T *restrict x, T *restrict y, T scale) {{"
    yield f"    const V{lanes} own = tiled_{lanes}_{n}(x) * scale;"
    yield "    int64_t r = 0;"
    yield f"    for (; r + {lanes} <= rows; r += {lanes}) {{"
    yield f"        V{lanes} v[{n}];"
    yield f"        for (int k = 0; k < {n}; k++) v[k] = load_{lanes}(W + r * {n} + k * {lanes}) * own;"
    rows_of = [[k * (lanes // n) + entry // n for entry in range(lanes)] for k in range(n)]
    for unit, group in halving(lanes, near)[: n.bit_length() - 1]:
        low, high = (every_other(lanes, unit, group, start) for start in (0, 1))
        picked = [f"PICK(v[2 * k], v[2 * k + 1], M{lanes}, {told(places)})" for places in (low, high)]
        yield f"        for (int k = 0; k < {len(rows_of) // 2}; k++) v[k] = {picked[0]} + {picked[1]};"
        pairs = zip(rows_of[::2], rows_of[1::2], strict=True)
        rows_of = [[(one + two)[place] for place in low] for one, two in pairs]
    order = [rows_of[0].index(row) for row in range(lanes)]
    yield f"        store_{lanes}(y + r, PICK(v[0], v[0], M{lanes}, {told(order)}));"
    yield "    }"
    yield "    return r;"
    yield "}"
