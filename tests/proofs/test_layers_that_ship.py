"""The layers and cells that ship are what torch.nn has under those names, and what is derived from them holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hdsl
from hdsl.resources import folder
from hdsl.verify.certificate import certify
from hdsl.verify.lines import certificate_lines

F64 = torch.float64
PARTS = sorted(path.name for path in (folder("models") / "parts").glob("*.ham"))

# What the instance is read from, and the instance, for each component that ships.
USES = {
    "dense": ("u[m]", "dense(u, n)"),
    "dense_rows": ("u[rows, m]", "dense_rows(u, n)"),
    "layer_norm": ("u[m]", "layer_norm(u)"),
    "layer_norm_rows": ("u[rows, m]", "layer_norm_rows(u)"),
    "attention": ("u[rows, m]", "attention(u, heads, m/heads)"),
    "conv": ("u[3, 6, 6]", "conv(u, n, 3, stride=2, pad=1)"),
    "channel_means": ("u[3, m, m]", "channel_means(u)"),
    "leaky": ("u[m]", "leaky(u, n, rate=0.5)"),
    "gru": ("u[m]", "gru(u, n)"),
    "lstm": ("u[m]", "lstm(u, n, remember=0.5)"),
    "diagonal": ("u[m]", "diagonal(u, n)"),
    "complex_diagonal": ("u[m]", "complex_diagonal(u, n, keep=0.9)"),
}
CELLS = ("leaky", "gru", "lstm")
LINEAR = ("diagonal", "complex_diagonal")  # torch.nn has none of these


def model_of(name: str) -> hdsl.api.Model:
    """A model that hands out what one instance returns, and reads a target that keeps every parameter in a cost."""
    read, made = USES[name]
    made = made.replace("m/heads", "3")
    uses = "".join(f'use "{file}"\n' for file in PARTS)
    text = f"{uses}dim rows = 3, m = 6, n = 4, heads = 2\ninput {read}\nlet a = {made}\noutput y = a\n"
    return hdsl.loads(f"{text}target v\ncost fit = (sum(tanh(a)) - v)^2\nlearn\n    eta = 1\n")


def test_every_component_that_ships_is_used_here() -> None:
    found = {
        line.split()[1].split("(")[0]
        for file in PARTS
        for line in (folder("models") / "parts" / file).read_text(encoding="utf-8").splitlines()
        if line.startswith("component ")
    }
    assert found == set(USES)


@pytest.mark.parametrize("name", USES)
def test_what_is_derived_from_it_holds(name: str) -> None:
    certificate = certify(model_of(name).compiler, points=1)
    assert certificate.ok, "\n".join(certificate_lines(certificate))


M, N = 6, 4
THEIRS: dict[str, Callable[[], nn.Module]] = {
    "dense": lambda: nn.Linear(M, N),
    "dense_rows": lambda: nn.Linear(M, N),
    "layer_norm": lambda: nn.LayerNorm(M),
    "layer_norm_rows": lambda: nn.LayerNorm(M),
    "attention": lambda: nn.MultiheadAttention(M, 2, batch_first=True),
    "conv": lambda: nn.Conv2d(3, N, 3, stride=2, padding=1),
    "channel_means": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "leaky": lambda: nn.RNNCell(M, N),
    "gru": lambda: nn.GRUCell(M, N),
    "lstm": lambda: nn.LSTMCell(M, N),
}


def parameters_of(name: str, theirs: Any) -> dict[str, Tensor]:
    """Torch's parameters by the names of the instance's."""
    if name.startswith("dense"):
        return {"W": theirs.weight, "b": theirs.bias}
    if name.startswith("layer_norm"):
        return {"gain": theirs.weight, "shift": theirs.bias}
    if name in ("conv", "channel_means"):
        return {"K": theirs.weight, "b": theirs.bias} if name == "conv" else {}
    if name == "attention":
        weights = zip(("Wq", "Wk", "Wv"), theirs.in_proj_weight.chunk(3), strict=True)
        bq, _, bv = theirs.in_proj_bias.chunk(3)  # that of the keys changes nothing, and the layer that ships has none
        return {**dict(weights), "bq": bq, "bv": bv, "Wo": theirs.out_proj.weight, "bo": theirs.out_proj.bias}
    found = {"W": theirs.weight_ih, "R": theirs.weight_hh, "b": theirs.bias_ih}
    return {**found, "c": theirs.bias_hh} if name == "gru" else found


def pair_of(name: str) -> tuple[Any, Any]:
    """The generated module and torch's with the same parameters, all other than at their beginning."""
    torch.manual_seed(0)
    net, theirs = model_of(name).compile(dtype=F64)(batch=2), THEIRS[name]().double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(std=0.5)
        if name in ("leaky", "lstm"):
            theirs.bias_hh.zero_()  # the cells that ship have one bias here
        own = dict(net.named_parameters())
        given = parameters_of(name, theirs)
        assert set(own) == {f"a.{key}" for key in given}
        for key, value in given.items():
            own[f"a.{key}"].copy_(value)
        if name == "lstm":
            theirs.bias_hh[N : 2 * N] = 0.5  # `remember`
    return net.eval(), theirs.eval()


@pytest.mark.parametrize("name", [name for name in USES if name not in (*CELLS, *LINEAR)])
def test_a_layer_is_what_torch_has(name: str) -> None:
    net, theirs = pair_of(name)
    u = torch.randn(2, *({"rows": 3, "3": 3}.get(size.strip(), M) for size in USES[name][0][2:-1].split(",")), dtype=F64)
    with torch.no_grad():
        wanted = theirs(u, u, u)[0] if name == "attention" else theirs(u)
    torch.testing.assert_close(net.predict(u=u), wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_what_torch_has_over_twenty_steps(name: str) -> None:
    net, theirs = pair_of(name)
    h = s = torch.zeros(2, N, dtype=F64)
    for _ in range(20):
        u = torch.randn(2, M, dtype=F64)
        with torch.no_grad():
            if name == "lstm":
                h, s = theirs(u, (h, s))
            else:
                h = theirs(u, h) if name == "gru" else h + 0.5 * (theirs(u, h) - h)
        torch.testing.assert_close(net.step(u=u)[0], h, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_recurrence_is_that_of_numbers_by_themselves(name: str) -> None:
    net = model_of(name).compile(dtype=F64)(batch=2, seed=3).eval()
    own = {key.removeprefix("a."): value.detach() for key, value in net.named_parameters()}
    if name == "complex_diagonal":
        d, B = 0.9 * torch.complex(own["re"], own["im"]), torch.complex(own["Ba"], own["Bb"])
    else:
        d, B = own["d"], own["B"]
    h = torch.zeros(2, N, dtype=d.dtype)
    for _ in range(20):
        u = torch.randn(2, M, dtype=F64)
        h = d * h + u.to(d.dtype) @ B.T
        wanted = torch.cat([h.real, h.imag], dim=1) if h.is_complex() else h
        torch.testing.assert_close(net.step(u=u)[0], wanted, rtol=0, atol=1e-13)


def test_complex_numbers_have_modulus_one_to_round_off_after_every_projection() -> None:
    net = hdsl.load("complex_diagonal").compile(dtype=F64)(seed=0)
    own, draw, away = dict(net.named_parameters()), torch.Generator().manual_seed(1), []
    for _ in range(40):
        u, v = torch.randn(2, 1, 1, dtype=F64, generator=draw)
        net.step(u=u, v=v)
        away.append((torch.hypot(own["h.re"], own["h.im"]) - 1).abs().max().item())
    projected = away[9::10]
    assert max(projected) <= 2 * torch.finfo(F64).eps
    assert min(one for step, one in enumerate(away, 1) if step % 10) > 1e-6, "learning does not leave the circle"


def test_what_explicit_euler_adds_to_a_rotation_is_what_its_leak_takes() -> None:
    net = hdsl.load("autonomous").compile(dtype=F64)(seed=0)
    own, draw = dict(net.named_parameters()), torch.Generator().manual_seed(1)
    before = own["omega"].clone()
    for _ in range(10):
        u, c = torch.rand(1, 64, dtype=F64, generator=draw), torch.randint(10, (1,), generator=draw)
        net.step(u=u, c=c)
        factor = torch.hypot(1 - 0.5 * own["alpha"], 0.5 * own["omega"])  # of the length of a pair, a step
        assert (factor - 1).abs().max().item() <= 2 * torch.finfo(F64).eps
    assert not torch.equal(own["omega"], before)
