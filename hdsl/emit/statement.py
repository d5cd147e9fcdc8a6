"""Statement: one statement of generated text, and the gathering of neighbouring additions into one call."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from hdsl.terms.term import Definition


@dataclass(frozen=True)
class Statement:
    """One statement of generated text and the definitions that it computes, for its comment."""

    text: str
    definitions: tuple[Definition, ...]


def gather_additions(statements: list[Statement]) -> list[Statement]:
    """Neighbouring ``X.add_(Y, alpha=k)`` with one k become one call over lists."""
    made: list[Statement] = []
    groups: list[tuple[str, list[tuple[str, str]], list[Definition]]] = []

    def close() -> None:
        for alpha, pairs, definitions in groups:
            if len(pairs) == 1:
                text = f"{pairs[0][0]}.add_({pairs[0][1]}, alpha={alpha})"
            else:
                left, right = (", ".join(side) for side in zip(*pairs, strict=True))
                text = f"torch._foreach_add_(({left}), ({right}), alpha={alpha})"
            made.append(Statement(text, tuple(definitions)))
        groups.clear()

    for statement in statements:
        head, found, alpha = statement.text.partition(", alpha=")
        cell, dot, rest = head.partition(".add_(")
        if found and dot and cell.isidentifier() and rest.isidentifier() and alpha.endswith(")"):
            for known, pairs, definitions in groups:
                if known == alpha[:-1]:
                    pairs.append((cell, rest))
                    definitions.extend(statement.definitions)
                    break
            else:
                groups.append((alpha[:-1], [(cell, rest)], list(statement.definitions)))
        else:
            close()
            made.append(statement)
    close()
    return made


def bind_numbers(statements: list[Statement]) -> tuple[list[str], list[Statement]]:
    """Numbers that several calls take (1 − τη, −τβ, τ/batch) are worked out once, under a name that says what they are.

    Returns the lines that bind them, and the statements that use the names.
    """
    found = Counter(number for s in statements for _, number in _SCALING.findall(s.text) if not number.isidentifier())
    names: dict[str, str] = {}
    for number, times in found.items():
        if times > 1 and any(letter.isalpha() for letter in number):
            stem = next((name for start, name in _STEMS if number.startswith(start)), "factor")
            taken = sum(name.startswith(stem) for name in names.values())
            names[number] = f"{stem}_{taken + 1}" if taken else stem

    def swap(match: re.Match[str]) -> str:
        return f"{match[1]}={names.get(match[2], match[2])}"

    bindings = [f"{name} = {number}" for number, name in names.items()]
    return bindings, [replace(s, text=_SCALING.sub(swap, s.text)) for s in statements]


def turn_once(statements: list[Statement]) -> list[Statement]:
    """A transpose that several calls take is one view, made where the value is."""
    found = Counter(name for s in statements for name in _TURNED.findall(s.text))
    often = {name for name, times in found.items() if times > 1}
    made: list[Statement] = []
    for statement in statements:
        assigned = statement.text.partition(" = ")[0]
        text = _TURNED.sub(lambda m: f"{m[1]}_t" if m[1] in often else m[0], statement.text)
        made.append(replace(statement, text=text))
        if assigned in often:
            made.append(Statement(f"{assigned}_t = {assigned}.t()", ()))
    at_first = [
        Statement(f"{name}_t = {name}.t()", ()) for name in sorted(often - {s.text.split(" = ")[0] for s in statements})
    ]
    return at_first + made


_SCALING = re.compile(r"\b(beta|alpha|value)=((?:[^,()]|\([^()]*\))+)")
_TURNED = re.compile(r"\b(\w+)\.t\(\)")
_STEMS = (
    ("1 - tau", "keep_state"),
    ("1 - ", "keep"),
    ("-", "rate"),
    ("tau * mean", "tau_mean"),
    ("mean * tau", "tau_mean"),
)
