"""The content hash of a model: what it says, not how it is laid out."""

from __future__ import annotations

import hashlib

from hdsl.model.model import Model


def content_hash(model: Model) -> str:
    """Twelve hexadecimal digits that change when, and only when, the checked model does (comments and layout do not count)."""
    told: list[str] = [model.name]
    told += [f"dim {name} {default}" for name, default in model.dims.items()]
    for q in model.quantities.values():
        initial = (q.initial.kind, q.initial.arguments, q.initial.values) if q.initial else None
        told.append(f"{q.role} {q.name} {q.sizes} {q.below} {initial}")
    told += [f"{d.name} {d.sizes} {d.body} {d.shared}" for d in model.definitions]
    told += [f"{d.kind} {d.state} {d.definition}" for d in model.dynamics.values()]
    told.append(f"{model.outputs} {model.costs} {dict(model.resets)}")
    told += [f"project {p.param} {p.every} {p.definition}" for p in model.projections]
    told += [f"{d.name} {d.sizes} {d.body}" for d in model.projected]
    learning = model.learning
    told.append(f"{learning.step} {learning.order} {learning.how_often} {learning.first} {learning.phi}")
    told += [f"dissipation {learning.dissipation}"] * (learning.dissipation != "euler")
    told += [f"states {learning.states} {learning.stored_every}"] * (learning.states != "stored")
    told += [f"{path} {value}" for path, value in learning.values.items()]
    told.append(f"{dict(learning.eta)} {dict(learning.beta)}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]
