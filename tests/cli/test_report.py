"""The report of a run, filled from a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hdsl
from hdsl.cli.main import status
from hdsl.cli.report import run_record
from hdsl.cli.run import Options, make_plan
from hdsl.runtime.session import run_seeds, run_session
from hdsl.show.report import figures


def options(model: str, **changes: object) -> Options:
    given: dict[str, object] = dict.fromkeys(Options.__dataclass_fields__)
    given |= {"model": model, "streams": (), "follow": False, "bad": "stop", "seed": 0, "dtype": "float32", "device": "cpu"}
    given |= dict.fromkeys(("columns", "settings", "dims", "delay", "record", "sweep"), ()) | {"threads": 1}
    return Options(**{**given, **changes})  # type: ignore[arg-type]


def test_a_real_target_is_drawn_beside_its_baselines() -> None:
    plan = make_plan(options("sunspots", steps=400))
    session = run_session(plan)
    run = run_record(session, run_seeds(plan, 2), "hdsl run sunspots")
    (series,) = run.series
    numbers = plan.stream.whole().values["u"][:, 0, 0].numpy()
    np.testing.assert_array_equal(series.target, numbers[1:401])
    np.testing.assert_array_equal(series.others["last value"][1:], numbers[1:400])
    assert np.corrcoef(series.prediction[1:], series.target[1:])[0, 1] > 0.5
    assert (series.unit, run.steps, len(run.costs["fit"])) == ("ssn", 400, 400)
    (table,) = run.results
    assert [line.own for line in table.lines] == [True, False, False, True, False]
    assert run.headline[0][1].endswith("second half, median of 2 seeds")
    assert run.settings["columns"] == "u = ssn, v = ssn@+1"


def test_a_class_has_figures_and_no_drawing() -> None:
    run = run_record(run_session(make_plan(options("iris_linear", epochs=2))), [], "")
    assert run.series == ()
    assert [table.title.split(",")[0] for table in run.results] == ["c: accuracy", "c: log loss"]
    assert run.headline == ()


def test_the_page_is_one_file_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    assert status(["run", "sunspots", "--steps", "300", "--report", str(path)]) == 0
    page = path.read_text(encoding="utf-8")
    assert f"{path} shows the model" in capsys.readouterr().out
    assert "<math" in page and "<svg" in page and hdsl.__version__ in page
    assert "src=" not in page and "<link" not in page and "@import" not in page


@pytest.mark.parametrize(
    ("batch", "steps", "every"), [pytest.param(None, 36_000, 4, marks=pytest.mark.slow), (2, 24_000, 2)]
)
def test_a_long_run_and_a_batch_are_drawn_of_what_was_kept(tmp_path: Path, batch: int | None, steps: int, every: int) -> None:
    (tmp_path / "wave.ham").write_text(
        "ham 1\ninput u\ntarget v\nparam w = 0\noutput y = w * u\ncost fit = squared(y - v)\n"
        "learn\n    eta = 1\n    beta = 0.01\n"
    )
    rows = [f"{np.sin(k / 9)},{int(k % 12_000 == 11_999)}" for k in range(36_000)]
    (tmp_path / "wave.csv").write_text("\n".join(["x,boundary", *rows]) + "\n")
    given = options(str(tmp_path / "wave.ham"), columns=("u=x", "v=x@+1"), batch=batch)
    run = run_record(run_session(make_plan(given)), [], "")
    (series,) = run.series
    assert (run.steps, series.every) == (steps, every)
    assert run.at is not None and len(run.at) == len(run.costs["fit"]) < 20_000
    assert run.at[-1] == steps - 1 and run.costs["fit"].ndim == 1
    assert len(series.target) == len(series.prediction) == len(series.others["last value"]) == len(series.at)
    drawn = figures(run)
    assert f"Every {every}th sample of v" in drawn[1].caption
    assert f"of the {len(run.at)} steps that were kept" in drawn[-1].caption
