"""A frozen encoder in front of a model: `run` with it is `run` on what it makes, and nothing of it moves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import hdsl
from hdsl.runtime import frozen
from hdsl.runtime.frozen import encoded, encoders_of

MODEL = hdsl.loads("input u[6]\ntarget v\nparam w[6] = 0.1\noutput y = dot(w, u)\ncost fit = (y - v)^2\nlearn\n    eta = 1\n")
TWO = hdsl.loads(
    "input u[2]\ninput k : index(3)\ntarget v\nparam E[3, 2] = normal(0, 1)\noutput y = dot(embed(E, k), u)\ncost c = (y - v)^2"
)


def encoder() -> nn.Module:
    torch.manual_seed(0)
    parts = (nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*parts)


def images(steps: int = 20) -> dict[str, Any]:
    source = torch.Generator().manual_seed(1)
    return {"u": torch.randn(steps, 2, 1, 8, 8, generator=source), "v": torch.randn(steps, 2, generator=source)}


def test_a_run_through_it_is_a_run_on_what_it_makes() -> None:
    module, stream = encoder(), images()
    with torch.no_grad():
        made = encoder().eval()(stream["u"].flatten(0, 1)).unflatten(0, (20, 2))
    found = MODEL.compile()(batch=2).run(stream, encoder=module)
    wanted = MODEL.compile()(batch=2).run({**stream, "u": made})
    assert torch.equal(found["y"], wanted["y"]) and torch.equal(found["fit"], wanted["fit"])


def test_samples_one_by_one_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = images()
    whole = MODEL.compile()(batch=2).run(stream, encoder=encoder())
    monkeypatch.setattr(frozen, "ROWS", 7)  # convolutions of another number of rows differ in the last bits
    samples = [{name: value[k] for name, value in stream.items()} for k in range(20)]
    each = MODEL.compile()(batch=2).run(samples, encoder=encoder())
    torch.testing.assert_close(each["y"], whole["y"], rtol=1e-5, atol=1e-6)


def test_nothing_of_it_moves() -> None:
    module = encoder().train()
    module[2].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    MODEL.compile()(batch=2).run(images(), encoder=module)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert [part.training for part in module] == [True, True, False, True, True, True]
    assert all(value.grad is None and value.requires_grad for value in module.parameters())


def test_it_is_given_its_own_dtype() -> None:
    found = MODEL.compile()(batch=2).run(images(), encoder=encoder().double())
    assert found["y"].dtype == torch.float32


def test_any_function_will_do_and_an_index_may_be_made() -> None:
    stream = {"u": torch.randn(5, 1, 4), "k": torch.randn(5, 1, 3)}
    functions = {"u": lambda rows: rows[:, :2], "k": lambda rows: rows.argmax(1)}
    found = TWO.compile()().run(stream, encoder=functions)
    wanted = TWO.compile()().run({"u": stream["u"][..., :2], "k": stream["k"].argmax(2)})
    assert torch.equal(found["y"], wanted["y"])


@pytest.mark.parametrize(
    ("inputs", "given", "message"),
    [
        (("u", "k"), abs, "the model has the inputs u, k: say which is encoded, encoder={'u': …}"),
        (("u", "k"), {"x": abs}, "there is an encoder for `x`; the inputs of the model are u, k"),
        ((), abs, "the model has no input to be encoded"),
    ],
)
def test_which_input_it_is_of_must_be_plain(inputs: tuple[str, ...], given: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        encoders_of(given, inputs)
    assert str(caught.value) == message


def test_shapes_that_do_not_fit_are_told() -> None:
    with pytest.raises(ValueError) as caught:
        encoded({"u": torch.ones(3)}, {"u": abs})
    assert str(caught.value) == "u has shape (3,); wanted the steps, then the batch first"
    with pytest.raises(ValueError) as caught:
        encoded({"u": torch.ones(3, 2, 4)}, {"u": lambda rows: rows[:1]})
    assert str(caught.value) == "the encoder of u made 1 rows of 6; a row for each is wanted"


def test_no_encoder_is_no_work() -> None:
    chunk = {"u": torch.ones(3, 2)}
    assert encoders_of(None, ("u",)) == {} and encoded(chunk, {})["u"] is chunk["u"]
