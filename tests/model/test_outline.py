"""What a run reads of a model is the same in its outline, and all else is asked of the model itself."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import pytest

import hdsl
from hdsl.model.outline import gives_probabilities, outline_of, outlined, paired_outputs, whole
from hdsl.terms.term import size

TEXT = """
dim m = 3, k = m + 1, n = 2
input u[m]
input word : index(k)
target v[n]
target c : index(k)
target free
param W[n, m] = 0
param E[k, n] = 0
state h[n] = 0
next h = W @ u
reset h each sample
output y = h
output odd = dot(u, u) + sum(E[word, :])
output p = softmax(E @ y)
output q = E @ y
cost fit = squared(y - v)
cost class = cross_entropy(q, c)
cost away = squared(free)
learn
    order = sequential
    eta   = 1
"""


def record(text: str = TEXT, **dims: int) -> Any:
    return hdsl.loads(text, **dims).compiler.model


def test_an_output_is_paired_with_the_target_of_its_cost() -> None:
    model = record()
    assert [paired_outputs(model, target) for target in ("v", "c", "free")] == [("y",), ("q",), ()]
    assert gives_probabilities(model, "p") and not gives_probabilities(model, "q")


def test_an_outline_says_what_the_model_says_without_the_model() -> None:
    model = record(m=5)
    told = outline_of(model)
    assert told is not None

    def never() -> Any:
        raise AssertionError("the model was asked")

    made = outlined(json.loads(json.dumps(told)), never)
    assert made is not None
    for name in ("name", "hamiltonian", "outputs", "costs", "targets_of", "resets", "cycle"):
        assert getattr(made, name) == getattr(model, name), name
    for name in ("schedule", "order", "tokens", "replays"):
        assert getattr(made.learning, name) == getattr(model.learning, name), name
    assert list(made.dynamics) == list(model.dynamics) and "h" in made.dynamics and "W" not in made.dynamics
    assert made.dims == {"m": 5, "k": 6, "n": 2}
    assert {q.name: (q.role, q.sizes, q.shared, q.below) for q in made.quantities.values()} == {
        "u": ("input", (5,), False, None), "word": ("input", (), False, 6), "v": ("target", (2,), False, None),
        "c": ("target", (), False, 6), "free": ("target", (), False, None), "W": ("param", (2, 5), True, None),
        "E": ("param", (6, 2), True, None), "h": ("state", (2,), False, None),
    }  # fmt: skip
    assert [q.name for q in made.of_role("target")] == ["v", "c", "free"]
    for target in ("v", "c", "free"):
        assert paired_outputs(made, target) == paired_outputs(model, target)
    assert all(gives_probabilities(made, name) == gives_probabilities(model, name) for name in model.outputs)


def test_whatever_else_is_asked_comes_from_the_model() -> None:
    model = record()
    made = outlined(outline_of(model) or {}, lambda: model)
    assert made is not None
    assert made.definitions is model.definitions and made.taught == model.taught
    assert made.learning.values is model.learning.values
    assert made.dynamics["h"] is model.dynamics["h"] and len(made.dynamics) == 1
    assert made.quantities["W"].initial is model.quantities["W"].initial
    assert copy.copy(made).definitions is model.definitions
    with pytest.raises(AttributeError):
        made.nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(KeyError):
        made.dynamics["u"]


def test_a_size_that_is_to_be_told_leaves_no_outline() -> None:
    text = "dim m\ninput u[m]\ntarget v\nparam w[m] = 1\noutput y = dot(w, u)\ncost c = (y - v)^2\n"
    assert outline_of(record(text)) is None and outline_of(record(text, m=2)) is not None
    assert whole(size("m"), {"m": None}) is None and whole(size("m") + 1, {"m": size("k"), "k": 2}) == 3 == whole(3, {})


@pytest.mark.parametrize("name", ["pendulum", "lqr"])
def test_a_model_that_no_stream_steps_has_no_outline(name: str) -> None:
    assert outline_of(hdsl.load(name).compiler.model) is None


@pytest.mark.parametrize("change", [{"layout": 0}, {"quantities": [["u"]]}, {"dims": None}, {"cycle": "?"}, {"learning": 3}])
def test_what_is_no_outline_is_none(change: dict[str, Any]) -> None:
    told = outline_of(record())
    assert told is not None and outlined({**told, **change}, record) is None and outlined({}, record) is None


def test_a_run_needs_no_compiler_where_text_is_kept(checkout: Path) -> None:
    """Neither sympy nor lark stands behind the modules that a second start imports, at their top."""
    seen: set[str] = set()
    todo = ["hdsl.cli.run", "hdsl.runtime.session", "hdsl.runtime.load", "hdsl.cli.summary", "hdsl.model.outline"]
    while todo:
        name = todo.pop()
        place = checkout / name.replace(".", "/")
        path = next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)
        if path is None or name in seen:
            continue
        seen.add(name)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                todo += [alias.name for alias in node.names]
                assert not {alias.name.partition(".")[0] for alias in node.names} & {"sympy", "lark"}, name
            elif isinstance(node, ast.ImportFrom):
                base = str(node.module)
                assert base.partition(".")[0] not in ("sympy", "lark"), name
                todo += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    assert {"hdsl.runtime.run", "hdsl.runtime.native", "hdsl.api", "hdsl.compiler", "hdsl.kept"} <= seen
