"""What is kept of a model is what would be made anew, and anything that it is made from makes it another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hdsl
from hdsl import kept
from hdsl.cache import fetch, keep
from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label
from hdsl.kept import Kept, fetch_kept, keep_made, key_of, made_with
from hdsl.syntax.source import Source, Span


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HDSL_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


SPAN = Span(3, 5)
FIX = Fix("mend it", (Edit(SPAN, "x"), Edit(Span(0, 0), "")), True)
WARNING = Diagnostic("unused", "warning", "it is", SPAN, "here", (Label(Span(1, 2), "there"),), ("so", "and so"), FIX)
MADE = Kept("net", "import torch\n# h′ = −h\n", 7, (WARNING, replace(WARNING, others=(), notes=(), fix=None)))


def test_what_is_kept_is_found_as_it_was() -> None:
    keep_made("k", MADE)
    assert fetch_kept("k") == MADE
    assert fetch_kept("other") is None


@pytest.mark.parametrize(
    "content",
    [
        None, [], "text", {}, {"name": "net"}, {"name": 1, "text": "", "largest": 0, "diagnostics": []},
        {"name": "net", "text": None, "largest": 0, "diagnostics": []},
        {"name": "net", "text": "", "largest": 0, "diagnostics": [{}]},
        {"name": "net", "text": "", "largest": 0, "diagnostics": [3]},
        {"name": "net", "text": "", "largest": 0, "diagnostics": 3},
    ],
)  # fmt: skip
def test_what_is_not_as_it_is_written_is_not_there(content: Any) -> None:
    keep("k.json", json.dumps(content).encode())
    assert fetch("k.json") is not None and fetch_kept("k") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10**5])
def test_what_is_no_json_is_not_there(content: bytes) -> None:
    keep("k.json", content)
    assert fetch("k.json") == content and fetch_kept("k") is None


def test_off_keeps_nothing_and_reads_nothing(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_made("k", MADE)
    monkeypatch.setenv("HDSL_CACHE", "off")
    monkeypatch.setattr(kept, "fetch", lambda name: pytest.fail("it was read"))
    monkeypatch.setattr(kept, "keep", lambda name, content: pytest.fail("it was written"))
    assert fetch_kept("k") is None
    keep_made("other", MADE)


def keys() -> dict[str, str]:
    source = Source("h", "net.ham", ((1, "a.ham"),), (("b.ham", "no such file"),))
    given: dict[str, Any] = {"kind": "torch", "source": source, "dims": {"n": 3}, "settings": {"beta": 0.1}, "delay": ("a",)}
    others = {
        "kind": "pullback",
        "text": replace(source, text="g"),
        "name": replace(source, name="other.ham"),
        "used": replace(source, used=((1, "c.ham"),)),
        "missing": replace(source, missing=()),
        "dims": {"n": 4},
        "settings": {"beta": 0.2},
        "setting by text": {"beta": "0.1"},
        "delay": ("b",),
    }
    found = {"itself": key_of(**given), "again": key_of(**given)}
    for name, value in others.items():
        place = "source" if isinstance(value, Source) else name.split()[0].replace("setting", "settings").replace("ss", "s")
        found[name] = key_of(**{**given, place: value})
    return found


def test_whatever_differs_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    found = keys()
    assert found.pop("again") == found["itself"]
    assert len(set(found.values())) == len(found) == 10
    monkeypatch.setattr(kept, "made_with", lambda: ("other sources",))
    assert set(found.values()).isdisjoint(keys().values())


def test_hdsl_itself_is_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what makes text every file counts, whatever its version; of what runs it none."""
    package = tmp_path / "hdsl"
    for name in ("kept.py", "emit/lines.py", "runtime/run.py", "emit/__pycache__/lines.pyc"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("1")
    (tmp_path / "grammars").mkdir()
    (tmp_path / "grammars" / "ham.lark").write_text("1")
    monkeypatch.setattr(kept, "__file__", str(package / "kept.py"))
    monkeypatch.setattr(kept, "folder", lambda name: tmp_path / name)

    def told() -> tuple[str, ...]:
        made_with.cache_clear()
        return made_with()

    seen = [told()]
    for name, counts in {"hdsl/emit/lines.py": True, "grammars/ham.lark": True, "hdsl/runtime/run.py": False}.items():
        (tmp_path / name).write_text("2")
        seen.append(told())
        assert (seen[-1] != seen[-2]) is counts, name
    (package / "emit" / "more.py").write_text("")
    assert told() != seen[-1]
    made_with.cache_clear()


def test_rooms_that_do_not_count_are_above_the_compiler(checkout: Path) -> None:
    from tests.test_house import ROOMS

    rank = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
    assert all(rank[room] > rank["compiler"] for room in kept.LATER)


MODELS = ["sunspots", "attention", "gru", "oscillators"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["torch", "torch_with_pullback"])
def test_a_second_load_runs_no_pass(name: str, kind: str, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDSL_CACHE", "off")
    plain = hdsl.load(name).compiler
    wanted = getattr(plain, kind)
    monkeypatch.setenv("HDSL_CACHE", str(own))
    assert getattr(hdsl.load(name).compiler, kind) == wanted
    again = hdsl.load(name).compiler
    assert (getattr(again, kind), again.name, again.diagnostics) == (wanted, plain.name, plain.diagnostics)
    assert again.largest == plain.largest
    outline = again.outline
    assert [q.name for q in outline.of_role("input")] == [q.name for q in plain.model.of_role("input")]
    assert not {"_parsed", "_checked", "model", "program"} & vars(again).keys()
    assert outline.definitions == again.model.definitions
    assert again.program == plain.program  # and whatever else is asked for is made


def test_warnings_are_kept_and_mistakes_are_not() -> None:
    text = "dim n = 2\nconst k = 1\nparam w[n] = 1\noutput y = w\ncost c = squared(w)\n"
    first = hdsl.loads(text)
    assert [one.code for one in first.diagnostics] == ["unused"]
    first.compiler.torch  # noqa: B018  which keeps it
    again = hdsl.loads(text)
    assert again.diagnostics == first.diagnostics
    assert "_linted" not in vars(again.compiler)
    with pytest.raises(hdsl.ModelError):
        hdsl.loads(text + "output y = w\n")


def test_what_is_damaged_is_made_again(own: Path) -> None:
    text = hdsl.load("sunspots").compiler.torch
    (entry,) = own.iterdir()
    whole = entry.read_text()
    entry.write_text(whole.replace("torch", "touch"))
    assert hdsl.load("sunspots").compiler.torch == text
    assert entry.read_text() == whole


def test_an_outline_of_another_layout_is_not_used(own: Path) -> None:
    compiler = hdsl.load("sunspots").compiler
    compiler.torch  # noqa: B018  which keeps it
    (entry,) = own.iterdir()
    made = fetch_kept(entry.stem)
    assert made is not None and made.outline is not None
    for told in (None, {}, {**made.outline, "layout": -1}):
        keep_made(entry.stem, replace(made, outline=told))
        again = hdsl.load("sunspots").compiler
        assert again.outline is again.model


def test_a_compiler_that_is_watched_runs_its_passes(own: Path) -> None:
    seen: list[str] = []
    for _ in range(2):
        made = Compiler(Source("param w = 1\ncost c = w^2\n"), watch=lambda name, product: seen.append(name))
        made.torch  # noqa: B018
    assert seen.count("program") == 2 and not own.exists()
