"""The methods that replay, as text: what stands in them for which model; what they do is in tests/runtime/test_replaying.py."""

from __future__ import annotations

import ast

import pytest

from hdsl.compiler import Compiler
from hdsl.emit.facts import Facts
from hdsl.emit.replaying import replay_docs
from hdsl.syntax.source import Source

HEAD = "ham 1\ndim n = 2\ninput u[n]\ntarget v\nparam W[n, n] = 1\nparam C[n] = 1\n"
TAIL = "learn\n    schedule = replay\n    eta.param = 1/tau\n"
RNN = "state h[n] = 0\nnext h = tanh(W @ h + u)\noutput y = C @ h\ncost fit = (y - v)^2\n"
STILL = "output y = C @ (W @ u)\ncost fit = (y - v)^2\n"


def compiler(text: str, learn: str = "") -> Compiler:
    return Compiler(Source(f"{HEAD}{text}{TAIL}{learn}", "net.ham"))


def methods(text: str) -> dict[str, str]:
    tree = ast.parse(text)
    made = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in made.body if isinstance(node, ast.FunctionDef)}


def test_a_model_that_replays_has_no_learning_step_but_a_way_back() -> None:
    found = methods(compiler(RNN).torch)
    assert {"finish", "_keep", "_replay", "_part", "_turn", "_before", "_back", "_after", "_move"} <= found.keys()
    assert "_learn" not in found and "self._learn" not in found["step"]


def test_a_model_that_does_not_has_nothing_of_it() -> None:
    text = Compiler(Source(f"{HEAD}{RNN}", "net.ham")).torch
    assert not {"finish", "_keep", "_replay"} & methods(text).keys()
    assert "_kept" not in text and "replays" not in text and "waits" not in text


def test_one_token_goes_through_the_chain_and_no_loop_is_there_without_states() -> None:
    assert "for row, tau_k in" in methods(compiler(RNN).torch)["_part"]
    still = methods(compiler(STILL).torch)
    assert "tau_k" not in still["_part"] and "_back" not in still


@pytest.mark.parametrize(
    ("schedule", "wanted"), [("replay", "if self.training and (over):"), ("replay(9)", "len(self._kept) == 9")]
)
def test_a_step_goes_back_when_it_is_time(schedule: str, wanted: str) -> None:
    text = f"{HEAD}{RNN}{TAIL}".replace("= replay", f"= {schedule}")
    found = Compiler(Source(text, "net.ham"))
    assert wanted in methods(found.torch)["step"]
    told = "\n".join(replay_docs(found.program.replay, Facts(found.program)))
    assert "ω_W⁺ = 0" in told and "with z = 0" in told and ("9 tokens" in told) == (schedule == "replay(9)")


def test_a_state_that_all_streams_share_gets_a_row_for_each() -> None:
    text = "state k = 1\nk' = -k*C[0]\n" + RNN.replace("W @ h", "k * (W @ h)")
    assert "one for all streams" in methods(compiler(text).torch)["_part"]
    assert "one for all streams" not in methods(compiler(RNN).torch)["_part"]
    assert "shared_states = ('k',)" in compiler(text).torch


def test_what_is_worked_out_for_many_tokens_has_their_tau() -> None:
    found = methods(compiler(RNN.replace("next h = tanh(W @ h + u)", "h' = -h + tanh(W @ h + u)")).torch)
    assert "self.tau" not in found["_before"] + found["_after"] + found["_back"]
    assert "self.tau" in found["_replay"]
