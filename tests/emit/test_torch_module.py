"""The whole text of a module: it stands alone, is the same at every run, and each line bears its equation and its place."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
import torch

import hdsl

SHIPPED = ("sunspots", "oscillators", "iris_linear", "iris_mlp", "iris_mlp_state")


@pytest.fixture(scope="module")
def texts():
    return {name: hdsl.load(name).product("torch") for name in SHIPPED}


@pytest.mark.parametrize("name", SHIPPED)
def test_it_imports_torch_and_nothing_of_ours(texts, name):
    found = set()
    for node in ast.walk(ast.parse(texts[name])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    assert {"torch"} <= found <= {"torch", "math", "hashlib"}


def test_a_file_of_it_runs_where_hdsl_is_not(texts, tmp_path):
    (tmp_path / "sunspots.py").write_text(texts["sunspots"], encoding="utf-8")
    program = (
        "import sys, sunspots\nnet = sunspots.Sunspots(n=4)\ny, costs = net.step([[1.0]], [[2.0]])\nnet.predict([[1.0]])\n"
        "net.reset().load_state_dict(net.state_dict())\n"
        "print(tuple(y.shape), sorted(costs), any(name.split('.')[0] == 'hdsl' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 1) ['fit'] False"


def test_it_is_the_same_whatever_the_hash_seed(texts):
    program = "import hdsl, sys; sys.stdout.buffer.write(hdsl.load('oscillators').product('torch').encode())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert done.stdout.decode() == texts["oscillators"]


@pytest.mark.parametrize("name", SHIPPED)
def test_its_head_says_what_made_it_and_how_to_make_it_again(texts, name):
    head = texts[name].partition('"""\n\nimport')[0]
    assert f"Made by hdsl {hdsl.__version__} from {name}.ham (content " in head
    assert f"hdsl compile {name}.ham -o {name}.py" in head


@pytest.mark.parametrize("name", SHIPPED)
def test_every_statement_that_computes_bears_its_equation_and_its_line(texts, name):
    body = texts[name].partition("    def _learn(")[2].partition("    def _observe(")[0].splitlines()
    told = [line for line in body if f"{name}.ham:" in line]
    calls = [line for line in body if "torch." in line or ".add" in line or ".lerp_" in line or ".mul_" in line]
    assert len(calls) > 3
    for position, line in enumerate(body):
        if line in calls and not line.strip().startswith("#"):
            assert f"{name}.ham:" in line or f"{name}.ham:" in body[position - 1], line
    assert all("=" in line.partition("# ")[2] for line in told)


def test_its_documentation_has_the_equations_in_order_and_the_shapes(texts):
    doc = ast.get_docstring(next(n for n in ast.parse(texts["sunspots"]).body if isinstance(n, ast.ClassDef)))
    places = [doc.index(start) for start in ("h⁺ = ", "z⁺ = ", "ω_W⁺ = ", "W⁺ = ", "input   u (batch, 1)")]
    assert places == sorted(places) and "Online one-step-ahead prediction" in doc


def test_names_of_python_torch_and_the_module_itself_are_legal_in_a_model():
    text = (
        "input torch\ntarget batch\nstate share = 0\nstate lambda_ = 0\nparam self = 1\nparam train = 1\nparam forward = 2\n"
        "const keep = 0.5\nlet made = train * torch\nshare' = -share + made + self\nlambda_' = keep * share\n"
        "output step = share + forward * lambda_\ncost class = (step - batch)^2\n"
    )
    net = hdsl.loads(text).compile(dtype=torch.float64)()
    for _ in range(2):
        y, costs = net.step([0.5], [1.0])
    assert list(costs) == ["class"] and y.isfinite().all() and len(list(net.parameters())) == 3
    assert net.train() is net and callable(net.forward)


def test_what_the_module_hands_out_is_fresh_though_it_is_a_cell():
    text = "dim n = 2\ninput u[n]\nstate h[n] = 0\nparam b[n] = 1\nh' = b - h + u\noutput y = h\noutput p = b\noutput q = u\n"
    for order in ("sequential", "simultaneous"):
        net = hdsl.loads(text, settings={"order": order}).compile(dtype=torch.float64)()
        u = torch.ones(1, 2, dtype=torch.float64)
        result = net.run({"u": u[None]})
        y, _ = net.step(u)
        for value in (y, *result.values()):
            value.fill_(9.0)
        assert u.tolist() == [[1, 1]] and net.b.tolist() == [1, 1] and not (net.state.h == 9).any()
