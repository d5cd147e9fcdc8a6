"""The way back as definitions: which line reads what, and what counts as the same for every token."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.compiler import Compiler
from hdsl.derive.replay import EVERY, FIRST, TOKEN, Replay, weight_of
from hdsl.syntax.source import Source
from hdsl.terms.term import Definition, Elementwise, setting_name, slot

HEAD = "ham 1\ndim n = 2\ninput u[n]\ntarget v\nparam W[n, n] = 1\nparam C[n] = 1\n"
TAIL = "learn\n    schedule = replay\n    eta.param = 1/tau\n"
FLOW = "state h[n] = 0\nh' = -h + tanh(W @ h + u)\noutput y = C @ h\ncost fit = (y - v)^2\n"
NEXT = FLOW.replace("h' = -h + tanh", "next h = tanh")


def compiled(text: str, learn: str = "") -> Compiler:
    return Compiler(Source(f"{HEAD}{text}{TAIL}{learn}", "net.ham"))


def replay(text: str, learn: str = "") -> Replay:
    found = compiled(text, learn).step.replay
    assert found is not None
    return found


def lines(found: Replay) -> dict[str, Definition]:
    return {line.name: line for line in found.token}


def right(line: Definition) -> Any:
    assert isinstance(line.body, Elementwise)
    return line.body.expression


def at(name: str, line: Definition) -> Any:
    return slot(name, line.indices)


def test_an_online_model_has_no_way_back() -> None:
    step = Compiler(Source(f"{HEAD}{FLOW}", "net.ham")).step
    assert step.replay is None and step.whole is step


def test_forward_only_the_states_move() -> None:
    step = compiled(FLOW).step
    assert step.cells == ("h",)
    assert not any(line.name.startswith(("z:", "w:", "adj:")) for line in step.lines)
    assert step.outputs == {"y": "y+"} and step.costs == {"fit": "fit+"}
    assert step.whole.cells == ("h", "z:h", "back:h", "w:W", "w:C", "W", "C")
    assert {f"{cell}+" for cell in step.whole.cells} <= {line.name for line in step.whole.lines}


def test_the_costate_of_a_flow_keeps_itself_and_takes_what_the_token_after_hands_back() -> None:
    line = lines(replay(FLOW))["z:h+"]
    z, tau, eta = at("z:h", line), slot("tau"), slot(setting_name("eta"))
    assert sympy.expand(right(line)).coeff(z) == sympy.expand(1 - tau * eta).coeff(z) + 1 - tau * eta
    assert sympy.expand(right(line)).coeff(at("back:h", line)) == 1


def test_the_costate_of_a_next_state_keeps_nothing_of_itself() -> None:
    line = lines(replay(NEXT))["z:h+"]
    assert sympy.expand(right(line)).coeff(at("z:h", line)) == -slot("tau") * slot(setting_name("eta"))


def test_a_state_that_each_sample_begins_anew_takes_in_its_costs_alone() -> None:
    found = replay(f"{NEXT}reset h each sample\n")
    reads = set(lines(found)["z:h+"].reads())
    assert "back:h" not in reads and "z:h" not in reads and "back:h" not in found.cells


def test_the_dynamics_are_pulled_back_once_for_h_and_theta_with_the_new_costate() -> None:
    found = lines(replay(NEXT))
    pulled = next(line for line in found.values() if line.name.startswith("adj:a"))
    assert "z:h+" in pulled.reads()
    behind = {name for line in found.values() if pulled.name in line.reads() for name in (line.name,)}
    assert len(behind) >= 2  # W and h


def test_the_parameters_move_once_with_the_settings_of_the_file() -> None:
    found = replay(FLOW, "    beta.C = 0.5\n")
    turn, move = ({line.name: line for line in group} for group in (found.turn, found.move))
    assert right(turn["w:W+"]) == 0  # 1 − τη with η = 1/τ
    assert right(move["C+"]) == at("C", move["C+"]) - slot("tau") * slot(setting_name("beta.C")) * at("w:C", move["C+"])
    half = replay(FLOW.replace("cost", "cost")).turn
    assert all(line.shared for line in half)


def test_a_momentum_stays_in_the_costate_of_a_parameter() -> None:
    text = f"{HEAD}{FLOW}learn\n    schedule = replay(7)\n    eta.param = (1 - 0.9)/tau\n"
    found = Compiler(Source(text, "net.ham")).step.replay
    assert found is not None and found.tokens == 7
    (line, _) = found.turn
    assert right(line) == sympy.Rational(9, 10) * at("w:W", line)


@pytest.mark.parametrize(("learn", "wanted"), [
    ("", slot("tau")), ("    phi = 1/tau\n", 1), ("    phi = 0.5\n", slot("tau") * slot(setting_name("phi"))),
    ("    phi = exp(-t)\n", slot("tau") * sympy.exp(-slot("t"))),
])  # fmt: skip
def test_a_cost_weighs_tau_phi_of_its_token(learn: str, wanted: Any) -> None:
    model = compiled(FLOW, learn).model
    weight = weight_of(model, "fit", False) / slot("present:v") / slot(TOKEN)
    assert sympy.simplify(str_(weight)) == sympy.simplify(str_(wanted))
    assert weight_of(model, "fit", True).has(slot(EVERY))


def str_(expression: Any) -> Any:
    """The same with plain symbols for slots, for sympy to compare."""
    swap = {s: sympy.Symbol(str(s).replace(":", "_")) for s in getattr(expression, "free_symbols", ())}
    return sympy.sympify(str(sympy.sympify(expression).xreplace(swap)))


def test_undamped_a_cost_weighs_one_in_the_first_replay() -> None:
    weight = weight_of(compiled(FLOW, "    phi = 0.5\n    first = undamped\n").model, "fit", False)
    one = weight.xreplace({slot(FIRST): sympy.Integer(1), slot("present:v"): sympy.Integer(1), slot(TOKEN): sympy.Integer(1)})
    assert one == 1


def test_what_all_streams_share_is_one_a_stream_here_but_what_is_made_of_parameters() -> None:
    text = "state k = 1\nk' = -k\nlet A = W - W.T\n" + FLOW.replace("W @ h", "A @ h * k") + "cost small = 0.1*squared(W)\n"
    found = lines(replay(text))
    assert found["A"].shared and not found["z:k+"].shared and not found["back:k+"].shared
    assert all(found[f"w:{name}+"].shared for name in ("W", "C"))
    means = [line for line in found.values() if line.name.startswith("adj:small") and line.shared]
    assert means  # a cost that is the same at every token counts once at each


def test_every_line_reads_only_what_stands_above_it() -> None:
    text = f"state b[n] = W @ u\nnext b = tanh(W @ b + h)\n{NEXT}"
    found, seen = replay(text), set[str]()
    names = {line.name for line in found.token}
    for line in found.token:
        assert names.intersection(line.reads()) <= seen
        seen.add(line.name)


def test_a_number_before_a_sum_that_differs_between_tokens_stands_apart() -> None:
    found = lines(replay(f"let A[i, k] = t*sum[j](W[i, j]*W[j, k])\n{NEXT.replace('W @ h', 'A @ h')}"))
    made = found["A"]
    assert isinstance(made.body, Elementwise) and not made.shared
