"""The recorder: what it hands on is what stands in the module after each step, and H is what its symbols say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.hold import Hold
from hdsl.runtime.recorder import PREFIX, Recorder, wanted
from hdsl.runtime.samples import Samples
from hdsl.runtime.stepping import Stepper

TEXT = """
input u
target v
const k = 2
state h[2] = 1
state g = 0
param w[2] = 0.5
h' = -h + w * u
next g = dot(w, h)
output y = dot(w, h) + g
cost fit = (y - v)^2
cost small = 0.1 * squared(w)
learn
    tau = 0.1
    eta = 0.5
    beta = 0.01
    phi = 1 + k/(1 + t)
"""
MODEL = hdsl.loads(TEXT, name="rec.ham")
NET = MODEL.compile(dtype=torch.float64)
NAMES = ("z.h", "H", "w", "h", "costate.w", "costate.g")


def samples(u: list[float]) -> Samples:
    values = {"u": torch.tensor(u, dtype=torch.float64)[:, None], "v": torch.full((len(u), 1), 0.5, dtype=torch.float64)}
    rows = np.arange(len(u))[:, None]
    return Samples(values, None, None, rows, rows)


def by_hand(u: torch.Tensor, v: torch.Tensor, net: object) -> dict[str, torch.Tensor]:
    """The same read off a module that is stepped one by one."""
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in ("z.h", "H", "norm2(w)", "h", "norm2(costate.w)", "z.g")}
    for k in range(len(u)):
        old = {name: value.clone() for name, value in net.state_dict().items()}  # type: ignore[attr-defined]
        _, costs = net.step(u=u[k], v=v[k])  # type: ignore[attr-defined]
        flow = (old["costate.h"] * (net.state.h - old["state.h"]) / 0.1).sum(1)  # type: ignore[attr-defined]
        flow = flow + old["costate.g"] * (net.state.g - old["state.g"]) / 0.1  # type: ignore[attr-defined]
        total = sum(torch.nan_to_num(cost) for cost in costs.values())
        rows["H"].append((1 + 2 / (1 + 0.1 * k)) * total + flow)
        for name, cell in (("z.h", net.costate.h), ("h", net.state.h), ("z.g", net.costate.g)):  # type: ignore[attr-defined]
            rows[name].append(cell.clone())
        for name, cell in (("norm2(w)", net.w), ("norm2(costate.w)", net.costate.w)):  # type: ignore[attr-defined]
            rows[name].append(cell.detach().square().sum().sqrt())
    return {name: torch.stack(found) for name, found in rows.items()}


def test_what_is_recorded_stands_in_the_module() -> None:
    draw = torch.Generator().manual_seed(0)
    u, v = (torch.randn(12, 1, generator=draw, dtype=torch.float64) for _ in range(2))
    v[3] = torch.nan
    net = NET(seed=1)
    recorder = Recorder(net, NAMES, MODEL.product("model"))
    found: dict[str, list[torch.Tensor]] = {}
    for part in (slice(0, 7), slice(7, 12)):
        results = net.run({"u": u[part], "v": v[part]}, watching=recorder.watching)
        for name, value in recorder.taken(results).items():
            found.setdefault(name.removeprefix(PREFIX), []).append(value)
    right = by_hand(u, v, NET(seed=1))
    assert list(found) == ["z.h", "H", "norm2(w)", "h", "norm2(costate.w)", "z.g"]
    for name, parts in found.items():
        torch.testing.assert_close(torch.cat(parts), right[name], rtol=1e-12, atol=1e-12)
    assert recorder.shapes == {
        "z.h": (2,), "H": (), "norm2(w)": (), "h": (2,), "norm2(costate.w)": (), "z.g": (),
    }  # fmt: skip


def test_a_state_that_all_streams_share_is_told_of_each() -> None:
    model = hdsl.loads(TEXT.replace("next g = dot(w, h)", "g' = -g + sum(w)"), name="shared.ham")
    net = model.compile(dtype=torch.float64)(batch=3)
    recorder = Recorder(net, ["g", "z.g", "H"], model.product("model"))
    ones = torch.ones(4, 3, dtype=torch.float64)
    found = recorder.taken(net.run({"u": ones, "v": ones}, watching=recorder.watching))
    assert {name: tuple(value.shape) for name, value in found.items()} == {PREFIX + name: (4, 3) for name in ("g", "z.g", "H")}
    assert recorder.shapes == {"g": (), "z.g": (), "H": ()}


def test_watching_changes_nothing() -> None:
    u, v = torch.ones(20, 1, dtype=torch.float64), torch.zeros(20, 1, dtype=torch.float64)
    plain, seen = NET(seed=2), NET(seed=2)
    recorder = Recorder(seen, NAMES, MODEL.product("model"))
    one, other = plain.run({"u": u, "v": v}), seen.run({"u": u, "v": v}, watching=recorder.watching)
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert all(torch.equal(value, seen.state_dict()[name]) for name, value in plain.state_dict().items())


def test_several_streams_and_the_first_step_undamped() -> None:
    text = TEXT.replace("    beta", "    first = undamped\n    beta")
    model = hdsl.loads(text, name="first.ham")
    net = model.compile(dtype=torch.float64)(batch=3)
    recorder = Recorder(net, ["H", "h"], model.product("model"))
    u, v = torch.ones(2, 3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    results = net.run({"u": u, "v": v}, watching=recorder.watching)
    found = recorder.taken(results)
    assert found[PREFIX + "H"].shape == (2, 3) and found[PREFIX + "h"].shape == (2, 3, 2)
    first = 10 * (results["fit"][0] + results["small"][0])  # φ = 1/τ, and z is still 0
    torch.testing.assert_close(found[PREFIX + "H"][0], first)


def test_held_samples_are_recorded_at_their_counted_tick() -> None:
    net, plain, hold = NET(), NET(), Hold(3, 2)
    stepper = Stepper(net, hold, torch.float64, "s", recorder=Recorder(net, ["h", "H"], MODEL.product("model")))
    results, _ = stepper.run(samples([1.0, 2.0]))
    told = []
    for u in (1.0, 2.0):
        for tick in range(3):
            plain.step(u=torch.tensor([u]), v=torch.tensor([0.5 if tick == 1 else torch.nan]))
            if tick == 1:
                told.append(plain.state.h.clone())
    torch.testing.assert_close(results[PREFIX + "h"], torch.stack(told))
    assert results[PREFIX + "H"].shape == (2, 1)


def test_what_is_undone_is_not_recorded() -> None:
    text = TEXT.replace("-h + w * u", "-h + w * log(u)")
    model = hdsl.loads(text, name="logs.ham")
    net = model.compile(dtype=torch.float64)()
    recorder = Recorder(net, ["h", "w"], model.product("model"))
    results, skipped = Stepper(net, Hold(), torch.float64, "s", "rollback", recorder).run(samples([1.0, -1.0, 2.0]))
    assert skipped == [1] and results[PREFIX + "h"].shape == (3, 1, 2)
    assert bool(results[PREFIX + "h"][1].isnan().all()) and bool(results[PREFIX + "norm2(w)"][[0, 2]].isfinite().all())


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"`z\.w` cannot be recorded; what can: h, g, z\.h, z\.g, w, costate\.w, H$"):
        wanted(["z.w"], MODEL.product("model"))
    assert [each.name for each in wanted(["costate.h", "z.h", "h"], MODEL.product("model"))] == ["z.h", "h"]
    assert [each.name for each in wanted(["w", "norm2(w)"], MODEL.product("model"))] == ["norm2(w)"]


def test_a_control_that_follows_its_gradient() -> None:
    text = "state x = 1\ncontrol a gradient\nx' = -x + a\ncost c = x^2 + a^4\nlearn\n    beta.a = 0.5\n"
    model = hdsl.loads(text, name="rec.ham")
    net = model.compile(dtype=torch.float64)()
    recorder = Recorder(net, ("a",), model.product("model"))
    assert recorder.shapes == {"a": ()}
