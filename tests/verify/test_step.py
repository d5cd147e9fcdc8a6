"""One step of the judge against numbers worked out on paper.

The models have scalar states and parameters, so that each line of the three orders can be written here as a line of
plain floats, its derivatives taken by hand.
"""

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.walk import Walk

F64 = torch.float64
ORDERS = ("simultaneous", "sequential", "semi-implicit")


def walk(text, dims=None, **settings):
    tree, diagnostics = parse(Source(text))
    assert not diagnostics
    return Walk(tree, dims, {name.replace("__", "."): value for name, value in settings.items()})


# --- steps of one neuron, on paper ------------------------------------------------------------------------------------

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


def on_paper(order, samples, tau=0.25):
    """The cells h, z, (w, c), (ω_w, ω_c) after all samples, and each y and L."""
    h, z, w, c, omega_w, omega_c = 0.5, 0.0, 0.7, -1.2, 0.0, 0.0
    seen = []
    for step, (u, v) in enumerate(samples):
        phi = 1.5 + step * tau
        h_new = h + tau * f(h, w, u)
        at = h_new if order == "sequential" else h
        error = c * at - v
        seen.append((c * at, error**2 / 2))
        z_new = (1 - tau * 0.2) * z + tau * (phi * error * c + f_h(at, w, u) * z)
        pulling = z_new if order == "sequential" else z
        new_omega_w = (1 - tau * 0.6) * omega_w + tau * f_w(h, w, u) * pulling
        new_omega_c = (1 - tau * 0.6) * omega_c + tau * phi * error * at
        late = order == "simultaneous"
        w -= tau * 0.3 * (omega_w if late else new_omega_w)
        c -= tau * 0.1 * (omega_c if late else new_omega_c)
        h, z, omega_w, omega_c = h_new, z_new, new_omega_w, new_omega_c
    return {"h": h, "z": z, "w": w, "c": c, "omega_w": omega_w, "omega_c": omega_c}, seen


@pytest.mark.parametrize("order", ORDERS)
def test_steps_of_one_neuron(order):
    samples = [(0.3, 1.0), (-0.8, 0.2), (1.1, -0.5)]
    judge = walk(NEURON, order=order)
    cells = judge.begin({"w": 0.7, "c": -1.2})
    for (u, v), (y, cost) in zip(samples, on_paper(order, samples)[1], strict=True):
        cells, outputs, costs = judge.step(cells, [{"u": u, "v": v}])
        assert outputs[0]["y"].item() == pytest.approx(y, abs=1e-15)
        assert costs[0]["fit"].item() == pytest.approx(cost, abs=1e-15)
    paper, _ = on_paper(order, samples)
    assert cells["state"]["h"].tolist() == pytest.approx([paper["h"]], abs=1e-15)
    assert cells["costate"]["h"].tolist() == pytest.approx([paper["z"]], abs=1e-15)
    for name in ("w", "c"):
        assert cells["parameter"][name].item() == pytest.approx(paper[name], abs=1e-15)
        assert cells["parameter costate"][name].item() == pytest.approx(paper[f"omega_{name}"], abs=1e-15)
    assert (cells["clock"], cells["time"].tolist()) == (3, [0.75])


def test_the_first_sample_may_be_undamped():
    # φ is 1/τ at the first sample, so ω_c⁺ = e h⁺; then φ = 1.5 + t at t = τ. Nothing is learned in between.
    judge = walk(NEURON, first="undamped", beta__c=0.0, beta=0.0)
    cells = judge.begin({"w": 0.7, "c": -1.2})
    h, omega = 0.5, 0.0
    for u, v, phi in [(0.3, 1.0, 4.0), (-0.8, 0.2, 1.75)]:
        cells, _, _ = judge.step(cells, [{"u": u, "v": v}])
        h += 0.25 * f(h, 0.7, u)
        omega = (1 - 0.25 * 0.6) * omega + 0.25 * phi * (-1.2 * h - v) * h
        assert cells["parameter costate"]["c"].item() == pytest.approx(omega, abs=1e-15)


def test_the_orders_differ():
    samples = [(0.3, 1.0), (-0.8, 0.2), (1.1, -0.5)]
    ends = [on_paper(order, samples)[0]["w"] for order in ORDERS]
    assert len(set(ends)) == 3


def test_an_unknown_order_is_refused():
    judge = walk(NEURON, order="backwards")
    with pytest.raises(ValueError, match="order backwards"):
        judge.step(judge.begin({"w": 0.7, "c": -1.2}), [{"u": 0.0, "v": 0.0}])


def test_without_a_target_the_state_moves_and_costates_decay():
    judge = walk(NEURON)
    cells = judge.begin({"w": 0.7, "c": -1.2})
    cells["costate"]["h"] = torch.tensor([0.8], dtype=F64)
    cells["parameter costate"]["c"] = torch.tensor(0.5, dtype=F64)
    after, outputs, costs = judge.step(cells, [{"u": 0.3, "v": None}])
    h = 0.5 + 0.25 * f(0.5, 0.7, 0.3)
    assert after["state"]["h"].tolist() == pytest.approx([h], abs=1e-15)
    z = (1 - 0.25 * 0.2) * 0.8 + 0.25 * f_h(h, 0.7, 0.3) * 0.8
    assert after["costate"]["h"].tolist() == pytest.approx([z], abs=1e-15)
    assert after["parameter costate"]["c"].item() == pytest.approx((1 - 0.25 * 0.6) * 0.5, abs=1e-15)
    assert after["parameter costate"]["w"].item() == pytest.approx(0.25 * f_w(0.5, 0.7, 0.3) * z, abs=1e-15)
    assert outputs[0]["y"].item() == pytest.approx(-1.2 * h, abs=1e-15)
    assert math.isnan(costs[0]["fit"].item())


# --- a `next` state, resets, boundaries -------------------------------------------------------------------------------

COUNTER = """
input u
target v
state h = 2
param a = 0
next h = a*h + u
output y = h
cost fit = 1/2*squared(y - v)
"""


@pytest.mark.parametrize("order", ORDERS)
def test_a_next_state_on_paper(order):
    # f = (a h + u − h)/τ, so τ f_h = a − 1 and τ f_a = h.
    tau, eta, beta, phi = 0.5, 0.3, 0.4, 2.0
    judge = walk(COUNTER, order=order, tau=tau, eta=eta, beta=beta, phi=phi)
    cells = judge.begin({"a": 0.6})
    h, z, a, omega = 2.0, 0.0, 0.6, 0.0
    for u, v in [(1.0, 0.0), (-0.5, 2.0), (0.25, 1.0)]:
        cells, _, _ = judge.step(cells, [{"u": u, "v": v}])
        h_new = a * h + u
        at = h_new if order == "sequential" else h
        z_new = (1 - tau * eta) * z + tau * phi * (at - v) + (a - 1) * z
        omega_new = (1 - tau * eta) * omega + h * (z_new if order == "sequential" else z)
        a -= tau * beta * (omega if order == "simultaneous" else omega_new)
        h, z, omega = h_new, z_new, omega_new
        assert cells["state"]["h"].tolist() == pytest.approx([h], abs=1e-15)
        assert cells["costate"]["h"].tolist() == pytest.approx([z], abs=1e-14)
        assert cells["parameter costate"]["a"].item() == pytest.approx(omega, abs=1e-14)
        assert cells["parameter"]["a"].item() == pytest.approx(a, abs=1e-14)


def states_after_each(text, boundaries, streams=1):
    """h of each stream after each step, for a = 0.5 and u = 1, no learning, and whether z was back at 0 before it."""
    judge = walk(text, beta=0.0)
    cells = judge.begin({"a": 0.5}, batch=streams)
    states, costates = [], []
    for boundary in boundaries:
        cells, _, _ = judge.step(cells, [{"u": 1.0, "v": 0.0}] * streams, boundary=boundary)
        states.append(cells["state"]["h"].tolist())
        costates.append(cells["costate"]["h"].tolist())
    return states, costates


def test_reset_each_sample():
    # From 2 again each time: 0.5·2 + 1; the costate from 0: h⁺ − v.
    assert states_after_each(COUNTER + "reset h each sample", [False] * 3) == ([[2.0]] * 3, [[2.0]] * 3)


def test_reset_each_sequence_takes_effect_before_the_next_sample():
    # With h = 3 at the beginning: 2.5, 2.25 and, from 3 again, 2.5. z⁺ = z + h⁺ + (a − 1) z = z/2 + h⁺.
    states, costates = states_after_each(COUNTER.replace("= 2", "= 3"), [False, True, False, False])
    assert states == [[2.5], [2.25], [2.5], [2.25]]
    assert costates == [[2.5], [3.5], [2.5], [3.5]]


def test_reset_never():
    text = COUNTER.replace("= 2", "= 3") + "reset h never"
    states, costates = states_after_each(text, [True, True, True])
    assert states == [[2.5], [2.25], [2.125]]
    assert costates == [[2.5], [3.5], [3.875]]


def test_each_stream_of_a_batch_has_its_own_boundaries():
    text = COUNTER.replace("= 2", "= 3")
    states, costates = states_after_each(text, [[True, False], [False, True], [False, False]], streams=2)
    assert states == [[2.5, 2.5], [2.5, 2.25], [2.25, 2.5]]
    assert costates == [[2.5, 2.5], [2.5, 3.5], [3.5, 2.5]]


CLOCKWORK = """
state s = 1
param a = 0
next s = a*s
output y = s
cost small = 1/2*s^2
"""


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("reset s each sample", [(0.5, 0.5), (0.5, 0.5), (0.5, 0.5)]),
        ("", [(0.5, 0.5), (0.25, 0.5), (0.5, 0.5)]),
        ("reset s never", [(0.5, 0.5), (0.25, 0.5), (0.125, 0.375)]),
    ],
)
def test_a_shared_state_returns_when_all_streams_have_ended(reset, expected):
    # s⁺ = s/2 and, the cost being s²/2 at s⁺, z⁺ = z/2 + s⁺.
    judge = walk(CLOCKWORK + reset, beta=0.0)
    cells = judge.begin({"a": 0.5}, batch=2)
    seen = []
    for boundary in ([True, False], [True, True], [False, False]):
        cells, _, _ = judge.step(cells, [{}, {}], boundary=boundary)
        seen.append((cells["state"]["s"].item(), cells["costate"]["s"].item()))
    assert seen == expected


# --- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("taus", [[0.25, 0.25, 0.25], [0.1, 0.4, 1.0]])
def test_a_batch_of_three_is_three_streams_and_one_mean(order, taus):
    # One step from given cells. On paper only θ's equations mix streams: ω⁺ = (1 − τ̄η) ω + mean of τ_b ∂H′_b/∂θ.
    judge = walk(NEURON, order=order)
    samples = [{"u": 0.3, "v": 1.0}, {"u": -0.8, "v": None}, {"u": 1.1, "v": -0.5}]
    h, z = [0.5, -1.0, 2.0], [0.1, 0.2, -0.3]

    def cells_of(streams, omega):
        cells = judge.begin({"w": 0.7, "c": -1.2}, batch=len(streams))
        cells["state"]["h"] = torch.tensor([h[b] for b in streams], dtype=F64)
        cells["costate"]["h"] = torch.tensor([z[b] for b in streams], dtype=F64)
        cells["parameter costate"] = {"w": torch.tensor(omega, dtype=F64), "c": torch.tensor(-omega, dtype=F64)}
        return cells

    alone = [judge.step(cells_of([b], 0.0), [samples[b]], tau=taus[b]) for b in range(3)]
    together, outputs, costs = judge.step(cells_of([0, 1, 2], 0.9), samples, tau=taus)
    for b in range(3):
        for part in ("state", "costate"):
            assert together[part]["h"][b].item() == pytest.approx(alone[b][0][part]["h"].item(), abs=1e-15)
        assert outputs[b]["y"].item() == alone[b][1][0]["y"].item()
        assert costs[b]["fit"].item() == pytest.approx(alone[b][2][0]["fit"].item(), nan_ok=True, abs=0)
        assert together["time"][b].item() == taus[b]
    mean_tau = sum(taus) / 3
    for name, old, beta in (("w", 0.9, 0.3), ("c", -0.9, 0.1)):
        pull = sum(cells["parameter costate"][name].item() for cells, _, _ in alone) / 3
        omega = (1 - mean_tau * 0.6) * old + pull
        assert together["parameter costate"][name].item() == pytest.approx(omega, abs=1e-15)
        begun = {"w": 0.7, "c": -1.2}[name]
        moving = old if order == "simultaneous" else omega
        assert together["parameter"][name].item() == pytest.approx(begun - mean_tau * beta * moving, abs=1e-15)


# s reads the parameter p, itself and t: one for all streams. g is per stream only because it reads h.
MIXED = """
input u
target v
state h = 0.5
state s = 1.5
param p = 0
h' = -h + s*u
s' = -p*s + 0.1*t
output y = h
output z = s
cost fit = 1/2*squared(y - v)
cost price = 1/2*s^2
learn
    eta.s = 0.3
    eta.h = 0.2
    phi = 1 + 0.5*t
    beta = 0.5
"""


def test_a_shared_state_has_one_costate_on_paper():
    judge = walk(MIXED, order="sequential")
    cells = judge.begin({"p": 0.4}, batch=2)
    assert cells["state"]["s"].shape == () and cells["state"]["h"].shape == (2,)
    samples = [{"u": 1.0, "v": 2.0}, {"u": -1.0, "v": 0.5}]
    taus = [0.5, 1.5]
    h, z, s, z_s, p, omega, time = [0.5, 0.5], [0.0, 0.0], 1.5, 0.0, 0.4, 0.0, [0.0, 0.0]
    for _ in range(3):
        cells, outputs, costs = judge.step(cells, samples, tau=taus)
        u, v = [1.0, -1.0], [2.0, 0.5]
        t = sum(time) / 2  # the shared equation's; its τ is the mean, 1
        h_new = [h[b] + taus[b] * (-h[b] + s * u[b]) for b in (0, 1)]
        s_new = s + 1.0 * (-p * s + 0.1 * t)
        phi = [1 + 0.5 * time[b] for b in (0, 1)]
        z_new = [(1 - taus[b] * 0.2) * z[b] + taus[b] * (phi[b] * (h_new[b] - v[b]) - z[b]) for b in (0, 1)]
        pull = sum(taus[b] * z[b] * u[b] for b in (0, 1)) / 2  # of ⟨z, s u⟩ at the old z
        z_s_new = (1 - 0.3) * z_s + pull + (1 + 0.5 * t) * s_new - p * z_s
        omega += -s * z_s_new
        p -= 0.5 * omega
        h, z, s, z_s = h_new, z_new, s_new, z_s_new
        time = [time[b] + taus[b] for b in (0, 1)]
        assert cells["state"]["h"].tolist() == pytest.approx(h, abs=1e-14)
        assert cells["costate"]["h"].tolist() == pytest.approx(z, abs=1e-14)
        assert cells["state"]["s"].item() == pytest.approx(s, abs=1e-14)
        assert cells["costate"]["s"].item() == pytest.approx(z_s, abs=1e-14)
        assert cells["parameter costate"]["p"].item() == pytest.approx(omega, abs=1e-14)
        assert cells["parameter"]["p"].item() == pytest.approx(p, abs=1e-14)
        assert [seen["z"].item() for seen in outputs] == pytest.approx([s, s], abs=1e-14)
        assert [seen["price"].item() for seen in costs] == pytest.approx([s * s / 2] * 2, abs=1e-14)
