"""Naming: how the name of a quantity looks in a formula; two names never look the same.

A user's name is shown as a mathematician would write it (``alpha`` α, ``W1`` W₁, ``h_in`` h with subscript in) unless
another name of the model looks like that already: then it is shown as it was written. Names that hdsl makes (``z:h``,
``adj:a``, ``h+`` …) are built on the look of what they belong to, and give way to users' names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from hdsl.terms.spelling import GREEK, SPELLINGS, SUPERSCRIPTS, Spelling, Style
from hdsl.terms.term import KEPT

_PLAIN = re.compile(r"(?P<stem>[^\W\d_]+)(?P<digits>\d*)(?:_(?P<rest>[^_]\w*))?")
_MADE = re.compile(r"(?P<kind>[a-zA-Z]+):(?P<of>.+)")
_NUMBERED = re.compile(r"(?P<of>.+)~(?P<count>\d+)")
_STAGED = re.compile(r"(?P<of>.+)@(?P<stage>\d+)")
_WORDS = {
    "dot": "derivative",
    "z": "costate",
    "w": "costate",
    "adj": "adjoint",
    "seed": "weight",
    "present": "given",
    "f": "dynamics",
    "F": "dynamics",
    "flow": "dynamics",
    "half": "part",
    "begun": "beginning",
    "pull": "pull",
    "was": "old",
}


@dataclass(frozen=True)
class Look:
    """A name taken apart: a stem with an accent (bar, dot, hat), a subscript and superscript marks (⁺, ′).

    ``inside`` is the path of the instance that the name belongs to (``body.2`` for ``body.2.W``); ``latex`` are stem and
    subscript in LaTeX where a file gives them, in place of those of the look. ``says`` makes it a condition about what is
    looked at: 1 where that is so, 0 elsewhere.
    """

    stem: str
    subscript: Look | str = ""
    accent: str = ""
    marks: tuple[str, ...] = ()
    inside: str = ""
    latex: tuple[str, str] | None = None
    says: str = ""

    def spell(self, spelling: Spelling, superscript: str = "") -> str:
        """The look in a table; ``superscript`` joins the marks (a transpose, for instance)."""
        return _spelt(self, spelling.style, superscript)

    def _spell(self, spelling: Spelling, superscript: str) -> str:
        given = self.latex if spelling.style == "latex" else None
        stem, below = given or (spelling.stem(self.stem), self._below(spelling))
        if self.says:
            stem = spelling.condition(f"{spelling.scripts(stem, below, '')}{spelling.word(self.says)}")
            below = ""
        if self.accent:
            stem = spelling.accent(stem, self.accent, _is_letter(given[0]) if given else len(self.stem) == 1)
        elif given and re.search(r"[^A-Za-z\\\\]", _outside(stem)):
            stem = f"{{{stem}}}"  # one thing, whatever scripts and signs it has of its own
        marks = [_mark(mark, spelling.style) for mark in self.marks]
        spelt = spelling.scripts(stem, below, "".join(marks) + superscript)
        return unicodedata.normalize("NFC", spelt)

    def _below(self, spelling: Spelling) -> str:
        """The subscript: the name's own, then the instance."""
        own = self.subscript.spell(spelling) if isinstance(self.subscript, Look) else self.subscript
        if own and not isinstance(self.subscript, Look) and not own.isdigit():
            own = spelling.stem(own)
        inside = ".".join(GREEK.get(part, part) for part in self.inside.split("."))
        return spelling.within(own, spelling.stem(inside)) if inside else own


@lru_cache(maxsize=KEPT)  # a name stands in many equations
def _spelt(look: Look, style: Style, superscript: str) -> str:
    return look._spell(SPELLINGS[style], superscript)


def _is_letter(latex: str) -> bool:
    """True for one letter, or one command without arguments."""
    return bool(re.fullmatch(r"\\[A-Za-z]+|[A-Za-z]", latex))


def _outside(latex: str) -> str:
    """What stands outside all groups."""
    while (less := re.sub(r"\{[^{}]*\}", "", latex)) != latex:
        latex = less
    return latex


def _parted(latex: str) -> tuple[str, str]:
    """Stem and subscript of a look in LaTeX whose only script is a subscript at its end; else the whole is the stem."""
    found = re.fullmatch(r"([^_^']+)_(?:\{(.*)\}|(\\[A-Za-z]+|[A-Za-z0-9]))", latex)
    if found is None or any("{" in _outside(part) or "}" in _outside(part) for part in found.groups("")):
        return latex, ""
    return found[1], found[2] or found[3]


def _mark(mark: str, style: Style) -> str:
    if style == "text":
        return mark if mark in "⁺⁻′″" else f"({mark})".translate(SUPERSCRIPTS)
    return {"⁺": "+", "⁻": "-", "′": r"\prime ", "″": r"\prime\prime "}.get(mark, f"({mark})")


def is_made(name: str) -> bool:
    """True for a name that hdsl made and no user can write."""
    return any(mark in name for mark in ":+~@")


@lru_cache(maxsize=KEPT)
def owner(name: str) -> str:
    """The user's quantity or definition to which a made name belongs: ``h`` for ``dot:z:h`` and ``z:h+``.

    ``all:omega`` (the costates of all parameters together) and settings (``learn:eta``) belong to nothing.
    """
    while True:
        numbered, made = _NUMBERED.fullmatch(name), _MADE.fullmatch(name)
        if name.startswith(("all:", "learn:")):
            return name
        if staged := _STAGED.fullmatch(name):
            name = staged["of"]
        elif name.endswith("+"):
            name = name[:-1]
        elif numbered:
            name = numbered["of"]
        elif made:
            name = made["of"]
        else:
            return name


@lru_cache(maxsize=KEPT)
def _written(name: str) -> Look:
    """The look of a user's name by itself."""
    if "." in name:
        *instances, own = name.split(".")
        if own.isdigit() and len(instances) > 0:  # a copy itself: body.2
            return replace(Look(instances[-1], own), inside=".".join(instances[:-1]))
        return replace(_written(own), inside=".".join(instances))
    parts = _PLAIN.fullmatch(name)
    if not parts or (parts["digits"] and parts["rest"]):
        return Look(name)
    stem = GREEK.get(parts["stem"], parts["stem"])
    below = parts["digits"] or parts["rest"] or ""
    return Look(stem, GREEK.get(below, below))


class Naming:
    """Looks for a set of names. ``nexts`` are the states that move by ``next``: their dynamics is F, else f.

    ``latex`` are the looks that a file gives to names; each has to be a formula that stands by itself.
    """

    def __init__(
        self,
        names: Iterable[str],
        states: Collection[str],
        nexts: Collection[str] = (),
        latex: Mapping[str, str] | None = None,
    ) -> None:
        self.states, self.nexts, self._latex = frozenset(states), frozenset(nexts), dict(latex or {})
        self._looks: dict[str, Look] = {}
        self._taken: set[str] = set()
        names = tuple(names)
        self.named = frozenset(name for name in names if not is_made(name))
        everything = {part for name in names for part in (name, owner(name))}
        users = sorted(name for name in everything if not is_made(name))
        self._place_users(users)
        for name in sorted(everything.difference(users), key=lambda n: (len(n), n)):
            self.of(name)

    def of(self, name: str) -> Look:
        """The look of a name; the same for as long as the naming lives."""
        if name not in self._looks:
            for look in (*self._tiers(name), Look(_spelt_out(name))):
                if not self._taken & _keys(look):
                    break
            self._looks[name] = look
            self._taken |= _keys(look)
        return self._looks[name]

    def plain(self, name: str) -> Look:
        """The look of a user's name by itself, whatever else there is."""
        look = _written(name)
        return replace(look, latex=_parted(self._latex[name])) if name in self._latex else look

    def free(self, letters: Iterable[str]) -> tuple[str, ...]:
        """Those of the letters that no name looks like."""
        return tuple(letter for letter in letters if not self._taken & _keys(Look(letter)))

    def _place_users(self, names: list[str]) -> None:
        """A look stands where no other name has it, neither in its look nor as it is written."""
        claims: dict[str, set[str]] = {}
        for name in names:
            for key in _keys(self.plain(name)) | _keys(Look(name)):
                claims.setdefault(key, set()).add(name)
        for name in names:
            look = self.plain(name)
            if any(claims[key] != {name} for key in _keys(look)):
                look = Look(name)
            self._looks[name] = look
            self._taken |= _keys(look)

    def _tiers(self, name: str) -> tuple[Look, ...]:
        """Looks in order of preference."""
        if staged := _STAGED.fullmatch(name):
            return (_marked(self.of(staged["of"]), staged["stage"]),)
        numbered = _NUMBERED.fullmatch(name)
        if numbered:
            count = int(numbered["count"])
            return (_marked(self.of(numbered["of"]), {2: "′", 3: "″"}.get(count, str(count))),)
        if name.endswith("+"):
            return (_marked(self.of(name[:-1]), "⁺"),)
        made = _MADE.fullmatch(name)
        if not made:
            return (self.plain(name),)
        build = _BUILD.get(made["kind"])
        return build(self, made["of"]) if build else ()


def _marked(look: Look, mark: str) -> Look:
    return replace(look, marks=(*look.marks, mark))


@lru_cache(maxsize=KEPT)
def _keys(look: Look) -> frozenset[str]:
    return frozenset(f"{style} {look.spell(spelling)}" for style, spelling in SPELLINGS.items())


def _spelt_out(name: str) -> str:
    """Words and round brackets, which no other look has."""
    if staged := _STAGED.fullmatch(name):
        return f"stage {staged['stage']} of {_spelt_out(staged['of'])}"
    numbered, made = _NUMBERED.fullmatch(name), _MADE.fullmatch(name)
    if numbered:
        return f"number {numbered['count']} of {_spelt_out(numbered['of'])}"
    if name.endswith("+"):
        return f"new({_spelt_out(name[:-1])})"
    return f"{_WORDS.get(made['kind'], made['kind'])}({_spelt_out(made['of'])})" if made else name


def _accented(accent: str) -> Callable[[Naming, str], tuple[Look, ...]]:
    def build(naming: Naming, of: str) -> tuple[Look, ...]:
        look = naming.of(of)
        # A second accent, and a dot over a letter that has one, cannot be told apart.
        if look.accent or (accent == "dot" and look.stem[0] in "ij") or not look.stem[0].isalpha() or "(" in look.stem:
            return ()
        return (replace(look, accent=accent),)

    return build


def _own(letter: Callable[[Naming, str], str], alone: bool) -> Callable[[Naming, str], tuple[Look, ...]]:
    def build(naming: Naming, of: str) -> tuple[Look, ...]:
        stem = letter(naming, of)
        subscripted = Look(stem, naming.of(of))
        return (Look(stem), subscripted) if alone and len(naming.states) == 1 else (subscripted,)

    return build


def _initial(naming: Naming, of: str) -> tuple[Look, ...]:
    look = naming.of(of)
    if look.subscript or look.inside:
        return ()
    stem, below = look.latex or ("", "")
    return (replace(look, subscript="0", latex=(stem, f"{below},0" if below else "0") if stem else None),)


def _setting(naming: Naming, of: str) -> tuple[Look, ...]:
    path, _, rest = of.partition(".")
    letter = GREEK.get(path, path)
    below = naming.of(rest) if rest in naming.named else naming.plain(rest)
    return (Look(letter, below),) if rest else (Look(letter), Look(letter, "learn"))


def _together(naming: Naming, of: str) -> tuple[Look, ...]:
    letter = GREEK.get(of, of)
    return Look(letter), Look(letter, "all")


_BUILD: dict[str, Callable[[Naming, str], tuple[Look, ...]]] = {
    "dot": _accented("dot"),
    "adj": _accented("bar"),
    "half": _accented("hat"),
    "initial": _initial,
    "all": _together,
    "learn": _setting,
    "z": _own(lambda naming, of: "z", alone=True),
    "w": _own(lambda naming, of: "ω", alone=False),
    "f": _own(lambda naming, of: "F" if of in naming.nexts else "f", alone=True),
    "F": _own(lambda naming, of: "F", alone=True),
    "flow": _own(lambda naming, of: "f", alone=True),
    "power": _own(lambda naming, of: "Φ", alone=True),
    "turn": _own(lambda naming, of: "Ψ", alone=True),
    "seed": _own(lambda naming, of: "φ", alone=False),
    "present": lambda naming, of: (replace(naming.of(of), says="given"),),
    "begun": _accented("tilde"),
    "pull": _own(lambda naming, of: "g", alone=False),
    "slope": lambda naming, of: (Look("H", naming.of(of), marks=("′",)),),
    "begins": lambda naming, of: (Look("begins"), Look("begins", of)),
    "was": lambda naming, of: (_marked(naming.of(of), "⁻"),),
    "rest": _own(lambda naming, of: "r", alone=True),
    "token": lambda naming, of: (Look("token"), Look("token", of)),
    "back": _own(lambda naming, of: "back", alone=True),
    "rate": _accented("dot"),
    "robust": lambda naming, of: (_marked(Look("H"), "′"), _marked(Look("H", "robust"), "′")),
    "whole": lambda naming, of: (Look("H"), Look("H", "whole")),
    "mu": lambda naming, of: (Look("μ", of),),
    "end": lambda naming, of: (replace(naming.of(of), subscript="T"),) if not naming.of(of).subscript else (),
}
