"""Generated text becomes a module once, and its lines are there for tracebacks."""

from __future__ import annotations

import linecache
import marshal
import sys
import traceback

import pytest

from hdsl.cache import keep
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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HDSL_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def again(text, **options):
    """The text as a process finds it that has not run it before."""
    for path in [path for path in sys.modules if path.startswith("hdsl_generated_seven")]:
        del sys.modules[path]
    return load_text(text, "seven", **options)


def test_bytecode_is_kept_where_it_is_asked_for_and_run_in_place_of_the_text(folder):
    assert again(TEXT).value == 7 and not folder.exists()
    assert again(TEXT, keeps=True).value == 7
    (entry,) = folder.iterdir()
    keep(entry.name, marshal.dumps(compile("value = 8", "other", "exec")))
    assert again(TEXT, keeps=True).value == 8 and again(TEXT).value == 7
    assert again(TEXT.replace("7", "9"), keeps=True).value == 9 and len([*folder.iterdir()]) == 2


@pytest.mark.parametrize("content", [b"", b"nothing", marshal.dumps(7), marshal.dumps(compile("1", "", "exec"))[:-9]])
def test_what_is_no_bytecode_is_made_again(folder, content):
    again(TEXT, keeps=True)
    (entry,) = folder.iterdir()
    keep(entry.name, content)
    assert again(TEXT, keeps=True).value == 7
    assert again(TEXT, keeps=True).fail.__code__.co_filename.startswith("<hdsl seven")


def test_nothing_is_kept_where_the_cache_is_off(folder, monkeypatch):
    monkeypatch.setenv("HDSL_CACHE", "off")
    assert again(TEXT, keeps=True).value == 7 and not folder.exists()
