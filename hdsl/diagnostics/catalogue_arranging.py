"""What the pass ``check`` can say about parts of quantities: positions and ranges, named indices, pieces put together.

Functions take facts as text: sizes come written (``[n, m]``), expressions as the file has them, places as spans.
"""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import a
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

POSITION = register("position", "a position or a range reaches beyond its axis, or is no whole number of sizes")
SUBSCRIPTS = register("subscripts", "a quantity is given more subscripts than it has axes")
RANGE_LENGTH = register("range-length", "the length of a range is no polynomial of sizes")
ARRANGEMENT = register("arrangement", "axes or sizes are written that the entries cannot be laid out in")
SQUARE = register("square", "an operation on a square matrix is given something else")
INDEX_NAME = register("index-name", "a named index is taken, bound twice, or never read at")
INDEX_USE = register("index-use", "a quantity is not read at its indices where indices have names")
INDEX_SIZES = register("index-sizes", "one index runs over axes of different sizes")
LIST_LENGTH = register("list-length", "a list in a formula has not the length of what it meets")


# Positions and ranges -------------------------------------------------------------------------------------------------


def position_range(span: Span, written: str, last: str, given: str) -> Diagnostic:
    numbers = f" for {given}" if given else ""
    return POSITION.at(span, f"there is no position {written}", f"positions of this axis run from 0 to {last}{numbers}")


def range_beyond(span: Span, written: str, size: str, given: str) -> Diagnostic:
    numbers = f" for {given}" if given else ""
    return POSITION.at(span, f"`{written}` reaches beyond its axis", f"the axis has {size} entries{numbers}")


def range_empty(span: Span, written: str, given: str) -> Diagnostic:
    numbers = f" for {given}" if given else ""
    return POSITION.at(span, f"`{written}` takes no entry", f"its end is not behind its start{numbers}")


def range_step(span: Span) -> Diagnostic:
    return POSITION.at(span, "a step is a whole number other than 0", "write the number itself, as in `x[::2]`")


def range_length(span: Span, count: str, step: int) -> Diagnostic:
    return RANGE_LENGTH.at(
        span,
        f"the length of this range is not known: it takes every entry number {step} of {count}",
        f"write the end as a multiple of {step}, as in `x[0:{step}*q:{step}]`, which has q entries",
        notes=(
            f"sizes are sums and products, so there is none for how many these are; of an axis declared with {step}*q entries"
            f" a range by {step} has q",
        ),
    )


def too_many_subscripts(span: Span, count: int, sizes: str) -> Diagnostic:
    counted = f"{count} subscript{'s are' if count > 1 else ' is'}"
    return SUBSCRIPTS.at(span, f"{counted} more than there are axes", f"this is {sizes}")


def index_below(span: Span, name: str, below: str, size: str, line: int) -> Diagnostic:
    return POSITION.at(
        span, f"`{name}` runs below {below}, the axis has {size} entries", f"`{name}` is an index (line {line})"
    )


# Pieces put together --------------------------------------------------------------------------------------------------


def takes_index(span: Span, name: str) -> Diagnostic:
    return ARRANGEMENT.at(span, f"`{name}` takes an index", "an input or target declared `: index(…)`")


def takes_table(span: Span, found: str) -> Diagnostic:
    return ARRANGEMENT.at(span, "`embed` takes a matrix with a row for each value of the index", f"this is {found}")


def takes_vectors(span: Span, name: str, found: str) -> Diagnostic:
    return ARRANGEMENT.at(span, f"`{name}` takes vectors", f"this is {found}")


def takes_diagonal(span: Span, found: str) -> Diagnostic:
    return ARRANGEMENT.at(span, "`diag` takes a vector or a square matrix", f"this is {found}")


def scalar_piece(span: Span) -> Diagnostic:
    return ARRANGEMENT.at(span, "a scalar has no axis to go on", "`stack` makes a vector of scalars")


def too_many_entries(span: Span, found: str, wanted: str) -> Diagnostic:
    return ARRANGEMENT.at(
        span, f"`reshape` keeps every entry: {found} cannot become {wanted}", "the products of the sizes differ"
    )


def axes_of(span: Span, rank: int) -> Diagnostic:
    wanted = "0" if rank == 1 else f"0 to {rank - 1}"
    return ARRANGEMENT.at(span, "`permute` takes every axis once", f"the axes of this operand are {wanted}" if rank else "")


def takes_square(span: Span, name: str, found: str, by_name: bool) -> Diagnostic:
    tail = "; sizes match by name, not by value" if by_name else ""
    return SQUARE.at(span, f"`{name}` takes a square matrix", f"this is {found}{tail}")


# Named indices --------------------------------------------------------------------------------------------------------


def index_taken(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return INDEX_NAME.at(
        span, f"the index `{name}` has the name of something else", f"`{name}` is {a(kind)} (line {line})"
    )


def index_reserved(span: Span, name: str) -> Diagnostic:
    return INDEX_NAME.at(span, f"`{name}` cannot be the name of an index", "the language gives it a meaning")


def index_twice(span: Span, name: str) -> Diagnostic:
    return INDEX_NAME.at(span, f"the index `{name}` is bound twice", "here again")


def index_unread(span: Span, name: str) -> Diagnostic:
    return INDEX_NAME.at(
        span, f"nothing is read at the index `{name}`", "its size is that of the axes that it stands at"
    )


def index_alone(span: Span, name: str) -> Diagnostic:
    return INDEX_USE.at(span, f"the index `{name}` is not a number", "it stands in brackets, as in `x[i]`")


def index_not_plain(span: Span, written: str) -> Diagnostic:
    label = "an index stands by itself, as in `x[i]`; `x[1:n]` shifts an axis"
    return INDEX_USE.at(span, f"`{written}` is made of an index", label)


def not_at_indices(span: Span, written: str, sizes: str) -> Diagnostic:
    return INDEX_USE.at(
        span, f"`{written}` is not read at indices", f"it has the sizes {sizes}; where indices have names, write each of them"
    )


def index_repeated(span: Span, name: str) -> Diagnostic:
    return INDEX_USE.at(
        span, f"the index `{name}` stands twice in one pair of brackets", "`diag` takes a diagonal: `diag(W)[i]`"
    )


def around_indices(span: Span, what: str) -> Diagnostic:
    return INDEX_USE.at(
        span, f"{what} cannot stand around named indices", "arithmetic, elementwise functions and `sum[i](…)` can"
    )


def index_sizes(span: Span, name: str, size: str, first: Span, other: str, by_name: bool) -> Diagnostic:
    tail = "; sizes match by name, not by value" if by_name else ""
    return INDEX_SIZES.at(
        span,
        f"the index `{name}` runs over {other} and over {size}",
        f"over {size} here{tail}",
        (Label(first, f"over {other} here"),),
    )


# Lists ----------------------------------------------------------------------------------------------------------------


def list_length(span: Span, count: int, size: str) -> Diagnostic:
    return LIST_LENGTH.at(span, f"a list of {count} meets {size}", "the numbers must agree")


def list_unknown(span: Span, size: str) -> Diagnostic:
    return LIST_LENGTH.at(span, f"this list meets {size}, which has no number yet", "give the size a default")


def list_ragged(span: Span) -> Diagnostic:
    return LIST_LENGTH.at(span, "the rows of this list have different lengths", "this one differs from the first")
