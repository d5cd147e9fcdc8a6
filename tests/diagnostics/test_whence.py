from __future__ import annotations

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.whence import of_instances, of_unused
from hdsl.syntax.source import Span

FOUND = Diagnostic("shape", "error", "message", Span(0, 1), notes=("first",))


def test_instances_are_told_by_name_and_functions_by_their_call() -> None:
    told = of_instances(FOUND, [("a", "dense(u, 30)", 7), ("", "f(u)", 8)])
    assert told.notes == ("first", "in `a` = dense(u, 30), line 7 or `f(u)`, line 8")


def test_the_instance_of_a_trial_is_not_told() -> None:
    told = of_unused(of_instances(of_instances(FOUND, [("c.q", "d(x)", 3)]), [("c", "c", 2)]), "c")
    assert told.notes == ("first", "in `c.q` = d(x), line 3", "nothing uses `c`: each of its sizes is free here")
