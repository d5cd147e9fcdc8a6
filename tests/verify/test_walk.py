"""The judge as others use it: a moment by name, and learning against torch.optim.SGD and matrices by hand."""

import math

import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.walk import Walk
from tests.test_house import edges, python_files

F64 = torch.float64


def walk(text, dims=None, **settings):
    tree, diagnostics = parse(Source(text))
    assert not diagnostics
    return Walk(tree, dims, {name.replace("__", "."): value for name, value in settings.items()})


def numbers(values):
    return {name: value.tolist() for name, value in values.items()}


# --- what it may know --------------------------------------------------------------------------------------------------


def test_it_shares_no_code_with_what_it_judges():
    # By way of others too, and inside functions: of the compiler only the tree of the text, and the places in it.
    graph = edges(python_files("hdsl"))
    reached, waiting = set(), ["hdsl.verify.walk"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting.extend(graph[module])
    names = ("walk", "step", "beginning", "derivatives", "evaluate", "written", "literals", "parts", "branches")
    names += ("controls", "following", "layered", "mechanics", "stages")
    judge = {f"hdsl.verify.{name}" for name in names}
    assert reached == judge | {f"hdsl.syntax.{name}" for name in ("tree", "control_tree", "expression_tree", "source")}


# --- one moment -------------------------------------------------------------------------------------------------------

NEURON = """
input u
target v
state h = 0.5
param w = 0
param c = 0
h' = -h + tanh(w*h + u)
output y = c*h
cost fit = 1/2*squared(y - v)
learn
    tau = 0.25
    eta.h = 0.2
    eta.param = 0.6
    phi = 1.5 + t
    beta = 0.3
    beta.c = 0.1
"""


def f(h, w, u):
    return -h + math.tanh(w * h + u)


def f_h(h, w, u):
    return -1 + w * (1 - math.tanh(w * h + u) ** 2)


def f_w(h, w, u):
    return h * (1 - math.tanh(w * h + u) ** 2)


def test_forward_names_everything():
    judge = walk(NEURON + "let twice = 2*v\nstate g = 0\nnext g = h + t\n")
    values = {name: torch.tensor(x, dtype=F64) for name, x in (("h", 0.5), ("g", 0.1), ("w", 0.7), ("c", -1.2))}
    found = numbers(judge.forward(values, {"u": 0.3, "v": 2.0}, t=3.0, tau=0.5))
    expected = {
        "y": -0.6,
        "fit": 2.6**2 / 2,
        "twice": 4.0,
        "h'": f(0.5, 0.7, 0.3),
        "g'": (3.5 - 0.1) / 0.5,
        "next g": 3.5,
    }
    assert found == pytest.approx(expected, abs=1e-14)
    without = numbers(judge.forward(values, {"u": 0.3}, t=3.0, tau=0.5))
    assert math.isnan(without.pop("fit"))
    assert without == pytest.approx(
        {name: x for name, x in expected.items() if name not in ("fit", "twice")}, abs=1e-14
    )


def test_hamiltonian_and_gradients():
    judge = walk(NEURON)
    values = {name: torch.tensor(x, dtype=F64) for name, x in (("h", 0.5), ("w", 0.7), ("c", -1.2))}
    z = {"h": torch.tensor(0.8, dtype=F64)}
    # φ at t = 2 is 3.5; y − v = −0.6 − 1.
    found = judge.hamiltonian(values, z, {"u": 0.3, "v": 1.0}, t=2.0, tau=0.25)
    assert found.item() == pytest.approx(3.5 * 1.6**2 / 2 + 0.8 * f(0.5, 0.7, 0.3), abs=1e-15)
    batch = {name: value[None] if name == "h" else value for name, value in values.items()}
    found = numbers(judge.gradients(batch, {"h": z["h"][None]}, [{"u": 0.3, "v": 1.0}], t=2.0, tau=0.25))
    assert found["h"] == pytest.approx([3.5 * -1.6 * -1.2 + 0.8 * f_h(0.5, 0.7, 0.3)], abs=1e-15)
    assert found["w"] == pytest.approx(0.8 * f_w(0.5, 0.7, 0.3), abs=1e-15)
    assert found["c"] == pytest.approx(3.5 * -1.6 * 0.5, abs=1e-15)


# --- torch.optim.SGD --------------------------------------------------------------------------------------------------

LINEAR = """
dim m = 3, d = 2
input u[m]
target v[d]
param W[d, m] = 0
param b[d] = 0
output y = W @ u + b
cost fit = 1/2*squared(y - v)
"""
PERCEPTRON = """
dim m = 3, n = 5, d = 2
input u[m]
target c : index(d)
param V[n, m] = 0
param a[n] = 0
param W[d, n] = 0
param b[d] = 0
cost class = cross_entropy(y, c)
output y = W @ h + b
"""
AS_OUTPUT = PERCEPTRON + "let h = tanh(V @ u + a)\n"
AS_STATE = PERCEPTRON + "state h[n] = 0\nnext h = tanh(V @ u + a)\nreset h each sample\n"

# Learning rate, momentum, dampening, tau: the settings of the paper's campaign.
CAMPAIGN = {
    "GD-a": (0.01, 0.0, 0.0, 1.0),
    "GD-b": (0.001, 0.0, 0.0, 0.5),
    "Mom-a": (0.01, 0.05, 0.6, 1.0),
    "Mom-b": (0.01, 0.1, 0.5, 0.5),
    "fast": (0.1, 0.9, 0.3, 0.25),
}


def learned(text, rule, samples, order="sequential", first="undamped"):
    """Parameters after one step a batch of samples; and those that learning began with."""
    rate, momentum, dampening, tau = rule
    judge = walk(
        text,
        order=order,
        first=first,
        tau=tau,
        beta=rate / tau,
        eta=(1 - momentum) / tau,
        phi=(1 - dampening) / tau,
    )
    begun = beginning(judge)
    cells = judge.begin(begun, batch=len(samples[0]))
    for batch in samples:
        cells, _, _ = judge.step(cells, batch)
    return cells["parameter"], begun


def beginning(judge):
    generator = torch.Generator().manual_seed(3)
    shapes = {name: judge.written.shape(name) for name in judge.written.parameters}
    return {name: torch.randn(shape, dtype=F64, generator=generator) / 2 for name, shape in shapes.items()}


def streams(steps, batch):
    generator = torch.Generator().manual_seed(17)
    return [
        [
            {
                "u": torch.randn(3, dtype=F64, generator=generator),
                "v": torch.randn(2, dtype=F64, generator=generator),
                "c": int(torch.randint(2, (), generator=generator)),
            }
            for _ in range(batch)
        ]
        for _ in range(steps)
    ]


def cost_of(theta, batch):
    """The mean cost of a batch, written in torch: the linear model's, or the perceptron's."""
    u = torch.stack([sample["u"] for sample in batch])
    if "V" not in theta:
        v = torch.stack([sample["v"] for sample in batch])
        return 0.5 * ((u @ theta["W"].T + theta["b"] - v) ** 2).sum(dim=1).mean()
    logits = torch.tanh(u @ theta["V"].T + theta["a"]) @ theta["W"].T + theta["b"]
    return torch.nn.functional.cross_entropy(logits, torch.tensor([sample["c"] for sample in batch]))


def largest_difference(found, expected):
    return max((found[name] - expected[name]).abs().max().item() for name in expected)


@pytest.mark.parametrize("rule", CAMPAIGN.values(), ids=CAMPAIGN.keys())
@pytest.mark.parametrize(
    ("text", "batch"),
    [(LINEAR, 1), (LINEAR, 3), (AS_OUTPUT, 2), (AS_STATE, 2)],
    ids=["linear", "three", "mlp", "state"],
)
def test_sequential_is_torch_sgd(text, batch, rule):
    samples = streams(40, batch)
    found, begun = learned(text, rule, samples)
    theta = {name: value.clone().requires_grad_() for name, value in begun.items()}
    rate, momentum, dampening, _ = rule
    optimiser = torch.optim.SGD(theta.values(), lr=rate, momentum=momentum, dampening=dampening if momentum else 0)
    for each in samples:
        optimiser.zero_grad()
        cost_of(theta, each).backward()
        optimiser.step()
    assert largest_difference(found, begun) > 1e-3
    assert largest_difference(found, theta) <= 1e-12


def test_dampening_from_the_first_sample_is_not_torch_sgd():
    samples = streams(5, 1)
    undamped, begun = learned(LINEAR, CAMPAIGN["Mom-a"], samples)
    damped, _ = learned(LINEAR, CAMPAIGN["Mom-a"], samples, first="damped")
    assert 1e-4 < largest_difference(damped, undamped) < largest_difference(undamped, begun)


@pytest.mark.parametrize("rule", CAMPAIGN.values(), ids=CAMPAIGN.keys())
def test_simultaneous_is_momentum_one_step_late(rule):
    samples = streams(40, 2)
    found, begun = learned(LINEAR, rule, samples, order="simultaneous")
    rate, momentum, dampening, _ = rule
    theta = {name: value.clone().requires_grad_() for name, value in begun.items()}
    buffer = None
    for each in samples:
        gradients = torch.autograd.grad(cost_of(theta, each), list(theta.values()))
        late = buffer or [torch.zeros_like(gradient) for gradient in gradients]
        if buffer is None:
            buffer = list(gradients)
        else:
            buffer = [momentum * b + (1 - dampening) * g for b, g in zip(buffer, gradients, strict=True)]
        with torch.no_grad():
            for value, b in zip(theta.values(), late, strict=True):
                value -= rate * b
    assert largest_difference(found, theta) <= 1e-12
    assert largest_difference(found, begun) > 1e-3


def test_semi_implicit_is_sequential_where_there_is_no_state():
    samples = streams(20, 2)
    found, _ = learned(LINEAR, CAMPAIGN["fast"], samples, order="semi-implicit")
    expected, _ = learned(LINEAR, CAMPAIGN["fast"], samples)
    assert largest_difference(found, expected) == 0


# --- matrices by hand, and the models that ship -----------------------------------------------------------------------

RECURRENT = """
dim n = 4, m = 2, d = 3
input u[m]
target v[d]
state h[n] = 0
param W[n, n] = 0
param U[n, m] = 0
param b[n] = 0
param C[d, n] = 0
h' = -h + tanh(W @ h + U @ u + b)
output y = C @ h
cost fit = 1/2*squared(y - v)
learn
    tau = 0.5
    eta = 0.8
    phi = 1.2
    beta = 0.3
"""


def test_a_recurrent_net_by_matrices_written_by_hand():
    judge = walk(RECURRENT)
    begun = beginning(judge)
    cells = judge.begin(begun, batch=3)
    W, U, b, C = (begun[name] for name in "WUbC")
    omega = {name: torch.zeros_like(value) for name, value in begun.items()}
    h, z = torch.zeros(3, 4, dtype=F64), torch.zeros(3, 4, dtype=F64)
    generator = torch.Generator().manual_seed(2)
    for _ in range(10):
        u, v = torch.randn(3, 2, dtype=F64, generator=generator), torch.randn(3, 3, dtype=F64, generator=generator)
        cells, _, _ = judge.step(cells, [{"u": u[k], "v": v[k]} for k in range(3)])
        # h is (batch, n) here. q is the adjoint of the sum within tanh.
        s = torch.tanh(h @ W.T + u @ U.T + b)
        new_h = h + 0.5 * (s - h)
        e = new_h @ C.T - v
        s_new = torch.tanh(new_h @ W.T + u @ U.T + b)
        new_z = (1 - 0.4) * z + 0.5 * (1.2 * e @ C + ((1 - s_new**2) * z) @ W - z)
        q = (1 - s**2) * new_z
        pull = {"W": q.T @ h, "U": q.T @ u, "b": q.sum(dim=0), "C": 1.2 * e.T @ new_h}
        omega = {name: (1 - 0.4) * omega[name] + 0.5 * pull[name] / 3 for name in omega}
        W, U, b, C = (x - 0.5 * 0.3 * omega[name] for name, x in (("W", W), ("U", U), ("b", b), ("C", C)))
        h, z = new_h, new_z
    theta = {"W": W, "U": U, "b": b, "C": C}
    assert largest_difference(cells["state"], {"h": h}) <= 1e-14
    assert largest_difference(cells["costate"], {"h": z}) <= 1e-14
    assert largest_difference(cells["parameter"], theta) <= 1e-14
    assert largest_difference(cells["parameter costate"], omega) <= 1e-14
    assert largest_difference(theta, begun) > 1e-2


def shipped(checkout, model, **settings):
    """A model that ships after three steps on two equal streams, and the parameters it began with."""
    text = Compiler(Source((checkout / "models" / f"{model}.ham").read_text(encoding="utf-8"))).model.written
    judge = Walk(text, None, settings)
    written = judge.written
    begun = beginning(judge)
    cells = judge.begin(begun, batch=2)
    sample = {
        name: 1 if written.declared[name].index else torch.ones(written.shape(name))
        for name in (*written.inputs, *written.targets)
    }
    for _ in range(3):
        cells, outputs, costs = judge.step(cells, [sample, sample])
    assert list(outputs[0]) == written.outputs and list(costs[1]) == written.costs
    return cells, begun


@pytest.mark.parametrize("model", ["sunspots", "oscillators", "iris_linear", "iris_mlp", "iris_mlp_state"])
def test_the_models_that_ship_learn_every_parameter(checkout, model):
    cells, begun = shipped(checkout, model)
    for part in ("state", "costate", "parameter", "parameter costate"):
        assert all(bool(value.isfinite().all()) for value in cells[part].values())
    assert {name for name, value in cells["parameter"].items() if bool((value != begun[name]).any())} == begun.keys()


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit"])
def test_a_reset_each_sample_teaches_the_dynamics_in_sequential_order_only(checkout, order):
    # The dynamics read the costate that has returned to 0; and W2 meets the state that has, so only the bias is left.
    cells, begun = shipped(checkout, "iris_mlp_state", order=order)
    assert {name for name, value in cells["parameter"].items() if bool((value != begun[name]).any())} == {"y.b"}
