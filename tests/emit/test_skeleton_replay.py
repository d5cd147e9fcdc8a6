"""The fixed text of the way back: with and without it a step is the same text but for what is left open."""

from __future__ import annotations

import re

from hdsl.emit.skeleton import METHODS
from hdsl.emit.skeleton_replay import REPLAY, step_fields


def test_the_fields_of_a_step_are_all_there_without_a_way_back() -> None:
    fields = step_fields(None)
    assert all(f"{{{name}}}" in METHODS for name in fields)
    assert "".join(fields[name] for name in ("over", "fire", "forget", "take_back", "finish_docs")) == ""
    assert "self._learn" in fields["choose"] and "ended.copy_" in fields["mark_ended"]


def test_the_text_leaves_open_what_the_emitter_fills_in() -> None:
    opened = set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", REPLAY))
    assert opened == {"states", "zeros", "block", "costates", "project", "shared", "anew", "chain", "after", "again"}
