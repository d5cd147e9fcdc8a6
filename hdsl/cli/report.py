"""The report of a run: what a session has done, as the page wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hdsl.cli.mechanics import energy_headline, motion_of
from hdsl.cli.summary import last_value_part, scaling_text, tables, threads_text
from hdsl.compiler import VERSION

if TYPE_CHECKING:
    from hdsl.runtime.nonfinite import NonFinite
    from hdsl.runtime.session import Plan, Session
    from hdsl.show.report import Record, Results, Run, Series

KINDS = {
    "error/var": "mean squared error over the variance; 0 is perfect, 1 is as good as the mean",
    "accuracy": "accuracy, the share that was right",
    "log loss": "log loss, in nats; 0 is perfect",
}
MOST = 4  # numbers of one target that are drawn


def report_text(session: Session, runs: Sequence[Session], command: str) -> str:
    """The page of a run as one HTML file. ``runs`` are the same run from several seeds; ``command`` makes it again."""
    from hdsl.show.report import report_html

    compiler = session.net.origin.compiler()
    return report_html(run_record(session, runs, command), compiler.equations, compiler.step, VERSION)


def failure_text(wrong: NonFinite, plan: Plan, command: str) -> str:
    """The page of a run that a value ended by not being finite, as one HTML file."""
    from hdsl.show.failure import Failure, failure_html

    compiler, lead_up = plan.net_class.origin.compiler(), wrong.lead_up
    failure = Failure(plan.model.name, str(wrong), wrong.line, lead_up.ticks, lead_up.costs, lead_up.norms, command)
    return failure_html(failure, compiler.equations, compiler.step, VERSION)


def run_record(session: Session, runs: Sequence[Session], command: str) -> Run:
    """What the page tells of a session."""
    from hdsl.show.report import Run

    plan = session.plan
    targets = tuple(dict.fromkeys(metric.target for metric in session.metrics))
    headline = []
    for target in targets:
        part = last_value_part(target, session, runs)
        if part is not None:
            by = f", median of {len(runs)} seeds" if runs else ""
            headline.append((f"{part:.2f}", f"of the last value's error, second half{by}"))
    headline += energy_headline(session.energy) if session.energy is not None else []
    return Run(
        name=plan.model.name,
        stream=plan.stream.name,
        steps=session.steps - session.first,
        seconds=session.seconds,
        rate=session.rate,
        costs={name: _over_streams(values) for name, values in session.costs.items()},
        at=None if session.kept_every == 1 else session.at.astype(float),
        series=tuple(series for target in targets for series in _series(target, session)),
        results=tuple(table for target in targets for table in _results(target, session, runs)),
        headline=tuple(headline),
        records=tuple(_records(session)),
        motion=motion_of(session) if session.energy is not None else None,
        settings={
            **(_of_stream(plan) if session.energy is None else {}),
            "numbers": f"{plan.dtype} on {plan.device}, {threads_text(plan.threads)}",
            **_hashes(session),
        },
        command=command,
    )


def _of_stream(plan: Plan) -> dict[str, str]:
    """How the stream was read."""
    return {
        "columns": ", ".join(f"{n} = {' '.join(map(str, cs))}" for n, cs in plan.stream.columns.of.items()),
        "scaling": scaling_text(plan.stream.scale),
        "passes": str(plan.epochs),
        "samples": str(plan.hold),
        "seed": str(plan.seed),
    }


def _hashes(session: Session) -> dict[str, str]:
    """What tells this run from others: of the model's content, of the samples as they were read, of what was learned."""
    state = session.net.state_dict()
    learned = hashlib.sha256(b"".join(state[name].cpu().contiguous().numpy().tobytes() for name in sorted(state)))
    return {
        "content of the model": session.net.content,
        "samples so far": session.digest,
        "state of learning": learned.hexdigest()[:16],
        "left out": f"{len(session.skipped)} samples" if session.skipped else "no sample",
    }


def _records(session: Session) -> Iterator[Record]:
    """What was recorded; of several streams the first."""
    from hdsl.show.report import Record

    for name, values in session.recorded.items():
        if session.plan.stream.batch > 1 and values.ndim > 1:
            values = values[:, 0]
        yield Record(name, session.recorded_at.astype(float), values.reshape(len(values), -1))


def _series(target: str, session: Session) -> Iterator[Series]:
    """The numbers of a real target over the first pass, beside the baselines."""
    from hdsl.show.report import Series

    plan = session.plan
    if plan.model.quantities[target].below is not None:
        return
    first = session.at < (session.steps if session.length is None else session.length)
    truth, predicted = session.truth[target][first], session.predictions[target][first]
    if plan.stream.batch > 1:  # of the first stream
        truth, predicted = truth[:, 0], predicted[:, 0]
    columns = plan.stream.columns.of[target]
    for k in range(min(MOST, truth.shape[1])):
        yield Series(
            name=target if truth.shape[1] == 1 else f"{target}[{k}]",
            at=session.at[first].astype(float),
            target=truth[:, k],
            prediction=predicted[:, k],
            unit=columns[k].name,
            every=session.kept_every,
            others={name: _beside(values, session, k)[: len(truth)] for name, values in session.baselines[target].items()},
        )


def _over_streams(values: Any) -> Any:
    """The mean of a cost over the streams that have its target (kept,), NaN where none has."""
    if values.ndim == 1:
        return values
    there = np.isfinite(values)
    return np.where(there.any(1), np.where(there, values, 0.0).sum(1) / np.maximum(there.sum(1), 1), np.nan)


def _beside(values: Any, session: Session, number: int) -> Any:
    """One number of a baseline at the steps that are drawn."""
    one = (values[:, 0] if session.plan.stream.batch > 1 else values)[:, number]
    found = np.full(len(session.at), np.nan)
    places = np.searchsorted(session.baselines_at, session.at)
    there = places < len(session.baselines_at)
    there[there] = session.baselines_at[places[there]] == session.at[there]
    found[there] = one[places[there]]
    return found


def _results(target: str, session: Session, runs: Sequence[Session]) -> Iterator[Results]:
    from hdsl.show.report import Line, Results

    own = session.plan.model.name
    for kind, table in tables(target, session, runs).items():
        lines = tuple(Line(name.strip(), tuple(cells), name.startswith(own)) for name, cells in table.rows.items())
        note = f"Each {target} was predicted before it was learned from."
        yield Results(f"{target}: {KINDS[kind]}", table.parts, lines, note)
