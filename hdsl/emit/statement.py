"""Statement: one statement of generated text, and the gathering of neighbouring additions into one call."""

from __future__ import annotations

from dataclasses import dataclass

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
