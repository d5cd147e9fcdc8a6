"""Files are written whole or not at all, and nothing but a file is replaced."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from hdsl.placing import is_special, naming, place


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    place(path, "first, é\n")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "replace", fail)
        place(path, "second")
    assert path.read_bytes() == "first, é\n".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    place(tmp_path / "a.bin", b"\xff\r\n\x00")
    assert (tmp_path / "a.bin").read_bytes() == b"\xff\r\n\x00"


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    for path in (tmp_path / ("a" * 300), tmp_path / "none" / "a.txt"):
        with pytest.raises(OSError) as wrong:
            place(path, "")
        assert wrong.value.filename == str(path)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far" / "a.txt")
    place(tmp_path / "link", "one")
    place(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "a.txt").read_text() == "two"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    place(pipe, "through")
    reader.join(10)
    assert read == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_what_is_special(tmp_path: Path) -> None:
    assert is_special(Path(os.devnull))
    assert not is_special(tmp_path) and not is_special(tmp_path / "none")


def test_an_error_bears_the_name_that_the_user_gave() -> None:
    with pytest.raises(OSError) as caught, naming(Path("told.csv")):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == "told.csv"
