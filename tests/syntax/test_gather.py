from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.diagnostics.render import render_all, to_json
from hdsl.syntax.gather import MOST_FILES, gather, gathered
from hdsl.syntax.parse import parse
from hdsl.syntax.read import LARGEST_FILE
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Component, ModelName


def written(folder: Path, **texts: str) -> Source:
    """The source of ``main``, with the files beside it."""
    for name, text in texts.items():
        (folder / f"{name}.ham").write_text(text, encoding="utf-8")
    return gather(Source(texts["main"], "main.ham"), folder)


def test_components_of_another_file_and_of_those_that_it_uses(tmp_path: Path) -> None:
    deeper = 'use "main.ham"\nuse "one.ham"\ndef g(x) = x\n'
    one = 'model other\nuse "two.ham"\ninput u\ncomponent c(x) { return x }\n'
    source = written(tmp_path, main='use "one.ham"\nuse "one.ham"\nlet a = c(1)\n', one=one, two=deeper)
    text, found = parse(source)
    assert found == ()
    assert [s.name for s in text.statements if isinstance(s, Component)] == ["c", "g"]
    assert not any(isinstance(s, ModelName) for s in text.statements)
    assert [name for _, _, name in source.regions] == ["main.ham", "one.ham", "two.ham", "main.ham"]


def test_places_are_those_of_each_file(tmp_path: Path) -> None:
    source = written(tmp_path, main='use "one.ham"\nlet a = (\n', one="# é\ncomponent c(x) {\n    return )x\n}\n")
    _, found = parse(source)
    shown = render_all(source, found)
    assert "--> main.ham:2:9" in shown and "--> one.ham:3:12" in shown and "\n 3 |       return )x" in shown
    assert [(one["file"], one["line"]) for one in to_json(source, found)] == [("main.ham", 2), ("one.ham", 3)]
    source = written(tmp_path, main='use "b.ham"\n', b="\n\ndef f(x) = x\n")
    (component,) = (s for s in parse(source)[0].statements if isinstance(s, Component))
    assert source.position(component.span.start) == (3, 1) and source.lines_of((component.span,)) == ()


def test_folders_below(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.ham").write_text('use "b.ham"\ndef f(x) = g(x)\n')
    (tmp_path / "parts" / "b.ham").write_text("def g(x) = x\n")
    source = written(tmp_path, main='use "parts/a.ham"\n')
    assert [s.name for s in parse(source)[0].statements if isinstance(s, Component)] == ["f", "g"]


@pytest.mark.parametrize("path", ["none.ham", "/etc/one.ham", "../one.ham", "a/../../one.ham", "one.txt", "", "..\\\\one.ham"])
def test_what_is_not_found_is_said_at_its_place(tmp_path: Path, path: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "one.ham").write_text("def f(x) = x\n")
    text, found = parse(written(inside, main=f'use "{path}"\nlet a = f(1)\n'))
    assert [one.code for one in found] == ["use"]
    assert "f" in text.unread


def test_a_text_that_is_no_file_has_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.ham").write_text("def f(x) = x\n")
    assert [one.code for one in parse(gather(Source('use "one.ham"\n'), None))[1]] == ["use"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin.ham").write_bytes("# é\n".encode("latin-1"))
    (tmp_path / "large.ham").write_text("#" * (LARGEST_FILE - 10))
    source = written(tmp_path, main='use "latin.ham"\nuse "large.ham"\n')
    assert {path for path, _ in source.missing} == {"latin.ham", "large.ham"}


def test_a_name_that_the_file_system_refuses_is_said() -> None:
    source = gather(Source(f'use "{"x" * 300}.ham"\n'), None)
    assert [why for _, why in source.missing] == ["file name too long"]


def test_there_is_a_bound_on_files(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 2):
        (tmp_path / f"f{number}.ham").write_text(f'use "f{number + 1}.ham"\ndef f{number}(x) = x\n')
    source = written(tmp_path, main='use "f0.ham"\n')
    assert len(source.used) == MOST_FILES and [path for path, _ in source.missing] == [f"f{MOST_FILES}.ham"]


def test_a_file_that_uses_none_is_left_as_it_is() -> None:
    source = Source("let a = 1\n# use\n")
    assert gather(source, None) is source


def test_texts_that_are_open_go_before_files(tmp_path: Path) -> None:
    one, two = (tmp_path / f"{name}.ham" for name in ("one", "two"))
    one.write_text("def f(x) = x\n", encoding="utf-8")
    two.write_text("def g(x) = x\n", encoding="utf-8")
    source = Source('use "one.ham"\nuse "two.ham"\n', "main.ham")
    opened = {one.resolve(): "def f(x) = 2*x\n", tmp_path / "other.ham": "nothing"}
    whole = gathered(source, tmp_path, opened)
    assert whole.places == (one.resolve(), two.resolve())
    assert [text for _, text in whole.source.texts[1:]] == ["def f(x) = 2*x\n\n", "def g(x) = x\n"]
