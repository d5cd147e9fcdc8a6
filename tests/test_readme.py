"""The README's blocks are executed: its model is the one that ships, its equations are derived, its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import hdsl
from hdsl.cli.main import verbs
from hdsl.emit.content import content_hash
from hdsl.runtime.source.block import KINDS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    found = [text for name, text in BLOCKS if name == kind]
    assert found, f"the README has no block of kind {kind!r}"
    return found


def shell(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hdsl", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {name for name, _ in BLOCKS} == {"ham", "text", "", "console", "sh", "python"}


def test_the_model_is_the_one_that_ships() -> None:
    text, _ = blocks("ham")
    shown = hdsl.loads(f"model sunspots\n{text}")
    assert shown.diagnostics == ()
    assert content_hash(shown.product("model")) == content_hash(hdsl.load("sunspots").product("model"))


def test_the_model_of_components_has_the_names_that_it_tells() -> None:
    _, text = blocks("ham")
    model = hdsl.loads(text)
    params = [quantity.name for quantity in model.product("model").of_role("param")]
    assert model.diagnostics == ()
    assert params == ["a.W", "a.b", "body.1.W", "body.1.b", "body.2.W", "body.2.b", "y.W", "y.b"]


def test_the_model_of_the_page_on_components_has_the_names_that_it_tells() -> None:
    page = (Path(__file__).parent.parent / "docs" / "components.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```ham\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    model = hdsl.loads(text)
    assert model.diagnostics == ()
    assert {"a.rate", "a.h", "a.e.W", "a.dense_2.W", "y.delay"} <= set(model.product("model").quantities)


def test_the_page_on_the_audit_says_what_the_audit_says() -> None:
    page = (Path(__file__).parent.parent / "docs" / "audit.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```ham\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert sorted(hdsl.loads(text).product("model").local) == ["a.W", "a.b", "y.W", "y.b"]
    with pytest.raises(hdsl.ModelError, match="not-local"):
        hdsl.loads(text.replace("delay(tanh(dense(u, n)))", "tanh(dense(u, n))"))
    assert hdsl.load("iris_mlp").audit.scheme == "non-local"
    delayed = hdsl.load("iris_mlp", delay="all").audit
    assert (delayed.scheme, delayed.in_time) == ("local", False)
    at_once = hdsl.load("iris_mlp", delay="all", settings={"order": "simultaneous", "eta": 1}).audit
    assert (at_once.scheme, at_once.in_time) == ("local", True)
    assert hdsl.load("iris_mlp_state").audit.scheme == "local"


def test_the_page_on_replay_has_a_model_that_is_backpropagation_through_time() -> None:
    page = (Path(__file__).parent.parent / "docs" / "replay.md").read_text(encoding="utf-8")
    text, recomputed = re.findall(r"^```ham\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    swaying = hdsl.loads(recomputed)
    assert swaying.diagnostics == () and swaying.product("model").learning.stored_every == 500
    model = hdsl.loads(text)
    assert model.diagnostics == ()
    assert {str(one.setting) for one in model.audit.equivalences} == {"torch.optim.SGD(params, lr=0.05, momentum=0.9)"}
    assert {one.setting.through for one in model.audit.equivalences if one.setting} == {"BPTT over a sequence"}


def test_the_page_on_layers_has_a_model_of_two() -> None:
    page = (Path(__file__).parent.parent / "docs" / "layerwise.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```ham\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    model = hdsl.loads(text)
    assert model.diagnostics == ()
    assert model.product("model").layers == {"h1": 1, "h2": 2, "W1": 1, "W2": 2, "C": 2}
    assert "h₁⁺ = F_h₁ if layer = 1 else h₁" in page


def test_the_equations_are_the_derived_ones(tmp_path: Path) -> None:
    (text,) = blocks("text")
    derived = shell(["derive", "sunspots"], tmp_path).stdout.splitlines()
    for line in text.splitlines():
        assert line in derived


def test_the_make_targets_exist() -> None:
    (text,) = blocks("")
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    targets = [line.split()[1] for line in text.splitlines()]
    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_the_message_is_what_check_prints(tmp_path: Path) -> None:
    (text,) = blocks("console")
    command, _, expected = text.partition("\n")
    (tmp_path / "tracker.ham").write_text(
        "ham 1\ndim n = 4\nstate h[n] = 0\nparam weight[n, n] = normal(0, 1)\nparam U[n, 1] = 0\ninput u[1]\n"
        "h' = -h + tanh(wieght @ h + U @ u)\noutput y = sum(h)\ntarget v\ncost fit = (y - v)^2\n"
    )
    done = shell(shlex.split(command.removeprefix("$ hdsl ")), tmp_path)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip() == expected.strip()


@pytest.mark.parametrize("text", blocks("sh"), ids=lambda text: text.split()[1])
def test_the_commands_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in text.splitlines():
        run_here(line)


def run_here(line: str) -> Result:
    """A line of a page in this process, as a shell would run it."""
    program, *arguments = shlex.split(line)
    assert program == "hdsl"
    done = CliRunner().invoke(verbs, arguments)
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done


def test_the_page_on_adapters_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parent.parent / "docs" / "adapters.md").read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert {name for name, _ in found} == {"python", "sh"}
    program = "\n".join(text for name, text in found if name == "python")
    exec(program, {"__name__": "page"})
    told = capsys.readouterr().out
    losses = [float(figure) for figure in re.findall(r"LogLoss: ([\d.]+)", told)]
    assert losses == pytest.approx([*[0.300] * 5, 0.330], abs=4e-3)
    *mine, line, river = (float(figure) for figure in re.findall(r"^MAE: ([\d.]+)", told, flags=re.MULTILINE))
    assert len(mine) == 5 and all(0.46 < figure < 0.51 for figure in mine)
    assert line == river == pytest.approx(0.559, abs=1e-3)
    assert float(re.findall(r"^last value ([\d.]+)", told, flags=re.MULTILINE)[0]) == pytest.approx(0.151, abs=1e-3)
    shares = [float(figure) for figure in re.findall(r"tensor\(([\d.]+)\)", told)]
    assert shares[:3] == pytest.approx([0.86] * 3, abs=0.01) and shares[3] == pytest.approx(0.869, abs=2e-3)
    for line in (line for name, text in found if name == "sh" for line in text.splitlines()):
        run_here(line)


def test_the_python_runs(tmp_path: Path) -> None:
    for text in blocks("python"):
        done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_page_on_streams_runs_and_counts_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parent.parent / "docs" / "streams.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^```(\w+)\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    (tmp_path / "wind.ham").write_text(parts["ham"])
    (tmp_path / "wind.csv").write_text(parts["csv"])
    for line in parts["sh"].splitlines():
        assert "bad rows left out: " in run_here(line).stdout
    table = page.partition("| kind | what it is |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+) \|", table.partition("|---|---|")[2], flags=re.MULTILINE) == list(KINDS)
