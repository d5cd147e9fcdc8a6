from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.lint.allow import warning_codes
from hdsl.syntax.source import Source


def codes(text: str, used: tuple[tuple[int, str], ...] = ()) -> list[str]:
    return [one.code for one in Compiler(Source(text, used=used)).diagnostics]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("", ["unused"]),
        ("# ham: allow unused", []),
        ("#ham:allow unused", []),
        ("# kept for later  # ham: allow idle-cost, unused", []),
        ("# ham: allow idle-cost", ["unused"]),
        ("# allow unused", ["unused"]),
        ("# ham: allow", ["unused"]),
        ("# ham: allow unknown-name", ["unused", "unknown-allowed"]),
    ],
)
def test_a_comment_keeps_a_warning_about_its_line_quiet(comment: str, left: list[str]) -> None:
    assert codes(f"input u  {comment}\noutput y = 1\n") == left


def test_it_is_about_its_own_line_only() -> None:
    assert codes("input u\ninput w  # ham: allow unused\noutput y = 1\n") == ["unused"]
    assert codes("# ham: allow unused\ninput w\noutput y = 1\n") == ["unused"]


def test_no_error_can_be_allowed() -> None:
    assert "unknown-name" in codes("output y = x  # ham: allow unknown-name\n")


def test_warnings_of_both_catalogues_have_codes() -> None:
    assert {"unused", "no-cost", "idle-cost", "unstable-step"} <= set(warning_codes())
    assert "unknown-name" not in warning_codes()
