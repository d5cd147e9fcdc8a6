"""Mangled files by number: what ships, and more of the language, with pieces cut, doubled, swapped and put in."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.programs import program
from hdsl.cli.new import TEMPLATES
from hdsl.resources import folder

# Statements that no shipped file has.
MORE = r"""ham 1
model more
dim n = 3, m = (n + 1)/2, k = 4
input u[n]
input c : index(k)
target v[n]
const a[n] = [1, 0.5, -2e-3]
param W[n, n] = orthogonal(1.5)
param E[k, n] = normal(0, 1/sqrt(n))
state h[n] = 0
def swish(x, k = 1) = x * sigmoid(k*x)
component dense(x[m], n, gain = 1) {
    param W[n, m] = normal(0, gain)
    state s[m] = 0                            # one of its own
    next s = tanh(x) if x > 0 else -s
    return W @ s
}
let d[i, j] = sum[l](W[i, l]*W[j, l]) / 2
let e = embed(E, c) + delay(swish(u), 2) - previous(u)
h' = -h + tanh(W @ h + d @ repeat(2, dense, e, n))
reset h each sample
latex W "\mathcal{W}"
output y = concat(h[0:1], h[1:n]) * softmax(u, axis=0)
cost fit = 1/2 * squared(y - v) + logsumexp(solve(expm(0.1*W), h))
project W = W / norm2(W) every 10
learn
    order = semi-implicit
    eta = 0.5
    beta.W = 0.01
    phi = exp(-t)
"""

_SIGNS = (*"()[]{}=+-*/@^,:;.'′#\"\\ \t\n\r$%<>!&|~?_`", "##", "**", "==", "<=", ".T", "\r\n", "//", "->", " = ", "{ ", "}\n")
_WORDS = (
    *("ham", "model", "dim", "input", "target", "state", "param", "const", "let", "output", "cost", "next", "reset", "learn"),
    *("component c(x) {", "}", "return", "project", "every", "latex", "use", "def", "if", "else", "for", "index", "each"),
    *("control", "terminal", "horizon 5", "hamiltonian", "costate", "local", "T", "t", "tau", "inf", "pi", "boundary"),
    *("sum[i](", "repeat(", "delay(", "previous(", "conv2d(", "embed(", "softmax(", "normal(", "x[0]", "a.W", "a.1.1.W"),
    *("None", "True", "import os", "__import__", "lambda", "{{ 7*7 }}", "%s", "<script>", "\\input{/etc/x}", 'use "../x.ham"'),
)  # fmt: skip
_STRANGE = (
    *("\0", "\x1b[31m", "\x07", "\f", "\v", "\ufeff", "\u00a0", "\u202e", "\u200b", "\u2028", "\ufffd", "\U0001f600"),
    *("α₁", "ᵀ", "²", "漢", "−", "×", "ẋ", "e\u0301", "ﬁ", "ſ", "ℌ", "１", "٣"),
)
_NUMBERS = (
    *("0", "-1", "1e9", "1e400", "1e-400", "1e99999999999", "9" * 60, "0." + "3" * 60, "1e308", "2^64", "7^10^8", "9^9^9^9"),
    *("10^1000", "2^-2000", "0^0", "1/0", "0/0", "1e-320", "1000000000000", "99999", "0x10", "1_000", ".5", "5.", "1e"),
)  # fmt: skip
# What is repeated into something long or deep, and what closes it.
_REPEATED = (
    *(("(", ")"), ("[", "]"), ("tanh(", ")"), ("-", ""), ("1+", "1"), ("2^", "2"), ("x*", "x"), ("{", "}"), ("a.", "W")),
    *(("u+", "u"), ("[1,", "2]"), ("x if u > 0 else ", "1"), (" ", ""), ("\n", ""), ("x", ""), ("9", ""), ("#", "")),
    *(("component c(x) {\n", "return x }\n"), ("let q = 1\n", ""), (".T", ""), ("delay(", ")"), ("\t", ""), ("'", "")),
)  # fmt: skip
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@cache
def bases() -> tuple[str, ...]:
    """Every .ham file that ships, and `MORE`."""
    files = [*sorted(folder("models").rglob("*.ham")), *sorted(Path(TEMPLATES).glob("*.ham"))]
    return (*(path.read_text(encoding="utf-8") for path in files), MORE, MORE)


def mangled(number: int) -> bytes:
    """The bytes of a mangled file."""
    random = Random(f"mangled {number}")
    text = program(random.randrange(10**9)) if random.random() < 0.3 else random.choice(bases())
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        text = random.choice(_CHANGES)(text, random)
    data = text.encode("utf-8")
    if random.random() < 0.01:
        place = random.randrange(len(data) + 1)
        data = data[:place] + random.randbytes(random.randrange(1, 9)) + data[place:]
    return data


Change = Callable[[str, Random], str]


def _piece(text: str, random: Random, most: int = 20) -> tuple[int, int]:
    start = random.randrange(len(text) + 1)
    return start, min(len(text), start + random.randrange(most))


def _characters(text: str, random: Random) -> str:
    start, end = _piece(text, random)
    piece = random.choice(("", text[start:end] * 2, text[start:end][::-1], text[start:end] * 30))
    return text[:start] + piece + text[end:]


def _tokens(text: str, random: Random) -> str:
    parts = _TOKEN.findall(text) or [""]
    one, other = random.randrange(len(parts)), random.randrange(len(parts))
    match random.randrange(4):
        case 0:
            del parts[one]
        case 1:
            parts.insert(one, parts[other])
        case 2:
            parts[one] = parts[other]
        case _:
            parts[one], parts[other] = parts[other], parts[one]
    return "".join(parts)


def _lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one : one + 1] = [lines[one]] * random.choice((3, 30, 300))
        case _:
            lines = lines[:one]
    return "\n".join(lines)


def _splice(text: str, random: Random) -> str:
    """The start of a file before the end of another, or lines of another among its own."""
    other = random.choice(bases())
    if random.random() < 0.5:
        return text[: random.randrange(len(text) + 1)] + other[random.randrange(len(other)) :]
    lines, more = text.split("\n"), other.split("\n")
    place, start = random.randrange(len(lines)), random.randrange(len(more))
    return "\n".join((*lines[:place], *more[start : start + random.randrange(1, 8)], *lines[place:]))


def _put_in(pieces: tuple[str, ...]) -> Change:
    def change(text: str, random: Random) -> str:
        start, end = _piece(text, random, 4)
        return text[:start] + random.choice(pieces) + text[end:]

    return change


def _number(text: str, random: Random) -> str:
    """Another number in place of one."""
    found = list(re.finditer(r"\d+(\.\d+)?", text))
    if not found:
        return text
    place = random.choice(found)
    return text[: place.start()] + random.choice(_NUMBERS) + text[place.end() :]


def _name(text: str, random: Random) -> str:
    """Another name of the file in place of one, or a name slightly changed."""
    found = list(re.finditer(r"[^\W\d]\w*", text))
    if not found:
        return text
    one, other = random.choice(found), random.choice(found).group()
    letters = list(one.group())
    random.shuffle(letters)
    name = random.choice((other, other, "".join(letters), one.group() * 50, one.group().upper()))
    return text[: one.start()] + name + text[one.end() :]


def _long(text: str, random: Random) -> str:
    """Something very long, or very deep, in place of a short piece."""
    count = random.choice((10, 99, 101, 300, 3000, 20000))
    start, end = _piece(text, random, 4)
    unit, close = random.choice(_REPEATED)
    closes = close * count if len(close) == 1 and random.random() < 0.7 else close
    return text[:start] + (unit * count)[:100_000] + closes + text[end:]


def _brackets(text: str, random: Random) -> str:
    """One bracket taken out, turned or doubled."""
    found = [place for place, letter in enumerate(text) if letter in "()[]{}"]
    if not found:
        return text
    place = random.choice(found)
    return text[:place] + random.choice(("", *"()[]{}", text[place] * 2)) + text[place + 1 :]


_CHANGES: tuple[Change, ...] = (
    *(_characters, _characters, _tokens, _tokens, _tokens, _lines, _lines, _splice, _number, _number, _name, _name, _name),
    *(_put_in(_SIGNS), _put_in(_WORDS), _put_in(_STRANGE), _put_in(_NUMBERS), _brackets, _long),
)
