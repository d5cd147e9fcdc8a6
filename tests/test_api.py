"""What Python users touch: by path, by shipped name, from text; settings, sizes, backends; and nothing heavy on import."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest
import sympy
import torch

import hdsl
from hdsl.api import find

TEXT = "dim n = 2\ninput u[n]\ntarget v\nparam w[n] = 1\noutput y = dot(w, u)\ncost fit = (y - v)^2\n"


def test_a_model_that_ships_is_found_by_its_name_and_any_by_its_path(checkout, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.ham").write_text(TEXT, encoding="utf-8")
    assert hdsl.load("sunspots").name == hdsl.load("sunspots.ham").name == "sunspots"
    assert hdsl.load(checkout / "models" / "sunspots.ham").name == "sunspots"
    assert hdsl.load("own.ham").name == hdsl.load(tmp_path / "own.ham").name == "own"


def test_a_file_of_the_readers_own_goes_before_one_that_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sunspots.ham").write_text(TEXT, encoding="utf-8")
    assert find("sunspots.ham").resolve() == tmp_path / "sunspots.ham"


def test_an_unknown_name_is_told_with_those_that_ship():
    with pytest.raises(FileNotFoundError, match=r"no file nothing and no model .*there are attention, .*sunspots"):
        hdsl.load("nothing")
    with pytest.raises(FileNotFoundError):
        hdsl.load("folder/sunspots")


def test_bytes_that_are_no_text_are_the_parsers_to_tell_of(tmp_path):
    (tmp_path / "broken.ham").write_bytes(b"input u\xff\n")
    with pytest.raises(hdsl.ModelError, match=r"broken\.ham:1"):
        hdsl.load(tmp_path / "broken.ham")


def test_a_wrong_model_raises_its_findings_and_says_them():
    with pytest.raises(hdsl.ModelError) as caught:
        hdsl.loads("input u\noutput y = wieght * u\n", name="wrong.ham")
    (found,) = [one for one in caught.value.diagnostics if one.severity == "error"]
    assert found.code == "unknown-name" and "wrong.ham:2:12" in str(caught.value)


def test_warnings_are_there_to_read():
    assert hdsl.load("iris_linear").diagnostics == ()
    assert [found.severity for found in hdsl.loads(TEXT + "param spare = 1\n").diagnostics] == ["warning"]


def test_settings_and_sizes_change_the_model():
    model = hdsl.loads(TEXT + "const gain = 1\n", settings={"beta": 0.3, "gain": 2, "order": "simultaneous"}, n=4)
    net = model.compile()()
    assert (net.beta, net.gain, net.n) == (0.3, 2, 4) and "simultaneous Euler" in model.compile().source


def test_what_is_derived_are_sympy_objects():
    model = hdsl.loads(TEXT)
    assert isinstance(model.hamiltonian.robust, sympy.Expr)
    assert set(model.equations.costate) == {"w"} and set(model.equations.parameter) == {"w"}


def test_a_pass_is_shown_by_name_and_an_unknown_one_told():
    model = hdsl.loads(TEXT)
    assert model.product("model").name == model.name
    with pytest.raises(ValueError, match="there is no pass 'parse'; the passes are text, model"):
        model.product("parse")


def test_a_class_has_the_dtype_that_it_was_compiled_for():
    model = hdsl.loads(TEXT)
    assert model.compile(dtype=torch.float64)().w.dtype == torch.float64
    assert model.compile()().w.dtype == torch.get_default_dtype()


def test_backends():
    model = hdsl.loads(TEXT)
    assert all(callable(getattr(model.compile(backend="numpy"), name)) for name in ("learn", "observe", "predict"))
    with pytest.raises(ValueError, match="there is no backend 'jax'; there are torch, native, auto and numpy"):
        model.compile(backend="jax")


def test_a_gradient_to_the_inputs_is_there_where_it_is_asked_for():
    model = hdsl.loads(TEXT)
    assert hasattr(model.compile(pullback=True), "pullback") and not hasattr(model.compile(), "pullback")


def test_a_model_is_resized_without_its_file():
    model = hdsl.loads(TEXT, settings={"eta": 0.5})
    other = model.resized({"beta": 0.25}, n=3)
    net = other.compile()()
    assert (net.n, net.beta, net.eta) == (3, 0.25, 0.5)
    assert model.compile()().n == 2
    with pytest.raises(hdsl.ModelError):
        model.resized({"betta": 1})


def test_a_model_is_pickled_as_its_text_and_not_copied():
    model = hdsl.loads(TEXT, settings={"beta": 0.25}, n=3)
    assert copy.deepcopy(model) is model
    other = pickle.loads(pickle.dumps(model))
    assert other.product("torch") == model.product("torch") and other is not model


def test_a_model_says_what_it_is():
    assert repr(hdsl.loads(TEXT, name="two.ham")) == "<hdsl model two of two.ham>"


def test_the_first_example_of_the_package_learns():
    net = hdsl.load("sunspots", n=4).compile(dtype=torch.float64)(batch=1, seed=0)
    u, v = torch.ones(1, 1), torch.full((1, 1), 2.0)
    first = net.step(u=u, v=v)[1]["fit"]
    for _ in range(300):
        _, costs = net.step(u=u, v=v)
    assert costs["fit"] < 0.01 * first


def test_importing_and_deriving_load_no_torch():
    program = (
        "import sys, hdsl; model = hdsl.load('sunspots'); model.equations; model.product('torch'); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Streams --------------------------------------------------------------------------------------------------------------

LINE = """ham 1
dim m
input u[m]
target v
param w[m] = 0
output y = dot(w, u)
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
    beta = 0.1
"""
ROWS = [{"a": float(k % 3), "b": (k % 5) / 5, "v": 2.0 * (k % 3) - (k % 5) / 5} for k in range(30)]


class Samples(torch.utils.data.IterableDataset[Any]):
    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        for row in ROWS:
            yield {"u": torch.tensor([row["a"], row["b"]]), "v": torch.tensor(row["v"])}


def test_streams_of_every_kind_are_learned_from_alike(tmp_path: Path) -> None:
    model = hdsl.loads(LINE, m=2)
    net_class = model.compile(dtype=torch.float64)
    tensors = {
        "u": torch.tensor([[[r["a"], r["b"]]] for r in ROWS], dtype=torch.float64),
        "v": torch.tensor([[r["v"]] for r in ROWS], dtype=torch.float64),
    }
    wanted = net_class(batch=1, seed=0).run(tensors)["y"]
    frame = pandas.DataFrame(ROWS)
    frame.to_csv(tmp_path / "s.csv", index=False)
    told = {"u": "a,b"}
    streams = [
        model.stream(tmp_path / "s.csv", told),
        model.stream(str(tmp_path / "s.csv"), ["u=a,b"]),
        model.stream(frame, "u=a,b"),
        model.stream(polars.DataFrame(ROWS), told),
        model.stream(ROWS, told),
        model.stream(Samples()),
        frame.rename(columns={"a": "u[0]", "b": "u[1]"}),
        torch.utils.data.DataLoader(Samples(), batch_size=1),
    ]
    for stream in streams:
        made = net_class(batch=1, seed=0).run(stream)["y"]
        torch.testing.assert_close(made, wanted, atol=1e-6, rtol=0)


def test_a_stream_is_told_of_without_being_kept() -> None:
    model = hdsl.loads(LINE, m=2)
    seen: list[int] = []
    net = model.compile()(batch=2, seed=0)
    stream = model.stream([pandas.DataFrame(ROWS), pandas.DataFrame(ROWS[:9])], "u=a,b", batch=2, scale="running")
    assert net.run(stream, told=lambda step, results: seen.append(step), keep=False) == {}
    assert seen[-1] == 30 and int(net.clock) == 30


def test_what_is_wrong_with_a_stream_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"loaded without: hdsl\.load\(…, m=2\)"):
        hdsl.loads(LINE).stream(ROWS, "u=a,b")
    model = hdsl.loads(LINE, m=2)
    with pytest.raises(ValueError, match="on_bad_row is one of stop, skip, log; found 'ignore'"):
        model.stream(ROWS, "u=a,b", on_bad_row="ignore")
    rows = [*ROWS, {"a": "x", "b": 1, "v": 2}]
    model.compile()(batch=1, seed=0).run(model.stream(rows, "u=a,b", on_bad_row="log"))
    assert capsys.readouterr().err.startswith("left out: list, row 31: found `x` in the column `a`, expected a number")


def test_a_model_says_why_a_summand_is_there() -> None:
    why = hdsl.load("sunspots").why("costate.h")
    assert str(why).startswith("costate.h   ż = φ Cᵀe + Wᵀā − z − η z\n")
    with pytest.raises(ValueError, match=r"did you mean `costate\.h`"):
        hdsl.load("sunspots").why("costate.hh")


BOUNDARY = """
input u
state h = 0
param w = 0.5
h' = -h + tanh(w*u)
cost fit = (h - u)^2/2
horizon 1
learn
    schedule = boundary
    tau = 0.5
"""


def test_a_boundary_problem_is_solved_with_its_stream() -> None:
    model = hdsl.loads(BOUNDARY)
    with pytest.raises(ValueError, match="has inputs or targets"):
        model.solve()
    stream = model.stream({"u": [0.0, 1.0, 0.5]})
    solution = model.solve(stream)
    assert solution.solved and solution["t"].tolist() == [0, 0.5, 1] and solution.signals
    assert solution["w"][0] == 0.5 and solution["costate.w"][-1] == pytest.approx(0, abs=1e-6)
    again = model.solve(stream, warm=solution, tol=1e-8)
    assert again.way == "a former solution" and again.tol == 1e-8 and pytest.approx(solution.J, abs=1e-6) == again.J
    begun = model.solve(stream, parameters={"w": 2.0})
    assert begun["w"][0] == 2 and pytest.approx(solution.J, abs=1e-3) != begun.J


def test_a_model_without_a_horizon_has_nothing_to_solve() -> None:
    with pytest.raises(ValueError, match="has no horizon"):
        hdsl.loads("state x = 1\nx' = -x\ncost c = x^2\n").solve()
