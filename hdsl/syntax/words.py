"""The words that the syntax gives a meaning: of this version, and kept for the rest of the language."""

from __future__ import annotations

# Words that start a statement of this version, with what that statement is called in messages.
STATEMENTS: dict[str, str] = {
    "ham": "the `ham` line",
    "model": "the `model` line",
    "dim": "a `dim` declaration",
    "input": "an `input` declaration",
    "target": "a `target` declaration",
    "state": "a `state` declaration",
    "param": "a `param` declaration",
    "const": "a `const` declaration",
    "let": "a `let` definition",
    "output": "an `output` definition",
    "cost": "a `cost` definition",
    "next": "a `next` line",
    "reset": "a `reset` line",
    "learn": "the `learn` line",
    "component": "a `component`",
    "def": "a `def` function",
    "return": "a `return` line",
    "use": "a `use` line",
    "project": "a `project` line",
    "latex": "a `latex` line",
    "local": "a `local` line",
    "control": "a `control` declaration",
    "costate": "a `costate` line",
    "terminal": "a `terminal` cost",
    "horizon": "the `horizon` line",
    "final": "a `final` line",
    "constraint": "a `constraint` line",
    "hamiltonian": "a `hamiltonian` line",
}

# Words that begin a clause within a statement: what follows them starts anew.
CLAUSES: dict[str, frozenset[str]] = {
    "project": frozenset({"every"}),
    "control": frozenset({"in", "given", "gradient"}),
    "costate": frozenset({"of"}),
    "horizon": frozenset({"in"}),
    "constraint": frozenset({"soft", "penalty"}),
}

# What `local` lines call every param.
EVERY_PARAM = "all"

# Statements that may stand in the braces of a component.
OF_COMPONENTS: frozenset[str] = frozenset(
    {"dim", "state", "param", "const", "let", "next", "reset", "project", "local", "return"}
)

# Words whose statement declares the name that follows.
DECLARING: frozenset[str] = frozenset(
    {
        "component",
        "const",
        "constraint",
        "control",
        "cost",
        "costate",
        "def",
        "hamiltonian",
        "input",
        "let",
        "output",
        "param",
        "state",
        "target",
        "terminal",
    }
)

# Words that start a statement, of this version or a later one.
KEYWORDS: frozenset[str] = frozenset(STATEMENTS)

# First words of the settings below `learn`.
SETTINGS: frozenset[str] = frozenset(
    {"beta", "dissipation", "eta", "first", "order", "phi", "schedule", "states", "step", "tau", "tol"}
)

# First words of Python lines that people write out of habit and that no .ham line can start with.
PYTHON_WORDS: frozenset[str] = frozenset(
    {
        "assert",
        "async",
        "class",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "pass",
        "print",
        "raise",
        "try",
        "while",
        "with",
        "yield",
    }
)
