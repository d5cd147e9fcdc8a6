"""The audit for programs: every record, names as the tables have them, places as lines of the .ham file."""

from __future__ import annotations

import json
from typing import Any

from hdsl.audit.audit import Audit, Locality, Update
from hdsl.audit.delays import Crossing
from hdsl.audit.memory import Memory
from hdsl.audit.reads import Read
from hdsl.audit.sgd import Equivalence
from hdsl.model.locality import told
from hdsl.show.audit import Naming
from hdsl.show.mechanical_audit import kept
from hdsl.syntax.source import Span

SCHEMA = "hdsl audit 1"


def audit_json(audit: Audit) -> str:
    """An audit as one JSON object."""
    return json.dumps(audit_record(audit), ensure_ascii=False, indent=2) + "\n"


def audit_record(audit: Audit) -> dict[str, Any]:
    """What `audit_json` writes."""
    records = _Records(audit)
    return {
        "schema": SCHEMA,
        "model": audit.model.name,
        "scheme": audit.scheme,
        "in_time": audit.in_time,
        "connections": audit.connections,
        **({"kept": [{"of": of, "by": by} for of, by in kept(audit.model)]} if audit.model.hamiltonian is not None else {}),
        "locality": [records.locality(one) for one in audit.locality],
        "updates": [records.update(one) for one in audit.updates],
        **({"memory": records.memory(audit.memory)} if audit.memory is not None else {}),
        "delays": [records.crossing(one) for one in audit.crossings],
        "departures": [
            {"key": one.key, "what": one.what, "exact": one.exact, "always": one.always, **records.lines(one.span)}
            for one in audit.departures
        ],
        "torch_optim": [records.equivalence(one) for one in audit.equivalences],
        "stability": [
            {"of": one.about, "where": one.condition, "largest": one.largest, "value": one.value, "holds": one.holds}
            | {"note": one.note, **records.lines(one.span)}
            for one in audit.limits
        ],
    }


class _Records:
    def __init__(self, audit: Audit) -> None:
        self.model, self.name = audit.model, Naming(audit).name

    def lines(self, *spans: Span | None) -> dict[str, Any]:
        source, known = self.model.source, [span for span in spans if span is not None]
        used = {name: list(numbers) for name, numbers in source.used_lines_of(known)}
        return {"lines": list(source.lines_of(known)), "used": used}

    def locality(self, one: Locality) -> dict[str, Any]:
        target = f"z.{one.target}" if one.target in self.model.dynamics else one.target
        way = told(self.model, one.way) if one.way is not None else ""
        head = {"of": target, "is": one.kind, "in_time": one.in_time, "connections": one.connections}
        return {**head, "way": way, "places": [str(size) for size in one.places]}

    def update(self, one: Update) -> dict[str, Any]:
        head = {"of": self.name(one.cell), "kind": one.kind, "reads": [self.read(read) for read in one.reads]}
        return {**head, "transposed": [self.name(name) for name in one.transposed], **self.lines(*one.spans)}

    def read(self, one: Read) -> dict[str, Any]:
        by = [self.name(name) for name in one.by]
        head = {"name": self.name(one.name), "where": one.where, "at": list(one.at), "by": by}
        return {**head, "transposed": one.transposed, "before": one.before}

    def memory(self, one: Memory) -> dict[str, Any]:
        ends = {"ends": str(one.ends), "every": one.every} if one.ends != 0 else {}
        return {"states": str(one.states), "sample": str(one.sample), "tokens": one.tokens, **ends}

    def crossing(self, one: Crossing) -> dict[str, Any]:
        sent = {dtype: {"forward": ahead, "back": back} for dtype, (ahead, back) in one.bytes.items()}
        counts = {"forward": str(one.numbers), "back": str(one.back), "shared": one.shared}
        return {"state": one.state, **counts, "bytes": sent, **self.lines(one.span)}

    def equivalence(self, one: Equivalence) -> dict[str, Any]:
        setting = one.setting
        sgd = setting and {"lr": setting.lr, "momentum": setting.momentum, "dampening": setting.dampening, "late": setting.late}
        sgd = {**sgd, "through": setting.through} if sgd and setting is not None and setting.through else sgd
        return {"of": one.param, "sgd": sgd, "why": one.why, "held": list(one.held), **self.lines(one.span)}
