"""The shipped folders are found beside the package and inside it, and their absence is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hdsl import resources


def test_a_checkout_has_them_beside_the_package(checkout: Path) -> None:
    assert resources.folder("grammars") == checkout / "grammars"
    assert (resources.folder("grammars") / "hdsl.lark").is_file()
    assert (resources.folder("models") / "sunspots.ham").is_file()


@pytest.mark.parametrize("inside", [True, False])
def test_inside_goes_before_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    package = tmp_path / "site" / "hdsl"
    (package / "grammars" if inside else package).mkdir(parents=True)
    (tmp_path / "site" / "grammars").mkdir()
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    assert resources.folder("grammars") == (package if inside else package.parent) / "grammars"


def test_neither_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "hdsl" / "resources.py"))
    with pytest.raises(FileNotFoundError, match="installation of hdsl is incomplete") as raised:
        resources.folder("models")
    assert str(tmp_path / "hdsl" / "models") in str(raised.value)
    assert str(tmp_path / "models") in str(raised.value)


def test_finding_them_loads_no_library() -> None:
    program = (
        "import sys; from hdsl.resources import folder; folder('models'); "
        "print([name for name in ('torch', 'sympy', 'numpy', 'lark') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
