"""Row: everything that hdsl knows of one structured operation, and what its spellings and its pullback are handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from hdsl.terms.term import Body, Definition, Scalar, Size

Sizes: TypeAlias = tuple[Size, ...]
Attributes: TypeAlias = Mapping[str, Any]


class Maker(Protocol):
    """What a pullback may do: add definitions, and ask for sizes and sharing."""

    def sizes_of(self, name: str) -> Sizes: ...

    def is_shared(self, name: str) -> bool:
        """Whether a quantity is one for all streams: its part of the adjoint is then a mean over them."""

    def averages(self, name: str) -> bool:
        """Whether the part of a shared quantity may be made as a mean over the streams at once.

        Not where each stream's own part is still to be held against its adjoint.
        """

    def wants(self, name: str) -> bool:
        """Whether a derivative by this operand is asked for: for others a pullback need make nothing."""

    def add(self, stem: str, body: Body, sizes: Sizes, shared: bool | None = None) -> str:
        """Add a definition under a name of that stem and return the name; ``shared`` where it is a mean over the streams."""


@dataclass(frozen=True)
class Written:
    """One use of an operation as text. ``own`` tells which operands have the batch axis, ``batched`` whether the value has.

    ``size`` spells a size, ``sizes`` are those of the value. Where an operand has the batch axis and the value has not, the
    value is the mean over the streams.
    """

    operands: tuple[str, ...]
    own: tuple[bool, ...]
    batched: bool
    sizes: Sizes
    attributes: Attributes
    size: Callable[[Size], str]

    @property
    def crosses(self) -> bool:
        return any(self.own) and not self.batched


Spelling: TypeAlias = str | Callable[[Written], str]


@dataclass(frozen=True)
class StructuredRow:
    """One structured operation.

    ``arity`` is the number of operands, None where it is any. ``sizes`` gives the sizes of the value from those of the
    operands and from the attributes. ``pullback(definition, adjoint, maker)`` gives for each operand its part of the
    adjoint: an expression in slots at the indices of that operand (further indices of the definition are not allowed:
    contract them by ``maker.add``), or None for an operand that has no derivative. ``adjoint`` is the *name* of the
    definition's adjoint.
    ``numpy`` and ``torch`` are spellings: with operands at ``{0}``, ``{1}``, attributes by name and the definition's last
    size at ``{size}``, or functions of what is written. ``torch_shared`` is the spelling where the first operand is shared
    and the value is not. ``together`` says that all operands must have the batch axis where one has it.
    ``view`` says that torch may make the value as a view of the first operand: it lives as long as that is not overwritten.
    ``may_fail`` says that the value may be nan or infinite though all operands are plain numbers.
    """

    name: str
    arity: int | None
    sizes: Callable[[Sequence[Sizes], Attributes], Sizes]
    numpy: Spelling
    torch: Spelling
    pullback: Callable[[Definition, str, Maker], tuple[Scalar | None, ...]]
    numpy_shared: str | None = None
    torch_shared: str | None = None
    together: bool = False
    view: bool = False
    may_fail: bool = False

    def spell(self, backend: str, written: Written) -> str:
        """The operation as text; ``backend`` is torch or numpy."""
        spelling: Spelling = getattr(self, backend)
        alone = bool(written.own) and written.batched and not written.own[0]
        if alone and getattr(self, f"{backend}_shared"):
            spelling = getattr(self, f"{backend}_shared")
        if not isinstance(spelling, str):
            return spelling(written)
        last = written.size(written.sizes[-1]) if written.sizes else ""
        return spelling.format(*written.operands, size=last, **written.attributes)
