"""A run, which lays out its cells, against the same steps made one by one from cells as they lie."""

import math

import pytest
import torch

import hdsl
from hdsl.resources import folder
from hdsl.runtime import loop

MODELS = sorted(path.stem for path in folder("models").glob("*.ham"))
STEPS, BATCH = 12, 3


def drawn(net, steps=STEPS, seed=0):
    """A random stream of a model, targets missing here and there, sequences of uneven length."""
    generator = torch.Generator().manual_seed(seed)
    model, stream = net.origin.compiler().model, {}

    def number(size):
        return int(size.subs({symbol: getattr(net, symbol.name) for symbol in size.free_symbols}))

    for quantity in (*model.of_role("input"), *model.of_role("target")):
        missing = quantity.role == "target"
        if quantity.below is not None:
            least = -1 if missing else 0
            stream[quantity.name] = torch.randint(least, number(quantity.below), (steps, net.batch), generator=generator)
            continue
        sizes = map(number, quantity.sizes)
        value = torch.randn(steps, net.batch, *sizes, generator=generator, dtype=torch.float64) / 2
        if missing:
            value[torch.rand(steps, net.batch, generator=generator) < 0.2] = math.nan
        stream[quantity.name] = value
    if stream:
        stream["boundary"] = torch.rand(steps, net.batch, generator=generator) < 0.1
    return stream or steps


def ran(monkeypatch, made, batch, many, **more):
    """A module after a run, and what the run gave; laid out where it copies at most ``many`` numbers."""
    monkeypatch.setattr(loop, "MANY", many)
    net = made(batch=batch, seed=3)
    return net, net.run(drawn(net), **more)


def assert_same(one, other, tolerance=1e-12):
    (net, results), (plain, wanted) = one, other
    for name in wanted:
        torch.testing.assert_close(results[name], wanted[name], rtol=tolerance, atol=tolerance, equal_nan=True)
    for name, cell, expected in zip(net.cells, net._cells(), plain._cells(), strict=True):
        assert cell.shape == expected.shape and cell.stride() == expected.stride(), name
        torch.testing.assert_close(cell.detach(), expected.detach(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_a_run_gives_what_its_steps_give_one_by_one(name, monkeypatch):
    made = hdsl.load(name).compile(dtype=torch.float64)
    if not hasattr(made, "_advance"):
        pytest.skip("a step of stages, a replay or a boundary problem")
    laid, plain = ran(monkeypatch, made, BATCH, 10**9), ran(monkeypatch, made, BATCH, -1)
    assert_same(laid, plain)


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_in_every_order_at_every_batch(order, monkeypatch):
    made = hdsl.load("sunspots", settings={"order": order}).compile(dtype=torch.float64)
    for batch in (1, 2):
        laid, plain = ran(monkeypatch, made, batch, 10**9), ran(monkeypatch, made, batch, -1)
        assert_same(laid, plain)


def test_a_layout_is_made_and_taken_back():
    made = hdsl.load("sunspots").compile(dtype=torch.float64)
    net = made(batch=2)
    cells = net._cells()
    room, laid = net._lay_out(cells)
    assert net.beside and all(laid[k].data_ptr() != cells[k].data_ptr() for k in net.beside)
    assert all(torch.equal(laid[k], cells[k]) for k in net.beside)
    with torch.no_grad():
        for k in net.beside:
            laid[k].add_(1)
        net._take_back(laid)
    assert all(torch.equal(laid[k], net._cells()[k]) for k in net.beside)
    assert all(isinstance(value, torch.Tensor) for value in room)


def test_what_a_run_returns_is_the_callers_to_keep():
    net = hdsl.load("sunspots").compile(dtype=torch.float64)(batch=2)
    first = net.run(drawn(net))
    copies = {name: value.clone() for name, value in first.items()}
    net.run(drawn(net, seed=1))
    assert all(torch.equal(first[name].nan_to_num(), copies[name].nan_to_num()) for name in first)


def test_a_run_interrupted_between_steps_leaves_what_it_had_made():
    made = hdsl.load("sunspots").compile(dtype=torch.float64)
    net, plain = made(batch=1, seed=3), made(batch=1, seed=3)
    stream = drawn(net)

    def watching(body):
        steps = iter(range(STEPS))

        def watched(*given):
            if next(steps) == 5:
                raise KeyboardInterrupt
            return body(*given)

        return watched

    with pytest.raises(KeyboardInterrupt):
        net.run(stream, watching=watching)
    plain.run({name: value[:5] for name, value in stream.items()})
    for cell, expected in zip(net._cells(), plain._cells(), strict=True):
        torch.testing.assert_close(cell.detach(), expected.detach(), rtol=1e-12, atol=1e-12)


def test_many_steps_as_they_lie_are_one_graph():
    # Dynamo takes no `out=` that is a part of something, so of the two it is `_learn` that is compiled.
    made = hdsl.load("sunspots").compile(dtype=torch.float64)
    net, plain = made(batch=2, seed=3), made(batch=2, seed=3)
    stream = {name: value[:3] for name, value in drawn(net).items() if name != "boundary"}

    def several(cells, samples):
        return [net._learn(cells, tuple(value[k] for value in samples), net.tau)[0] for k in range(3)]

    with torch.no_grad():
        samples = net._sample(**stream, lead=(3,))
        outputs = torch.compile(several, fullgraph=True, backend="eager")(net._cells(), samples)
    torch.testing.assert_close(torch.stack(outputs), plain.run(stream)["y"], rtol=1e-12, atol=1e-12)
    for cell, expected in zip(net._cells(), plain._cells(), strict=True):
        torch.testing.assert_close(cell.detach(), expected.detach(), rtol=1e-12, atol=1e-12)


def test_many_numbers_are_not_copied(monkeypatch):
    monkeypatch.setattr(loop, "MANY", 10)
    net = hdsl.load("sunspots").compile()()
    assert not loop.pays(net, net._cells())
    monkeypatch.setattr(loop, "MANY", 10**9)
    assert loop.pays(net, net._cells()) and not loop.pays(net.eval(), net._cells())


def test_parameters_in_the_same_memory_are_not_parted():
    net, other = (hdsl.load("sunspots").compile(dtype=torch.float64)(seed=3) for _ in range(2))
    stream = drawn(net)
    for each in (net, other):
        each.b.data = each.W.data[0]
    assert not loop.pays(net, net._cells())
    net.run({name: value for name, value in stream.items() if name != "boundary"})
    for k in range(len(stream["u"])):
        other.step(stream["u"][k], stream["v"][k])
    assert torch.equal(net.W, other.W) and net.b.data_ptr() == net.W.data_ptr()


@pytest.mark.parametrize("name", MODELS)
def test_cells_of_models_lie_apart(name):
    net = hdsl.load(name).compile()(batch=2)
    assert not hasattr(net, "_lay_out") or loop.pays(net, net._cells())
