"""Generated text becomes a module once, and its lines are there for tracebacks."""

from __future__ import annotations

import linecache
import traceback

import pytest

from hdsl.runtime.text import load_text

TEXT = "value = 7\n\n\ndef fail():\n    return value / 0  # the line of the model\n"


def test_text_is_run_as_a_module_of_its_own():
    module = load_text(TEXT, "seven")
    assert module.value == 7 and "seven" in module.__name__


def test_the_same_text_is_the_same_module_and_another_text_another():
    assert load_text(TEXT, "seven") is load_text(TEXT, "seven")
    assert load_text(TEXT.replace("7", "8"), "seven").value == 8 and load_text(TEXT, "seven").value == 7


def test_a_traceback_shows_the_generated_line():
    module = load_text(TEXT, "seven")
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as caught:
        module.fail()
    assert "# the line of the model" in "".join(traceback.format_exception(caught.value))
