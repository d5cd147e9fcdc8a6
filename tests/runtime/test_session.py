"""Sessions: figures against direct computation, checkpoints that go on to the bit, clean ends."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime import cells, feed, trace
from hdsl.runtime.checkpoint import CheckpointError, steps_in
from hdsl.runtime.feed import PIECE
from hdsl.runtime.hold import Hold
from hdsl.runtime.nonfinite import NonFinite
from hdsl.runtime.session import Plan, Progress, run_seeds, run_session
from hdsl.runtime.stream import read_stream

ROWS = 600
TEXT = """ham 1
dim n = 3
input u[1]
target v[1]
state h[n] = 0
param W[n, n] = normal(0, 0.3)
param U[n, 1] = normal(0, 1)
param C[1, n] = 0
h' = -h + tanh(W @ h + U @ u)
output y = C @ h
cost fit = 1/2 * squared(y - v)
learn
    tau = 0.5
    eta = 1
    beta = 0.1
"""


def plan_of(folder: Path, *, ends: bool = False, times: bool = False, text: str = TEXT, **changes: object) -> Plan:
    """A noisy wave of 600 rows, its next value the target; with boundaries and uneven times where wanted."""
    draw = np.random.default_rng(0)
    wave = np.sin(np.arange(ROWS) / 5) + 0.1 * draw.normal(size=ROWS)
    times_of = draw.uniform(0.2, 0.8, ROWS).cumsum().tolist()
    lines = [f"{x!r},{times_of[k]!r},{int(k % 150 == 149)}" for k, x in enumerate(wave.tolist())]
    path = folder / "wave.csv"
    path.write_text("x,when,end\n" + "\n".join(lines) + "\n")
    told = {"u": "x", "v": "x@+1"} | ({"boundary": "end"} if ends else {}) | ({"t": "when"} if times else {})
    model = hdsl.loads(text, name="wave.ham")
    stream = read_stream(path, model.product("model"), told, scale="running")
    plan = Plan(model.product("model"), model.compile(), stream)
    return dataclasses.replace(plan, **changes)  # type: ignore[arg-type]


def test_a_session_is_the_run_of_the_module(tmp_path: Path) -> None:
    """Outputs, costs and figures against `net.run` over the scaled stream and plain arithmetic."""
    plan = plan_of(tmp_path, dtype="float64", seed=4)
    session = run_session(plan)
    series = plan.stream.whole().values["u"][:, 0, 0].numpy()
    means = np.array([series[: k + 1].mean() for k in range(ROWS)])
    deviations = np.array([series[: k + 1].std() if k else 1.0 for k in range(ROWS)])
    u = torch.tensor((series - means) / deviations).reshape(-1, 1, 1)
    v = torch.tensor((np.append(series[1:], np.nan) - means) / deviations).reshape(-1, 1, 1)
    net = plan.net_class(batch=1, seed=4, dtype=torch.float64)
    direct = net.run({"u": u, "v": v})
    np.testing.assert_allclose(session.outputs["y"], direct["y"][:, 0].numpy(), atol=1e-9)
    np.testing.assert_allclose(session.costs["fit"], direct["fit"][:, 0].numpy(), atol=1e-9)
    predicted = direct["y"][:, 0, 0].numpy() * deviations + means
    errors = (predicted[1:-1] - series[2:]) ** 2  # the last value has no prediction of the first target
    wanted = errors.sum() / ((series[2:] - series[2:].mean()) ** 2).sum()
    late = series[ROWS // 2 + 1 :]
    wanted_late = errors[ROWS // 2 - 1 :].sum() / ((late - late.mean()) ** 2).sum()
    last = ((late - series[ROWS // 2 : -1]) ** 2).sum() / ((late - late.mean()) ** 2).sum()
    found = {(m.predictor, m.part): m.value for m in session.metrics}
    assert found["wave", "all"] == pytest.approx(wanted, rel=1e-9)
    assert found["wave", "second half"] == pytest.approx(wanted_late, rel=1e-9)
    assert found["last value", "second half"] == pytest.approx(last, rel=1e-12)
    assert session.steps == ROWS and not session.interrupted


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("times", [False, True])
@pytest.mark.parametrize("epochs", [1, 2])
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(tmp_path: Path, ends: bool, times: bool, epochs: int) -> None:
    text = TEXT.replace("    eta = 1\n", "    eta = 1\n    phi = 1 + 1/(1 + t)\n") if times else TEXT
    plan = plan_of(tmp_path, ends=ends, times=times, text=text, epochs=epochs, every=100)
    whole = run_session(dataclasses.replace(plan, checkpoint=tmp_path / "a", predict=tmp_path / "a.csv"))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "b", predict=tmp_path / "b.csv")
    seen: list[int] = []
    stopped = run_session(parts, lambda progress: seen.append(progress.step), lambda: len(seen) == 4)
    assert stopped.interrupted and 0 < stopped.steps < ROWS
    with open(tmp_path / "b.csv", "a") as file:
        file.write("999,what a crash left behind\n")
    resumed = run_session(dataclasses.replace(parts, resume=True))
    assert (resumed.first, resumed.steps) == (stopped.steps, whole.steps)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, resumed.net.state_dict()[name]), name
    np.testing.assert_array_equal(whole.outputs["y"], resumed.outputs["y"])
    np.testing.assert_array_equal(whole.costs["fit"], resumed.costs["fit"])
    assert str(whole.metrics) == str(resumed.metrics)
    assert steps_in(tmp_path / "b")[-1] == epochs * ROWS


LEARN = "    schedule = replay\n    phi = 1/tau\n    eta.param = 0.5/tau\n"
REPLAYS = TEXT.replace("    eta = 1\n", LEARN).replace("beta = 0.1", "beta = 0.002")


@pytest.mark.parametrize(("ends", "tokens", "epochs"), [(True, "", 1), (True, "(40)", 2), (False, "", 1), (False, "(130)", 2)])
def test_a_run_that_replays_goes_on_to_the_bit_in_the_middle_of_a_sequence(
    tmp_path: Path, ends: bool, tokens: str, epochs: int
) -> None:
    text = REPLAYS.replace("= replay", f"= replay{tokens}")
    plan = plan_of(tmp_path, ends=ends, text=text, epochs=epochs, every=100)
    whole = run_session(dataclasses.replace(plan, checkpoint=tmp_path / "a", predict=tmp_path / "a.csv"))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "b", predict=tmp_path / "b.csv")
    seen: list[int] = []
    stopped = run_session(parts, lambda progress: seen.append(progress.step), lambda: len(seen) == 2)
    assert stopped.interrupted and stopped.net._kept  # Ctrl-C replays nothing
    resumed = run_session(dataclasses.replace(parts, resume=True))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, resumed.net.state_dict()[name]), name
    assert not whole.net._kept
    each = 1 if not ends and not tokens else {"": 4, "(40)": 16, "(130)": 5}[tokens]
    assert int(whole.net.replays) == epochs * each


def test_a_run_of_some_steps_leaves_what_its_sequence_has_so_far(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, ends=True, text=REPLAYS, steps=170, checkpoint=tmp_path / "c")
    short = run_session(plan)
    assert (int(short.net.replays), len(short.net._kept)) == (1, 20)
    further = run_session(dataclasses.replace(plan, steps=None, resume=True))
    once = run_session(dataclasses.replace(plan, steps=None, checkpoint=None))
    assert all(torch.equal(value, further.net.state_dict()[name]) for name, value in once.net.state_dict().items())


@pytest.mark.parametrize("hold", [Hold(3, 2), Hold(2), Hold(700, 1)], ids=str)
def test_a_held_run_resumes_to_the_bit_and_counts_once_a_sample(tmp_path: Path, hold: Hold) -> None:
    every = 20 if hold.ticks < 10 else 4
    plan = plan_of(tmp_path, hold=hold, steps=3 * every, every=every, ends=True, times=True)
    whole = run_session(dataclasses.replace(plan, checkpoint=tmp_path / "a", predict=tmp_path / "a.csv"))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "b", predict=tmp_path / "b.csv")
    stopped = run_session(parts, stop=lambda: True)
    resumed = run_session(dataclasses.replace(parts, resume=True))
    assert (stopped.steps, resumed.first, resumed.steps, len(whole.outputs["y"])) == (every, every, 3 * every, 3 * every)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert str(whole.metrics) == str(resumed.metrics)
    assert int(resumed.net.clock) == 3 * every * hold.ticks
    with pytest.raises(CheckpointError, match=r"hold: .* there, not given here"):
        run_session(dataclasses.replace(parts, resume=True, hold=Hold()))


def test_nothing_to_resume_starts_afresh_and_a_checkpoint_is_not_run_over(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, checkpoint=tmp_path / "c", resume=True, steps=10)
    assert run_session(plan).first == 0
    with pytest.raises(CheckpointError, match="holds a checkpoint of step 10; go on from it with --resume"):
        run_session(dataclasses.replace(plan, resume=False))
    further = run_session(dataclasses.replace(plan, steps=20))
    assert (further.first, further.steps) == (10, 20)
    assert run_session(dataclasses.replace(plan, steps=20)).first == 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed: 0 there, 1 here"),
        ({"dtype": "float64"}, 'dtype: "float32" there, "float64" here'),
        ({"text": TEXT.replace("tanh", "sin")}, "content"),
    ],
)
def test_another_run_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    run_session(plan_of(tmp_path, checkpoint=tmp_path / "c", steps=10))
    with pytest.raises(CheckpointError, match=message):
        run_session(plan_of(tmp_path, checkpoint=tmp_path / "c", steps=20, resume=True, **changes))  # type: ignore[arg-type]


def test_another_stream_is_refused_and_a_longer_one_is_not(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, checkpoint=tmp_path / "c", steps=10, resume=True)
    run_session(plan)
    path = tmp_path / "wave.csv"
    path.write_text(path.read_text() + "0.5,999,0\n")
    longer = read_stream(path, plan.model, {"u": "x", "v": "x@+1"}, scale="running")
    on = dataclasses.replace(plan, stream=longer, steps=12)
    assert run_session(on).first == 10
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "7.5,0,0", *lines[2:]]) + "\n")
    other = read_stream(path, plan.model, {"u": "x", "v": "x@+1"}, scale="running")
    with pytest.raises(CheckpointError, match="samples so far"):
        run_session(dataclasses.replace(on, stream=other))


def test_progress_tells_where_the_run_is(tmp_path: Path) -> None:
    told: list[Progress] = []
    session = run_session(plan_of(tmp_path), told.append)
    assert [progress.step for progress in told] == [PIECE, 2 * PIECE, ROWS]
    assert {progress.total for progress in told} == {ROWS}
    means = session.costs["fit"]
    assert told[0].costs["fit"] == pytest.approx(means[:PIECE].mean(), rel=1e-5)
    whole = next(m.value for m in session.metrics if (m.predictor, m.part) == ("wave", "all"))
    assert told[-1].scores["v"].value == pytest.approx(whole, rel=1e-6)


def test_a_stream_that_starts_again_ends_a_sequence(tmp_path: Path) -> None:
    """The second pass begins with the state at its initial value, and with the parameters as they are."""
    plan = plan_of(tmp_path, epochs=2, dtype="float64")
    first, both = run_session(dataclasses.replace(plan, epochs=1)), run_session(plan)
    net = plan.net_class(batch=1, seed=9, dtype=torch.float64)
    with torch.no_grad():
        for name, value in net.named_parameters():
            value.copy_(dict(first.net.named_parameters())[name])
            net.costate.get_buffer(name).copy_(first.net.costate.get_buffer(name))
    again = net.run(plan.stream.whole().scaled())
    np.testing.assert_allclose(both.outputs["y"][ROWS:], again["y"][:, 0].numpy(), atol=1e-12)


def test_a_run_told_to_end_while_it_reads_up_to_its_checkpoint_leaves_it(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, checkpoint=tmp_path / "c", steps=400)
    run_session(plan)
    held = sorted((tmp_path / "c").rglob("*"))
    told = "told to end while wave.csv was read up to step 400; the checkpoint is as it was"
    with pytest.raises(CheckpointError, match=told):
        run_session(dataclasses.replace(plan, resume=True, steps=None), stop=lambda: True)
    assert sorted((tmp_path / "c").rglob("*")) == held
    assert run_session(dataclasses.replace(plan, resume=True, steps=None)).steps == ROWS


def test_seeds_differ_and_the_first_is_the_run_itself(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seed=2)
    runs = run_seeds(plan, 3)
    assert [run.plan.seed for run in runs] == [2, 3, 4]
    assert runs[0].metrics == run_session(plan).metrics
    assert runs[1].metrics[0].value != runs[0].metrics[0].value
    assert runs[1].metrics[1] == runs[0].metrics[1]  # the baselines know no seed
    further = run_seeds(plan, 2, first=runs[0])
    assert further[0] is runs[0] and further[1].metrics == runs[1].metrics


def test_what_a_run_has_recorded_is_not_overwritten_by_other_seeds(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, steps=20, record=("h",), record_to=tmp_path / "h.csv", predict=tmp_path / "y.csv")
    run_session(plan)
    told = [(tmp_path / name).read_bytes() for name in ("h.csv", "y.csv")]
    runs = run_seeds(plan, 2)
    assert [(tmp_path / name).read_bytes() for name in ("h.csv", "y.csv")] == told
    assert not any(run.recorded for run in runs)


def test_what_is_not_finite_is_told_with_both_lines(tmp_path: Path) -> None:
    text = TEXT.replace("tanh(W @ h + U @ u)", "exp(9 * h)")
    with pytest.raises(NonFinite, match=r"step \d+; made by wave\.ham:\d+.*\(wave\.csv:\d+\)"):
        run_session(plan_of(tmp_path, text=text))


def test_a_damaged_checkpoint_is_passed_over_and_the_run_is_the_same(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, every=100, steps=400, predict=tmp_path / "a.csv")
    whole = run_session(dataclasses.replace(plan, checkpoint=tmp_path / "a"))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "b", predict=tmp_path / "b.csv")
    run_session(dataclasses.replace(parts, steps=200))
    (tmp_path / "b" / "step-000000000200" / "tensors.safetensors").write_bytes(b"")
    resumed = run_session(dataclasses.replace(parts, resume=True))
    assert resumed.first == 100 and "step-000000000200 is damaged: tensors.safetensors is cut" in resumed.passed_over[0]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert str(whole.metrics) == str(resumed.metrics)


def test_two_runs_on_one_folder_and_a_folder_that_goes_away(tmp_path: Path) -> None:
    """The second ends at once and loses nothing of the first, which goes on even where its folder is removed."""
    plan = plan_of(tmp_path, every=100, checkpoint=tmp_path / "c", resume=True)
    ends: list[str] = []

    def meanwhile(progress: Progress) -> None:
        if progress.step == 100:
            with pytest.raises(CheckpointError) as wrong:
                run_session(plan)
            ends.append(str(wrong.value))
        if progress.step == 300:
            shutil.rmtree(tmp_path / "c")

    session = run_session(plan, meanwhile)
    assert "another run keeps its checkpoints" in ends[0]
    assert (session.first, session.steps) == (0, ROWS) and steps_in(tmp_path / "c") == [500, 600]
    assert run_session(plan).first == ROWS


def test_a_longer_stream_than_is_read_ahead_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a part at a time, over two passes, with checkpoints between: predictions and figures of a stream held whole."""
    plan = plan_of(tmp_path, epochs=2, ends=True, times=True)
    whole = run_session(dataclasses.replace(plan, predict=tmp_path / "a.csv"))
    monkeypatch.setattr(feed, "AHEAD", 50)
    plan = dataclasses.replace(plan, stream=dataclasses.replace(plan.stream, size=37))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "c", predict=tmp_path / "b.csv", every=130)
    seen: list[Progress] = []
    run_session(parts, seen.append, lambda: len(seen) == 6)
    assert (seen[0].total, seen[0].exact) == (pytest.approx(2 * ROWS, rel=0.2), False)
    again = run_session(dataclasses.replace(parts, resume=True))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert [m.predictor for m in again.metrics] == [m.predictor for m in whole.metrics]
    assert [m.value for m in again.metrics] == pytest.approx([m.value for m in whole.metrics], rel=1e-9)
    assert again.length == whole.length == ROWS


def test_checkpoints_do_not_grow_with_the_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "STEPS", 64)
    monkeypatch.setattr(trace, "RECENT", 32)
    monkeypatch.setattr(cells, "MOST", 16)
    sizes = []
    for steps in (1024, 4096):
        plan = plan_of(tmp_path, epochs=8, steps=steps, checkpoint=tmp_path / str(steps))
        run_session(plan)
        (file,) = (tmp_path / str(steps)).glob("step-*/tensors.safetensors")
        sizes.append(file.stat().st_size)
    assert sizes[1] < sizes[0] * 1.1


def test_everything_is_kept_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "STEPS", 64)
    monkeypatch.setattr(trace, "RECENT", 32)
    few, all_of_it = run_session(plan_of(tmp_path)), run_session(plan_of(tmp_path, everything=True))
    assert len(few.at) < len(all_of_it.at) == ROWS
    np.testing.assert_array_equal(few.outputs["y"], all_of_it.outputs["y"][few.at])
    assert (few.kept_every, all_of_it.kept_every) == (16, 1)
    assert str(few.metrics) == str(all_of_it.metrics)


def test_how_much_was_left_out_is_remembered_by_a_checkpoint(tmp_path: Path) -> None:
    text = "input u\ntarget v\nparam w = 1\noutput y = w*log(u)\ncost fit = (y - v)^2\n"
    (tmp_path / "s.csv").write_text("u,v\n" + "".join(f"{-1 if k % 10 == 9 else 1},0\n" for k in range(400)))
    model = hdsl.loads(text, name="logs.ham")
    stream = read_stream(tmp_path / "s.csv", model.product("model"), {})
    plan = Plan(model.product("model"), model.compile(), stream, on_nonfinite="rollback")
    with pytest.raises(NonFinite, match="samples before it were left out") as whole:
        run_session(dataclasses.replace(plan, checkpoint=tmp_path / "whole", every=50))
    parts = dataclasses.replace(plan, checkpoint=tmp_path / "kept", every=50)
    assert run_session(dataclasses.replace(parts, steps=100)).skipped
    with pytest.raises(NonFinite) as resumed:
        run_session(dataclasses.replace(parts, resume=True))
    assert str(resumed.value) == str(whole.value)
