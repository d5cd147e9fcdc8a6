"""`hdsl run` of a model whose schedule is boundary: the problem solved, and what came of it as text, JSON, CSV and a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hdsl.cli.arguments import Unusable, WrongInput, command_text, keep_apart, readable, reason, write_file
from hdsl.cli.defaults import defaults_of
from hdsl.cli.streams import bad_rows, open_streams

if TYPE_CHECKING:
    from hdsl.api import Model
    from hdsl.cli.options import Options
    from hdsl.runtime.boundary.result import Solution

STEPPING: Mapping[str, str] = {
    "follow": "--follow", "batch": "--batch", "steps": "--steps", "epochs": "--epochs", "hold": "--hold",
    "target_at": "--target-at", "seeds": "--seeds", "dtype": "--dtype", "device": "--device", "threads": "--threads",
    "backend": "--backend", "held_back": "--held-back", "checkpoint": "--checkpoint", "every": "--every", "resume": "--resume",
    "on_nonfinite": "--on-nonfinite", "record": "--record", "record_to": "--record-to", "log": "--log", "sweep": "--sweep",
    "load_parameters": "--load-parameters", "save_parameters": "--save-parameters",
}  # fmt: skip
"""Options of a run that steps from sample to sample, which a problem solved as a whole has no use for."""
SOLVING: Mapping[str, str] = {"warm": "--warm", "save_solution": "--save-solution", "continued": "--continue"}


def solved(options: Options, model: Model) -> int:
    """Solve and tell. Returns the exit code: 0 where it is solved, else 1."""
    _check(options)
    from hdsl.runtime.boundary.keeping import save_solution

    solution, functions = _solutions(options, model)
    if options.save_solution is not None and solution.solved:
        _written(options.save_solution, lambda path: save_solution(path, solution.path, functions))
    if options.predict is not None:
        _written(options.predict, lambda path: write_file(path, trajectory_csv(solution)))
    if options.layout == "json":
        click.echo(json.dumps(solution_json(solution), indent=1, ensure_ascii=False))
    else:
        click.echo(solution_text(solution))
    if options.report is not None:
        from hdsl.cli.solve_report import solution_page

        write_file(options.report, solution_page(solution, model, command_text()))
        click.echo(f"\n{options.report} shows the model, its derivation and this solution", err=options.layout == "json")
    return 0 if solution.solved else 1


def refuse_solving(options: Options) -> None:
    """Options of a boundary problem make no sense elsewhere. Raises click.UsageError."""
    for name, option in SOLVING.items():
        if getattr(options, name):
            raise click.UsageError(f"{option} is for a boundary problem, and this model's schedule is another")


def _check(options: Options) -> None:
    context = click.get_current_context()
    for name, option in STEPPING.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise click.UsageError(f"{option} is for a run from sample to sample, and a boundary problem is solved as a whole")
    written = {"--save-solution": options.save_solution, "--predict": options.predict, "--report": options.report}
    keep_apart(written, [readable(options.model), *options.streams])


def _solutions(options: Options, model: Model) -> tuple[Solution, Any]:
    """The solution of the last of what `--continue` asks for, each from the one before."""
    from hdsl.runtime.boundary.keeping import SolutionError, load_solution
    from hdsl.runtime.boundary.numbers import numbered
    from hdsl.runtime.boundary.solve import solve_boundary

    warm, solution = None, None
    steps = continued(options.continued)
    for settings in steps:
        current = model if not settings else _with(options, settings)
        try:
            signals, stream = signals_of(options, current)
            problem = numbered(current.compiler, options.seed, signals)
            if solution is None and options.warm is not None:
                warm = load_solution(options.warm, problem.functions)
            solution = solve_boundary(problem, None, warm, stream)
        except SolutionError as wrong:
            raise WrongInput(str(wrong)) from None
        except ValueError as wrong:
            raise click.UsageError(str(wrong)) from None
        except OSError as wrong:
            raise Unusable(f"{wrong.filename or options.warm}: {reason(wrong)}") from None
        if not solution.solved:
            break
        warm = solution.path
    assert solution is not None
    return solution, problem.functions


def continued(texts: Iterable[str]) -> list[dict[str, str]]:
    """What ``NAME=VALUE,VALUE…`` says as settings one after another; one without settings where nothing is said.

    Several names go together, value by value. Raises click.UsageError.
    """
    values: dict[str, list[str]] = {}
    for text in texts:
        name, _, told = (part.strip() for part in text.partition("="))
        found = [value.strip() for value in told.split(",")]
        if not (name and all(found)):
            raise click.UsageError(f"--continue {text}: expected NAME=VALUE,VALUE…, for example --continue sharp=1,0.1,0.01")
        if name in values:
            raise click.UsageError(f"--continue gives `{name}` twice")
        values[name] = found
    if len({len(found) for found in values.values()}) > 1:
        raise click.UsageError("--continue: as many values are wanted for each name, since they go together")
    return [dict(zip(values, chosen, strict=True)) for chosen in zip(*values.values(), strict=True)] or [{}]


def _with(options: Options, settings: Mapping[str, str]) -> Model:
    from hdsl.cli.arguments import open_model

    kept = [text for text in options.settings if text.partition("=")[0].strip() not in settings]
    return open_model(options.model, (*kept, *(f"{n}={v}" for n, v in settings.items())), options.dims, options.delay)


def signals_of(options: Any, model: Model) -> tuple[Any, str]:
    """What arrives, by time, and the name of the stream. Raises click's errors."""
    from hdsl.runtime.boundary.functions import nothing_arrives
    from hdsl.runtime.boundary.numbers import horizon_of
    from hdsl.runtime.boundary.signals import read_signals
    from hdsl.runtime.columns import read_map
    from hdsl.runtime.source.block import StreamError
    from hdsl.runtime.stream import Stream

    record = model.product("model")
    if not (record.of_role("input") or record.of_role("target")):
        if options.streams or options.columns or options.scale:
            raise click.UsageError(f"{record.name} has neither input nor target, so it reads no stream")
        return nothing_arrives, ""
    if len(options.streams) > 1:
        raise click.UsageError("a boundary problem is of one stream; name one --stream")
    defaults = defaults_of(readable(options.model), model.name, next(iter(options.streams), None))
    try:
        told, how = {**defaults.map, **read_map(options.columns)}, options.scale or defaults.scale
        opened = open_streams((defaults.stream,), False, record, told)
        stream = Stream(opened.sources[0], record, opened.columns[0], how, bad_rows(options.bad))
        tau, until = horizon_of(record)
        return read_signals(stream.whole(), record, tau, until, stream.name), stream.name
    except StreamError as wrong:
        raise WrongInput(str(wrong)) from None
    except OSError as wrong:
        raise Unusable(f"{wrong.filename or defaults.stream}: {reason(wrong)}") from None
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None


def _written(path: Path, write: Any) -> None:
    try:
        write(path)
    except OSError as wrong:
        raise Unusable(f"{path} cannot be written: {reason(wrong)}") from None


# What is told ---------------------------------------------------------------------------------------------------------


def solution_text(solution: Solution) -> str:
    """Some lines for people."""
    r = solution.residuals
    verdict = solution.status if solution.solved else f"NOT SOLVED ({solution.status})"
    lines = [
        f"{solution.model}: {verdict}: {solution.message}",
        f"J = {solution.J:.10g}" + "".join(f"   {name} {value:.6g}" for name, value in solution.costs.items()),
        f"T = {solution.end:.10g}" + (" (found)" if solution.free_end else ""),
        f"residual {r.equations:.1e} of the equations, {r.begin:.1e} at 0, {r.end:.1e} at T (transversality); "
        f"tolerance {solution.tol:.0e}",
    ]
    if r.stationarity is not None:
        lines.append(f"control: |∂H′/∂a| {r.stationarity:.1e} off the bounds, H′ elsewhere smaller by {r.minimum:.1e} at most")
    if r.hamiltonian is not None:
        lines.append(f"H stays the same to {r.hamiltonian:.1e}")
    for name, value in solution.violations.items():
        weight = f", weight {solution.weights[name]:.0e}" if name in solution.weights else ""
        lines.append(f"constraint {name}: violated by {value:.1e} at most{weight}")
    lines.append(
        f"{solution.equations} equations, {solution.nodes} nodes, {solution.iterations} iterations, {solution.seconds:.2f} s; "
        f"begun from {solution.way}"
    )
    if solution.tried:
        lines.append(f"before that tried in vain: {'; '.join(solution.tried)}")
    return "\n".join([*lines, *(f"note: {note}" for note in solution.notes)])


def solution_json(solution: Solution) -> dict[str, Any]:
    """The same as plain data; what is not a number is null."""
    r = solution.residuals
    return {
        "model": solution.model,
        "schedule": "boundary",
        "status": solution.status,
        "solved": solution.solved,
        "message": solution.message,
        "J": _number(solution.J),
        "costs": {name: _number(value) for name, value in solution.costs.items()},
        "T": _number(solution.end),
        "residuals": {name: _number(getattr(r, name)) for name in vars(r)},
        "tolerance": solution.tol,
        "iterations": solution.iterations,
        "nodes": solution.nodes,
        "equations": solution.equations,
        "seconds": solution.seconds,
        "way": solution.way,
        "tried": list(solution.tried),
        "mu": {name: value.tolist() for name, value in solution.mu.items()},
        "violations": {name: _number(value) for name, value in solution.violations.items()},
        "weights": dict(solution.weights),
        "settings": {name: _number(value) for name, value in solution.settings.items()},
        "end": {name: values[-1].tolist() for name, values in solution.arrays.items() if name != "t"},
        "begin": {name: values[0].tolist() for name, values in solution.arrays.items() if name != "t"},
        "notes": list(solution.notes),
    }


def _number(value: float | None) -> float | None:
    import math

    return value if value is not None and math.isfinite(value) else None


def trajectory_csv(solution: Solution) -> str:
    """A row a point: t, states, costates, controls, outputs, cost terms and H; parameters are in the solution's file."""
    from hdsl.runtime.predictions import entries

    names = [name for name, role in solution.roles.items() if not role.startswith("param")]
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([entry for name in names for entry in entries(name, solution.arrays[name].shape[1:])])
    for k in range(len(solution.arrays["t"])):
        writer.writerow([repr(float(v)) for name in names for v in solution.arrays[name][k].reshape(-1)])
    return made.getvalue()
