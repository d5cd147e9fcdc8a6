from __future__ import annotations

from hdsl.model.owner import Owner


def test_the_first_instance_has_the_owners_name_and_the_others_are_numbered() -> None:
    owner = Owner("a")
    assert [owner.next("dense"), owner.next("gate"), owner.next("dense")] == ["a", "a.gate_2", "a.dense_3"]
    assert Owner("a").next("dense", taken=True) == "a.dense"


def test_hidden_states_are_counted_apart() -> None:
    owner = Owner("a.b")
    owner.next("dense")
    assert [owner.hidden("delay"), owner.hidden("delay"), owner.hidden("x")] == ["a.b.delay", "a.b.delay_2", "a.b.x"]
