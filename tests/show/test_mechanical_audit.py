"""What an audit tells of a mechanical system."""

from __future__ import annotations

import json

import hdsl
from hdsl.show.audit import audit_page, audit_text
from hdsl.show.audit_json import audit_json
from hdsl.show.mechanical_audit import kept

TEXT = "state q = 1\ncostate p of q = 0\nhamiltonian H = {}\nlearn\n step = {}\n tau = 0.1"


def told(energy: str, step: str) -> dict[str, str]:
    return dict(kept(hdsl.loads(TEXT.format(energy, step)).product("model")))


def test_a_symplectic_step_keeps_the_form_and_another_loses_it() -> None:
    assert told("p^2 + q^2", "leapfrog")["the symplectic form, and with it volume"] == "kept exactly by leapfrog"
    assert told("p^2 + q^2", "rk4")["the symplectic form, and with it volume"] == "lost by rk4"
    assert "O(τ⁴)" in told("p^2 + q^2", "yoshida4")["the energy H"]
    assert told("p^2 + q^2", "euler")["the energy H"].startswith("drifts")


def test_an_energy_that_reads_time_is_not_kept() -> None:
    assert "H is not kept: it reads t" in told("p^2 + q^2*cos(t)", "leapfrog")


def test_a_momentum_whose_state_the_energy_does_not_read_is_kept() -> None:
    assert told("p^2", "leapfrog")["p: H does not read q"] == "kept exactly"


def test_nothing_of_learning_is_told() -> None:
    audit = hdsl.loads(TEXT.format("p^2 + q^2", "rk4")).audit
    assert [table.key for table in audit_page(audit).tables] == ["kept", "updates", "departures"]
    assert "s = −1" not in audit_text(audit) and "from the exact flow" in audit_text(audit)
    record = json.loads(audit_json(audit))
    assert record["kept"][0] == {"of": "the energy H", "by": told("p^2 + q^2", "rk4")["the energy H"]}
    assert [one["key"] for one in record["departures"]] == ["order", "drift"]
    assert "kept" not in json.loads(audit_json(hdsl.load("sunspots").audit))
