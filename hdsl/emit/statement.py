"""Statement: one statement of generated text, and the gathering of neighbouring additions into one call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, replace

from hdsl.terms.term import Definition


@dataclass(frozen=True)
class Statement:
    """One statement of generated text and the definitions that it computes, for its comment."""

    text: str
    definitions: tuple[Definition, ...]


def gather_additions(statements: list[Statement]) -> list[Statement]:
    """Neighbouring ``X.add_(Y, alpha=k)`` with one k become one call over lists.

    Additions of another k may move past one another, so a group ends where one reads or writes what another writes.
    """
    made: list[Statement] = []
    groups: dict[str, list[tuple[str, str, Statement]]] = {}

    def close() -> None:
        for alpha, additions in groups.items():
            made.append(_one_call(alpha, additions))
        groups.clear()

    for statement in statements:
        addition = _ADDITION.fullmatch(statement.text)
        if addition is None:
            close()
            made.append(statement)
            continue
        cell, added, alpha = addition.groups()
        waiting = [(x, y) for additions in groups.values() for x, y, _ in additions]
        if any(cell in (x, y) or added == x for x, y in waiting):
            close()
        groups.setdefault(alpha, []).append((cell, added, statement))
    close()
    return made


def _one_call(alpha: str, additions: list[tuple[str, str, Statement]]) -> Statement:
    """One addition as it stands, several as a call over lists."""
    if len(additions) == 1:
        return additions[0][2]
    cells, added = ", ".join(x for x, _, _ in additions), ", ".join(y for _, y, _ in additions)
    definitions = tuple(d for _, _, statement in additions for d in statement.definitions)
    return Statement(f"torch._foreach_add_(({cells}), ({added}), alpha={alpha})", definitions)


def bind_numbers(
    statements: list[Statement], taken: Container[str] = (), least: int = 2
) -> tuple[list[str], list[Statement]]:
    """Numbers that several calls take (1 − τη, −τβ, τ/batch) are worked out once, under a name that says what they are.

    None of the names is ``taken``; ``least`` are the calls that are several. Returns the lines that bind them, and the
    statements that use the names.
    """
    found = Counter(number for s in statements for _, number in _SCALING.findall(s.text) if not number.isidentifier())
    names: dict[str, str] = {}
    for number, times in found.items():
        if times >= least and any(letter.isalpha() for letter in number):
            stem = next((name for start, name in _STEMS if number.startswith(start)), "factor")
            names[number] = _free(stem, (*names.values(),), taken)

    def swap(match: re.Match[str]) -> str:
        return f"{match[1]}={names.get(match[2], match[2])}"

    bindings = [f"{name} = {number}" for number, name in names.items()]
    return bindings, [replace(s, text=_SCALING.sub(swap, s.text)) for s in statements]


def turn_once(statements: list[Statement], taken: Container[str] = ()) -> list[Statement]:
    """A transpose that several calls take is one view, made where the value is, under a name that is not ``taken``."""
    found = Counter(name for s in statements for name in _TURNED.findall(s.text))
    often: dict[str, str] = {}
    for name in sorted(name for name, times in found.items() if times > 1):
        often[name] = _free(f"{name}_t", (*often.values(),), taken)
    made: list[Statement] = []
    for statement in statements:
        assigned = statement.text.partition(" = ")[0]
        text = _TURNED.sub(lambda m: often.get(m[1]) or m[0], statement.text)
        made.append(replace(statement, text=text))
        if assigned in often:
            made.append(Statement(f"{often[assigned]} = {assigned}.t()", ()))
    here = {s.text.partition(" = ")[0] for s in statements}
    at_first = [Statement(f"{turned} = {name}.t()", ()) for name, turned in often.items() if name not in here]
    return at_first + made


def _free(stem: str, *taken: Container[str]) -> str:
    """The stem, or the stem numbered, so that no collection has it."""
    count, name = 1, stem
    while any(name in names for names in taken):
        count += 1
        name = f"{stem}_{count}"
    return name


_INSIDE = r"[^()]*"
for _ in range(4):  # brackets within brackets
    _INSIDE = rf"(?:[^()]|\({_INSIDE}\))*"
_NUMBER = rf"(?:[^,()]|\({_INSIDE}\))+"
_ADDITION = re.compile(rf"(\w+)\.add_\((\w+), alpha=({_NUMBER})\)")
_SCALING = re.compile(rf"\b(beta|alpha|value)=({_NUMBER})")
_TURNED = re.compile(r"\b(\w+)\.t\(\)")
_STEMS = (
    ("1 - tau", "keep_state"),
    ("1 - ", "keep"),
    ("math.e ** ", "keep"),
    ("-", "rate"),
    ("tau * mean", "tau_mean"),
    ("mean * tau", "tau_mean"),
)
