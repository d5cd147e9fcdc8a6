"""`hdsl run`: learn a stream online, and say how well it was predicted."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hdsl.cli.arguments import (
    Count,
    Unusable,
    Verb,
    WrongInput,
    command_text,
    keep_apart,
    open_model,
    readable,
    reason,
    settings_option,
    write_file,
)
from hdsl.cli.defaults import defaults_of
from hdsl.cli.interrupt import Interrupt, interruptible
from hdsl.cli.options import Options
from hdsl.cli.solve import refuse_solving, solved
from hdsl.cli.streams import bad_rows, open_streams, reading_of

if TYPE_CHECKING:
    from hdsl.api import Model
    from hdsl.cli.sweep import Combination, Row
    from hdsl.runtime.session import Plan, Progress, Session

    Told = Callable[[Progress], None]

COUNT = Count()
Ran = TypeVar("Ran")


@click.command(
    "run",
    cls=Verb,
    short_help="Learn a stream online and say how well it was predicted.",
    epilog="Example: hdsl run tracker.ham --stream tracks.csv --map u=x,y v=x@+1,y@+1 --scale running --set beta=0.1",
)
@click.argument("model")
@click.option("--stream", "streams", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="File or pipe (.csv .jsonl .npy .npz .parquet .arrow .feather; - for standard input); if not given, the "
              "model's own. Several run beside one another.")
@click.option("--follow", is_flag=True, help="Wait at the end of a file for rows that are appended to it.")
@click.option("--on-bad-row", "bad", type=click.Choice(["stop", "skip", "log"]), default="stop", show_default=True,
              help="End at the first bad row; or leave bad rows out and count them; or tell of each as well.")
@click.option("--batch", type=COUNT, metavar="N",
              help="Run N sequences beside one another; of several streams all are, where this is not given.")
@click.option("--map", "columns", multiple=True, metavar="NAME=COLUMN …",
              help="Columns of inputs and targets: u=ssn, v=ssn@+1 (the next row's), u=ssn@-5..0 (a window, oldest first), "
              "u=a,b,c, t=time, boundary=end; v= for none.")
@click.option("--scale", metavar="HOW", help="running (by the past only), first:N (held after N rows), none, or whole (leaks).")
@click.option("--steps", type=COUNT, help="Stop after so many steps.")
@click.option("--epochs", type=COUNT, help="Learn from the stream so many times.")
@click.option("--hold", metavar="N|auto",
              help="Hold each sample for N ticks; auto reads how long, and the target's tick, from delays or layers.")
@click.option("--target-at", type=COUNT, metavar="K", help="Tell the target at tick K of a held sample only, counted from 1.")
@settings_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the initial values.")
@click.option("--seeds", type=COUNT, help="Run from so many seeds, and tell median and spread.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), show_default="float32; float64 for a mechanical system")
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", type=COUNT, metavar="N",
              help="Threads of the arithmetic on a CPU; if not given, one, or all cores for a model with large matrices.")
@click.option("--backend", type=click.Choice(["torch", "native", "auto"]), show_default="torch",
              help="native: the loop as compiled C; auto: whichever is faster in a short trial.")
@click.option("--held-back", type=click.IntRange(0, 512), metavar="K", show_default="16 for large matrices, where it pays",
              help="Of native code at batch 1: steps over which moves of matrices are held back; 0 for none.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Folder of the checkpoint.")
@click.option("--every", type=COUNT, help="Write the checkpoint every so many steps, not at the end only.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint; from the start if there is none.")
@click.option("--report", type=click.Path(path_type=Path), help="HTML page to write.")
@click.option("--predict", type=click.Path(path_type=Path), help="CSV file to write: a row a step.")
@click.option("--load-parameters", type=click.Path(path_type=Path), help="safetensors file of parameters to begin with.")
@click.option("--save-parameters", type=click.Path(path_type=Path), help="safetensors file to write at the end.")
@click.option("--on-nonfinite", type=click.Choice(["stop", "rescue", "rollback"]), default="stop", show_default=True,
              help="Where a value becomes nan or infinite: end the run (rescue: copies of more than 2^20 numbers, too, tell "
              "where), or go back and leave out the sample.")
@click.option("--record", multiple=True, metavar="NAME,…",
              help="Record each step's states and costates (h,z.h), norms of parameters (W,costate.W) and H. Adjoints are not "
              "kept from step to step; an `output` is in --predict.")
@click.option("--record-to", type=click.Path(path_type=Path), help="CSV file to write what is recorded to: a row a step.")
@click.option("--log", type=click.Path(path_type=Path), help="Folder to write costs and scores to, for TensorBoard.")
@click.option("--sweep", multiple=True, metavar="NAME=VALUE,… …",
              help="Run each combination of settings, and tell a table: --sweep beta=0.01,0.1 eta.h=0.1,0.5.")
@click.option("--warm", type=click.Path(path_type=Path),
              help="Of a boundary problem: the file of a solution to begin from.")
@click.option("--save-solution", type=click.Path(path_type=Path), help="Of a boundary problem: the file to write it to, .npz.")
@click.option("--continue", "continued", multiple=True, metavar="NAME=VALUE,… …",
              help="Of a boundary problem: solve for each value, each from the solution before: --continue sharp=1,0.1,0.01.")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(**given: Any) -> int:
    """Learn a stream from its first sample to its last: predict each, then learn from it.

    A model whose schedule is boundary is solved as a whole instead, from its beginning to its horizon.
    """
    options = Options(**given)
    _check(options)
    model = open_model(options.model, options.settings, options.dims, options.delay)
    if model.compiler.outline.learning.schedule == "boundary":
        return solved(options, model)
    refuse_solving(options)
    if options.sweep:
        return swept(options)
    plan = make_plan(options, model)
    from hdsl.cli.progress import progress_line
    from hdsl.cli.summary import summary_json, summary_text
    from hdsl.runtime.session import run_seeds, run_session
    from hdsl.runtime.threads import using

    with understood(options.predict), interruptible() as stop, using(plan.threads):
        with progress_line(plan.model.name, options.layout == "text") as shown, logged(options.log, shown) as told:
            session = reported(options.report, plan, lambda: run_session(plan, told, stop))
        again = options.seeds if options.seeds and not session.interrupted else 0
        runs = reported(options.report, plan, lambda: run_seeds(plan, again, stop, session))
    if options.save_parameters is not None:
        with understood(options.save_parameters):
            session.net.save_parameters(options.save_parameters)
    if options.layout == "json":
        click.echo(json.dumps(summary_json(session, runs), indent=1, ensure_ascii=False))
    else:
        click.echo(summary_text(session, runs))
    if options.report is not None:
        write_report(options.report, session, runs)
        click.echo(f"\n{options.report} shows the model, its derivation and this run", err=options.layout == "json")
    return stop.code


def _check(options: Options) -> None:
    """Options that want one another, and files that cannot be written, are told of before the run."""
    if options.target_at is not None and options.hold is None:
        raise click.UsageError("--target-at wants --hold N")
    if options.held_back is not None and options.backend not in ("native", "auto"):
        raise click.UsageError("--held-back wants --backend native or auto")
    if options.checkpoint is None and (options.resume or options.every):
        raise click.UsageError(f"--{'resume' if options.resume else 'every'} wants --checkpoint DIR")
    if options.seeds and options.load_parameters:
        raise click.UsageError("--seeds draws initial values and --load-parameters gives them; choose one")
    if options.record and options.report is None and options.record_to is None:
        raise click.UsageError("--record wants a place to be seen in: --report FILE.html, --record-to FILE.csv or both")
    if options.record_to is not None and not options.record:
        raise click.UsageError("--record-to wants --record NAME,…")
    files = written(options)
    asked = [name for name, path in {"--checkpoint": options.checkpoint, **files}.items() if path is not None]
    if options.sweep and asked:
        raise click.UsageError(f"--sweep makes many runs, and {asked[0]} is of one: leave one of them out")
    if options.sweep and options.seeds and options.log is not None:
        why = "--log writes what a run tells as it goes, and further seeds tell nothing"
        raise click.UsageError(f"{why}: leave out --seeds or --log")
    for path in files.values():
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            wrong = f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}"
            raise click.UsageError(f"{wrong}; the name of a file in a folder that is there is wanted")


def written(options: Options) -> dict[str, Path | None]:
    """The files that a run writes, by the options that name them."""
    return {
        "--predict": options.predict, "--record-to": options.record_to, "--report": options.report,
        "--save-parameters": options.save_parameters, "--save-solution": options.save_solution,
    }  # fmt: skip


def make_plan(options: Options, model: Model | None = None) -> Plan:
    """What the options ask for, of a model that is open already or not, the stream read and scaled. Raises click's errors."""
    model = model or open_model(options.model, options.settings, options.dims, options.delay)
    if model.compiler.outline.hamiltonian is not None:
        from hdsl.cli.mechanics import mechanical_plan

        keep_apart(written(options), [readable(options.model)])
        names = recorded_names(options.record, model.compiler.outline)
        return mechanical_plan(options, model, compiled(model, options), names)
    defaults = defaults_of(readable(options.model), model.name, next(iter(options.streams), None))
    paths = options.streams or (defaults.stream,)
    begun = [options.load_parameters] if options.load_parameters not in (None, options.save_parameters) else []
    keep_apart(written(options), [readable(options.model), *paths, *begun])
    from hdsl.runtime.columns import read_map
    from hdsl.runtime.hold import read_hold
    from hdsl.runtime.scale import read_kind
    from hdsl.runtime.session import Plan
    from hdsl.runtime.threads import threads_for

    try:
        told, how = {**defaults.map, **read_map(options.columns)}, options.scale or defaults.scale
        read_kind(how)
        hold = read_hold(options.hold or defaults.hold, options.target_at, model.compiler.outline)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None
    with understood(defaults.stream):
        opened = open_streams(paths, options.follow, model.compiler.outline, told)
        if opened.sizes:  # what the stream decides is compiled in
            extra = [f"{name}={size}" for name, size in opened.sizes.items()]
            model = open_model(options.model, options.settings, (*options.dims, *extra), options.delay)
        record = model.compiler.outline
        stream = reading_of(opened, record, how, bad_rows(options.bad), options.batch)
    if stream.live and options.seeds:
        raise click.UsageError(f"--seeds reads a stream several times, and {stream.name} can be read once")
    names = recorded_names(options.record, record)
    net_class = compiled(model, options)
    threads = options.threads or threads_for(model.compiler.largest)
    return Plan(
        record, net_class, stream, options.epochs or defaults.epochs, options.steps, options.seed, options.dtype or "float32",
        options.device, options.checkpoint, options.every, options.resume, options.predict,
        hold, threads, options.load_parameters, record=names, record_to=options.record_to,
        on_nonfinite=options.on_nonfinite,
    )


def recorded_names(texts: tuple[str, ...], model: Any) -> tuple[str, ...]:
    """The names that `--record` gives. Raises click.UsageError for one that is not there."""
    from hdsl.runtime.recorder import wanted

    names = tuple(name.strip() for text in texts for name in text.split(","))
    try:
        wanted(names, model)
    except ValueError as wrong:
        raise click.UsageError(f"--record: {wrong}") from None
    return names


def compiled(model: Model, options: Options) -> Any:
    """The module class. Raises click.UsageError for a device that is not there and a size that nothing tells."""
    from hdsl.runtime.device import check_device

    unknown = [name for name, size in model.compiler.outline.dims.items() if size is None]
    if unknown:
        raise click.UsageError(f"the size `{unknown[0]}` has no default and no column tells it: --dim {unknown[0]}=…")
    try:
        check_device(options.device)
    except ValueError as wrong:
        raise click.UsageError(f"--device {options.device}: {wrong}") from None
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            made = model.compile(backend=options.backend or "torch", held_back=options.held_back)
    except ValueError as wrong:
        raise click.UsageError(f"--backend {options.backend}: {wrong}") from None
    for warning in told:
        click.echo(f"note: {warning.message}", err=True)
    return made


@contextmanager
def understood(file: Path | None) -> Iterator[None]:
    """What is the user's to mend becomes a sentence. ``file`` is the one that is read or written."""
    from hdsl.runtime.checkpoint import CheckpointError, Unwritable
    from hdsl.runtime.nonfinite import NonFinite
    from hdsl.runtime.parameters import ParametersError
    from hdsl.runtime.source.block import StreamError

    try:
        yield
    except Unwritable as wrong:
        raise Unusable(str(wrong)) from None
    except (StreamError, NonFinite, CheckpointError, ParametersError) as wrong:
        raise WrongInput(str(wrong)) from None
    except OSError as wrong:
        raise Unusable(f"{wrong.filename or file}: {reason(wrong)}") from None


def swept(options: Options) -> int:
    """Run each combination of settings and tell the table. Returns the exit code."""
    from hdsl.cli.sweep import combinations, sweep_json, sweep_text

    rows: list[Row] = []
    with interruptible() as stop:
        for combination in combinations(options.sweep):
            row = None if stop() else swept_row(options, combination, stop)
            if row is None:
                break
            rows.append(row)
    if options.layout == "json":
        click.echo(json.dumps(sweep_json(rows), indent=1, ensure_ascii=False))
    else:
        click.echo(sweep_text(rows))
    return stop.code


def swept_row(options: Options, combination: Combination, stop: Interrupt) -> Row | None:
    """What comes of one combination; None where the run was stopped."""
    from hdsl.cli.progress import progress_line
    from hdsl.cli.sweep import Row
    from hdsl.runtime.nonfinite import NonFinite
    from hdsl.runtime.session import run_seeds, run_session
    from hdsl.runtime.threads import using

    told = [f"{name}={value}" for name, value in combination]
    plan = make_plan(replace(options, settings=(*options.settings, *told)))
    if plan.stream.live:
        raise click.UsageError(f"{plan.stream.name} can be read once, and --sweep reads it many times; save it to a file")
    folder = None if options.log is None else options.log / ",".join(told)
    shown = progress_line(" ".join(told), options.layout == "text")
    with understood(None), using(plan.threads), shown as line, logged(folder, line) as on:
        try:
            if options.seeds:
                runs = tuple(run_seeds(plan, options.seeds, stop))
                return Row(combination, runs) if len(runs) == options.seeds else None
            session = run_session(plan, on, stop)
            return None if session.interrupted else Row(combination, (session,))
        except NonFinite as wrong:
            return Row(combination, (), str(wrong))


@contextmanager
def logged(folder: Path | None, told: Told | None) -> Iterator[Told | None]:
    """What is told of a run, written to a folder for TensorBoard too. Raises click.UsageError."""
    from hdsl.runtime.event_log import EventLog, NoTensorBoard

    if folder is None:
        yield told
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log = EventLog(folder)
    except NoTensorBoard as wrong:
        raise click.UsageError(f"--log: {wrong}") from None
    except OSError as wrong:
        raise click.UsageError(f"--log {folder}: {reason(wrong)}") from None

    def both(progress: Progress) -> None:
        if told is not None:
            told(progress)
        log(progress)

    try:
        yield both
    finally:
        log.close()


def reported(report: Path | None, plan: Plan, run: Callable[[], Ran]) -> Ran:
    """What a run gives; where a value is not finite the report tells of that. Raises what the run raises."""
    from hdsl.runtime.nonfinite import NonFinite

    try:
        return run()
    except NonFinite as wrong:
        if wrong.lead_up is None:  # no copies were kept, which the message says
            raise WrongInput(str(wrong)) from None
        if report is None:
            raise WrongInput(f"{wrong}\n--report FILE.html draws the last thousand steps before it") from None
        from hdsl.cli.report import failure_text

        write_file(report, failure_text(wrong, plan, command_text()))
        raise WrongInput(f"{wrong}\n{report} draws the last {len(wrong.lead_up.ticks)} steps before it") from None


def write_report(path: Path, session: Session, runs: list[Session]) -> None:
    """The page of a run, as one file."""
    from hdsl.cli.report import report_text

    write_file(path, report_text(session, runs, command_text()))
