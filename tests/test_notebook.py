"""The cell magic in a shell of IPython, and what products show there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

import hdsl
from hdsl.notebook import arguments, told_apart

CELL = """dim n = 4
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = glorot
h' = -h + tanh(W @ h + u)
output y = h
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    made = InteractiveShell()
    made.history_manager.enabled = False
    made.run_line_magic("load_ext", "hdsl")
    yield made
    made.history_manager.end_session()


def test_a_cell_is_a_model(shell):
    found = shell.run_cell_magic("ham", "leaky n=3 beta=0.5", CELL)
    assert isinstance(found, hdsl.Model)
    assert shell.user_ns["leaky"] is found
    assert found.name == "leaky"
    assert {str(n): v for n, v in found.compiler.model.dims.items()} == {"n": 3}
    assert float(found.compiler.model.learning.values["beta"]) == 0.5


def test_without_a_name_it_is_the_model(shell):
    found = shell.run_cell_magic("ham", "", CELL)
    assert shell.user_ns["model"] is found


def test_definitions_are_delayed_as_by_load(shell):
    cell = CELL.replace("h' = -h + tanh(W @ h + u)", "let a = W @ h + u\nh' = -h + tanh(a)")
    found = shell.run_cell_magic("ham", "leaky --set beta=0.5 --delay a --dim n=3", cell)
    wanted = hdsl.loads(cell, name="leaky.ham", settings={"beta": 0.5}, delay="a", n=3)
    assert "a.delay" in found.compiler.model.dynamics
    assert found.product("torch") == wanted.product("torch")


def test_what_cannot_be_delayed_is_told(shell, capsys):
    assert shell.run_cell_magic("ham", "leaky --delay b", CELL) is None
    assert "error[" in capsys.readouterr().out


def test_a_mistake_is_told_as_check_tells_it(shell, capsys):
    assert shell.run_cell_magic("ham", "leaky", CELL.replace("tanh", "tahn")) is None
    told = capsys.readouterr().out
    assert "error[unknown-function]" in told and "--> leaky.ham:6:" in told and "Traceback" not in told
    assert "leaky" not in shell.user_ns


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2x", "`2x` is no name in Python"),
        ("class", "`class` is no name in Python"),
        ("a b", "`b` is no value"),
        ("a n=x", "the size `n` wants a whole number, not `x`"),
        ("a --delay", "`--delay` wants the names of definitions"),
        ("a --delay n=1", "`--delay` wants the names of definitions"),
        ("a --fast", "`--fast` is no value"),
        ("a n=1 n=2", "`n` is given twice"),
    ],
)
def test_a_wrong_first_line(shell, capsys, line, told):
    assert shell.run_cell_magic("ham", line, CELL) is None
    assert told in capsys.readouterr().out


def test_the_text_of_a_cell_is_never_run(shell, tmp_path):
    target = tmp_path / "made"
    shell.run_cell_magic("ham", f"a x=open('{target}','w')", f"{{open('{target}', 'w')}}\n" + CELL)
    assert not target.exists()


def test_products_show_themselves(shell):
    found = shell.run_cell_magic("ham", "", CELL)
    for product in (found, found.hamiltonian, found.equations):
        data, _ = shell.display_formatter.format(product)
        assert {"text/html", "text/markdown", "text/latex", "text/plain"} <= data.keys()
        assert "<math" in data["text/html"]


def test_arguments():
    assert arguments("") == ("model", {}, ())
    assert arguments("n=3") == ("model", {"n": "3"}, ())
    assert arguments("net n=3 eta.h=0.5") == ("net", {"n": "3", "eta.h": "0.5"}, ())
    assert arguments("net --dim n=3 --set eta.h=0.5 --delay a,b.1") == ("net", {"n": "3", "eta.h": "0.5"}, ("a", "b.1"))
    assert arguments("--delay=all --set beta=1") == ("model", {"beta": "1"}, ("all",))
    assert told_apart({"n": "3", "eta.h": "0.5"}, CELL) == ({"n": 3}, {"eta.h": "0.5"})


def test_hdsl_imports_no_ipython():
    code = "import sys, hdsl; hdsl.load('sunspots'); sys.exit('IPython' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
