"""What `hdsl run` does with a mechanical system: no stream is read, and its energy is what is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from hdsl.cli.progress import grouped, rate_text

if TYPE_CHECKING:
    from hdsl.api import Model
    from hdsl.runtime.energy import Energy
    from hdsl.runtime.session import Plan, Session
    from hdsl.show.report import Motion


def mechanical_plan(options: Any, model: Model, net_class: Any, recorded: tuple[str, ...]) -> Plan:
    """The plan of a system that reads no stream: its states are recorded, for they are what it has. Raises click.UsageError.

    Args:
        options: those of `hdsl run`.
        recorded: what `--record` names.
    """
    from hdsl.runtime.session import Plan
    from hdsl.runtime.threads import threads_for
    from hdsl.runtime.ticks import STEPS, Ticks

    given = {"--stream": options.streams, "--map": options.columns, "--scale": options.scale, "--epochs": options.epochs,
             "--hold": options.hold, "--batch": options.batch, "--seeds": options.seeds, "--follow": options.follow,
             "--load-parameters": options.load_parameters, "--save-parameters": options.save_parameters}  # fmt: skip
    asked = [name for name, value in given.items() if value]
    if asked:
        raise click.UsageError(f"{asked[0]} is for models that learn from a stream; {model.name} is a mechanical system")
    record = model.product("model")
    names = dict.fromkeys((*record.pairs, *record.pairs.values(), *recorded))
    return Plan(
        record, net_class, Ticks(record, options.steps or STEPS), seed=options.seed, dtype=options.dtype or "float64",
        device=options.device, checkpoint=options.checkpoint, every=options.every, resume=options.resume,
        predict=options.predict, threads=options.threads or threads_for(model.compiler.largest),
        record=tuple(names), record_to=options.record_to, on_nonfinite=options.on_nonfinite,
    )


def mechanical_lines(session: Session, energy: Energy) -> Iterator[str]:
    """What is told at the end of a run: how far the system was followed, and how well its energy held."""
    plan, tau = session.plan, float(session.net.tau)
    of = f" of {grouped(session.total)}" if session.interrupted and session.total is not None else ""
    learning = plan.model.learning
    yield (
        f"{plan.model.name}: {grouped(session.steps)}{of} steps of {learning.step} in {session.seconds:.2f} s "
        f"({rate_text(session.rate)} steps/s), {plan.dtype} on {plan.device}"
    )
    yield f"tau {tau:g}, to t = {session.steps * tau:g}"
    if session.first:
        yield f"went on from the checkpoint of step {grouped(session.first)}"
    if plan.record_to is not None:
        yield f"{plan.record_to} holds {', '.join(session.recorded)} of each step"
    yield ""
    yield f"energy {energy.name}    at the beginning {energy.begun:.10g}, at the end {energy.last:.10g}"
    yield f"largest |{energy.name} − {energy.name}(0)| {energy.farthest:.3g}" + (
        "" if energy.drift is None else f", relative {energy.drift:.3g}"
    )


def energy_json(energy: Energy) -> dict[str, Any]:
    """The same as plain data; ``drift`` is null where H began at 0."""
    return {
        "name": energy.name,
        "begun": energy.begun,
        "last": energy.last,
        "farthest": energy.farthest,
        "drift": energy.drift,
    }


def energy_headline(energy: Energy) -> list[tuple[str, str]]:
    """The one figure that a reader looks for."""
    if energy.drift is None:
        return [(f"{energy.farthest:.2g}", f"largest |{energy.name} − {energy.name}(0)|")]
    return [(f"{energy.drift:.2g}", f"largest |{energy.name} − {energy.name}(0)|, relative")]


def motion_of(session: Session) -> Motion:
    """What the page of a run draws of a mechanical system."""
    from hdsl.show.report import Motion

    energy, tau = session.energy, float(session.net.tau)
    assert energy is not None
    pairs = []
    for state, momentum in session.plan.model.pairs.items():
        q, p = (session.recorded[name].reshape(len(session.recorded_at), -1) for name in (state, momentum))
        alone = q.shape[1] == 1
        for k in range(q.shape[1]):
            at = "" if alone else f"[{k}]"
            pairs.append((f"{state}{at}", f"{momentum}{at}", q[:, k], p[:, k]))
    held = session.outputs[energy.name]
    return Motion(energy.name, (session.at + 1) * tau, held - energy.begun, tuple(pairs))
