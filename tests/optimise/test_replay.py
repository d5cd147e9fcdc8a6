"""The way back in three parts: what they read of one another, and that together they are the token of the reference."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import check_program
from hdsl.optimise.replay import ReplayPrograms
from hdsl.syntax.source import Source

HEAD = "ham 1\ndim n = 2\ninput u[n]\ntarget v\nparam W[n, n] = 1\nparam C[n] = 1\n"
TAIL = "learn\n    schedule = replay\n    phi = 1/tau\n    eta.param = 1/tau\n"
RNN = "state h[n] = 0\nnext h = tanh(W @ h + u)\noutput y = C @ h\ncost fit = (y - v)^2\n"
FLOW = RNN.replace("next h = tanh", "h' = -h + tanh")
STILL = "output y = C @ (W @ u)\ncost fit = (y - v)^2\n"


def programs(text: str) -> Programs:
    return Compiler(Source(f"{HEAD}{text}{TAIL}", "net.ham")).program


def replay(text: str) -> ReplayPrograms:
    found = programs(text).replay
    assert found is not None
    return found


@pytest.mark.parametrize("text", [RNN, FLOW, STILL, RNN + "reset h each sample\n"])
def test_each_part_reads_what_those_before_it_hand_on(text: str) -> None:
    found = replay(text)
    made = {line.name for line in found.handed}
    assert set(found.before.results) == made and not found.before.cells
    assert {line.name for line in found.back.given} <= made
    told = found.back.results[: len(found.back.results) - len(found.chain)]
    assert {line.name for line in found.after.given} == made | set(told)
    assert all(name.startswith("w:") for name in found.after.cells)
    for program in (*found.once, *found.parts, found.token):
        check_program(program)


def test_the_chain_holds_what_a_costate_is_behind_and_nothing_else() -> None:
    found = replay(RNN)
    behind = {"z:h", "back:h"}
    for line in found.back.lines:
        assert behind.intersection(line.reads())
        behind.add(line.name)
    assert not behind.intersection(name for line in found.before.lines for name in line.reads())
    assert found.chain == ("z:h", "back:h") and found.back.results[-2:] == ("z:h+", "back:h+")


def test_outer_products_and_gradients_of_costs_are_not_in_the_chain() -> None:
    found = replay(RNN)
    assert not any(line.shared for line in found.back.lines)
    assert {f"{cell}+" for cell in found.after.cells} == {"w:W+", "w:C+"}


def test_where_a_next_state_moves_to_is_kept_and_not_worked_out_again() -> None:
    rnn, flow = ({line.name for line in replay(text).before.lines} for text in (RNN, FLOW))
    assert not {"a", "F:h"} & rnn and "h+" in replay(RNN).apart
    assert any(name.startswith("s") for name in flow)


def test_what_is_the_same_at_every_token_is_worked_out_though_a_state_moves_to_it() -> None:
    text = "state k[n] = 0\nnext k = tanh(C)\n" + RNN.replace("W @ h", "W @ h + k")
    assert any(line.name == "F:k" and line.shared for line in replay(text).token.lines)


def test_without_states_there_is_no_chain() -> None:
    found = replay(STILL)
    assert found.chain == () and found.back.lines == () and found.before.lines == ()


def test_a_sample_runs_no_learning() -> None:
    found = programs(RNN)
    assert found.learn is found.observe
    assert [program.name for program in found.steps] == ["observe", "predict", "costs"]
    assert [p.name for p in found.bodies] == ["observe", "predict", "costs", "turn", "move", "before", "back", "after"]
    assert [p.name for p in found.reference] == ["observe", "predict", "costs", "turn", "move", "token"]
    assert len({p.name for p in found.all}) == len(found.all) == 9


def test_the_number_of_tokens_comes_along() -> None:
    assert replay(RNN).tokens is None
    text = f"{HEAD}{RNN}{TAIL}".replace("= replay", "= replay(5)")
    found = Compiler(Source(text, "net.ham")).program.replay
    assert found is not None and found.tokens == 5
