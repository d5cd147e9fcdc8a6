"""The canonical layout: idempotent, comments kept, meaning unchanged."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.emit.content import content_hash
from hdsl.format.layout import COMMENTS, formatted, meaning
from hdsl.resources import folder
from hdsl.syntax.gather import gather
from hdsl.syntax.lines import MOST_LINES
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from tests.proofs.drawing import draw_model

MODELS = sorted(folder("models").glob("*.ham"))
BAD = sorted((Path(__file__).parents[1] / "bad").glob("*.ham"))

# Every statement that can be read, laid out canonically.
WHOLE = """ham 1

# licence

## of the file

## of f
# why
## and more
component f(x[m], n, gain = 1) {              # opens
    ## of W
    param W[n, m] = normal(0, gain)           # in W
    param b[n]    = 0
    # before the last

    return W @ x + 2^-x

    # last
}
component g(x) { return x }
component h(x) { return x }                   # behind
def swish(x, k = 1) = x * sigmoid(k*x)
use "a b.ham"

dim n = 64, m
input  u[3]
target v : index(4)                           # arrives
state s[n] = 0
let y[i, k] = sum[j](A[i, j]*B[k, j])
let e       = (y
    # inside
    + 1                                       # one
    if y < 3 else [[1, -2],
        [3, 4]])
next s     = e
output out = y[:, None] - f(x, axis=-1)
cost c     = -1/2 * squared(e)

project a.W = W/norm2(W) every (3 + 2)
latex W "a  b"
h' = 3
let verylong = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  ## of it
reset h each sample

learn
    eta.h = 3                                 # a

    # before tau
    tau  = 2
    beta = 1
    # behind beta
# before z
let z = 1

# end
"""


def shaken(text: str, source: Random) -> str:
    """A text with other spaces between its words, wherever there is one, and with other empty lines."""
    lines = []
    for line in text.split("\n"):
        code, sign, comment = line.partition("#")
        if '"' not in code:
            code = re.sub(" +", lambda _: " " * source.randint(1, 4), code)
            code = re.sub(r"(?<=[=+*/@,(\[])(?=[\w(])", lambda _: " " * source.randint(0, 2), code)
        lines += [code + sign + comment, *([""] if not line and source.random() < 0.5 else [])]
    return "\n".join(lines)


def holds(text: str) -> None:
    """What is true of any text that can be read."""
    before = Source(text)
    after = Source(formatted(before))
    assert formatted(after) == after.text
    assert meaning(parse(after)[0]) == meaning(parse(before)[0])
    assert comments(after.text) == comments(text)
    assert after.text.startswith("ham 1\n") or "ham 1" in text
    assert not re.search(r"[ \t\r]\n|\n\n\n|\n\Z(?<=\n\n)", after.text)


def comments(text: str) -> list[str]:
    return sorted(match.strip() for match in re.findall(r'(?m)#[^\n"]*$', text))


@pytest.mark.parametrize(
    "text",
    [
        "component c(x) {\n\n\n\nreturn x\n}\ncost a = 1\n",
        "component c(x) {\n   \n\n# below\n\nreturn x\n}\ncost a = 1\n",
        "## ends in a line separator\u2028\ncost a = 1  # so does this\u2028\n",
        "cost a = (1  # or a paragraph separator\u2029\n + 2)\n",
    ],
)
def test_what_mangled_files_taught(text: str) -> None:
    """Found by `python -m benchmarks.bulk`."""
    once = formatted(Source(text))
    assert formatted(Source(once)) == once
    assert meaning(parse(Source(once))[0]) == meaning(parse(Source(text))[0])


def test_everything_in_its_place() -> None:
    assert formatted(Source(WHOLE)) == WHOLE


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_that_ship_are_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(Source(text)) == text
    read, again = (gather(Source(each), path.parent) for each in (text, shaken(text, Random(1))))
    assert content_hash(Compiler(read).model) == content_hash(Compiler(again).model)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_models_are_refused_or_keep_their_meaning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = any(diagnostic.severity == "error" for diagnostic in parse(Source(text))[1])
    if wrong:
        with pytest.raises(ModelError):
            formatted(Source(text))
    else:
        holds(text)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_random_models(seed: int, shake: int) -> None:
    holds(shaken(draw_model(seed).text, Random(shake)))


@pytest.mark.slow
@settings(max_examples=500)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_many_random_models(seed: int, shake: int) -> None:
    holds(shaken(draw_model(seed).text, Random(shake)))


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] * (seed > 6)) for seed in range(40)])
def test_the_content_hash_of_random_models_stays(seed: int) -> None:
    text = draw_model(seed).text
    after = formatted(Source(shaken(text, Random(seed))))
    assert content_hash(Compiler(Source(after)).model) == content_hash(Compiler(Source(text)).model)


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.sampled_from([WHOLE, *(path.read_text(encoding="utf-8") for path in MODELS)]))
def test_shaken_models_come_out_alike(seed: int, text: str) -> None:
    holds(shaken(text, Random(seed)))


@pytest.mark.parametrize(
    ("written", "laid_out"),
    [
        ("", "ham 1\n"),
        ("\n\n# only\n\n", "ham 1\n\n# only\n"),
        ("let a = 1", "ham 1\nlet a = 1\n"),
        ("\r\nlet a = 1\r\n\r\n\r\nlet b = 2\r\n", "ham 1\n\nlet a = 1\n\nlet b = 2\n"),
        ("## of the file\nham 1\nmodel m", "## of the file\nham 1\nmodel m\n"),
        ("## of the file\n\nlet a = 1", "ham 1\n## of the file\n\nlet a = 1\n"),
        ("component f(x) {\n\n  return x\n\n}", "ham 1\ncomponent f(x) {\n    return x\n}\n"),
        ("component f(x) # a\n## b\n{return x # c\n} # d", None),
        ("component f(x) { ## for a\n let a = x\n return a }", None),
        ("component f(x) {return x} let b = 2 # b", None),
        ("learn\n  # below\n  tau = 1\n  # still\n# not\n", None),
    ],
)
def test_small_files(written: str, laid_out: str | None) -> None:
    after = formatted(Source(written))
    assert laid_out is None or after == laid_out
    holds(written)


def test_comments_stand_in_one_column_where_they_fit() -> None:
    text = formatted(Source(f"let a = {'b' * (COMMENTS - 10)} # fits\nlet a = {'b' * (COMMENTS - 9)} # does not\n"))
    _, fits, beyond = text.splitlines()
    assert fits.index("#") == COMMENTS
    assert beyond.index("#") == COMMENTS + 1 and beyond.endswith("b  # does not")


def test_a_bound_that_one_more_line_meets_is_told() -> None:
    with pytest.raises(ModelError, match="too-many-statements"):
        formatted(Source("let a = 1\n" * MOST_LINES))
