"""Building: found compilers, a cache that many processes use at once, and what is said where there is nothing to build with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hdsl.runtime import native_build
from hdsl.runtime.native_build import BuildError, NoCompiler, build, find_compiler

TEXT = "__attribute__((visibility(\"default\"))) int answer(void) {{ return {0}; }}\n"
needs_one = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HDSL_CACHE", str(tmp_path / "kept"))
    yield tmp_path / "kept"
    native_build._loaded.cache_clear()


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.native"))


@needs_one
def test_a_text_is_built_once_and_found_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build(TEXT.format(41)).answer() == 41
    native_build._loaded.cache_clear()
    monkeypatch.setattr(native_build, "_compiled", None)  # it cannot be called
    assert build(TEXT.format(41)).answer() == 41
    assert len(kept(own)) == 1


@needs_one
def test_other_text_flags_or_processor_are_other_files(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(TEXT.format(1))
    build(TEXT.format(2))
    build(TEXT.format(1), ("-DX=1",))
    monkeypatch.setattr(native_build, "processor", lambda: "another")
    build(TEXT.format(1))
    assert len(kept(own)) == 4


@needs_one
def test_a_damaged_file_is_built_again(own: Path) -> None:
    build(TEXT.format(5))
    native_build._loaded.cache_clear()
    (file,) = kept(own)
    content = file.read_bytes()
    file.unlink()  # a file that is loaded is not written to
    file.write_bytes(content[: len(content) // 2])
    assert build(TEXT.format(5)).answer() == 5


@needs_one
def test_nothing_is_kept_where_nothing_is_to_be_kept(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDSL_CACHE", "off")
    assert build(TEXT.format(6)).answer() == 6
    assert not own.exists()


@needs_one
def test_many_processes_at_once_build_one_file_and_all_have_it(own: Path) -> None:
    code = f"from hdsl.runtime.native_build import build; print(build({TEXT.format(7)!r}).answer())"
    many = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in many] == ["7"] * 4
    assert len(kept(own)) == 1
    assert not list(own.glob("*.part"))


@needs_one
def test_a_text_that_does_not_compile_is_a_fault_with_the_compilers_words() -> None:
    with pytest.raises(BuildError, match="error"):
        build("int answer(void) { return }")


def test_without_a_compiler_the_line_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(native_build.importlib.util, "find_spec", lambda name: None)
    assert find_compiler() is None
    with pytest.raises(NoCompiler, match="no C compiler is at hand"):
        build(TEXT.format(1))


def test_the_package_is_taken_where_the_path_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(native_build.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2")
    found = find_compiler()
    assert found is not None and found.command[1:] == ("-m", "ziglang", "cc") and found.identity == "ziglang 1.2"


def test_the_users_own_choice_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CC", "mine -m64")
    found = find_compiler()
    assert found is not None and found.command == (str(tmp_path / "mine"), "-m64")

