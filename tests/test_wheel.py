"""The wheel works alone: built as users get it, by way of the source archive, and used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

FIND = """
import pathlib, hdsl
from hdsl import resources
package = pathlib.Path(hdsl.__file__).resolve().parent
for name in ("grammars", "models"):
    print(name, resources.folder(name).relative_to(package.parent).as_posix())
print("model", hdsl.load(resources.folder("models") / "sunspots.ham").name)
print("package", package)
"""


@dataclass(frozen=True)
class Built:
    """What one build gave: the names in the source archive and in the wheel, and the folder it is installed to."""

    in_archive: set[str]
    in_wheel: set[str]
    installed: Path


def run(*arguments: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Runs this Python and returns what it printed; ``path`` is put before all that is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation nothing is fetched; the wheel is built from the archive, so the archive must hold all it needs.
    run("-m", "build", "--no-isolation", "--outdir", folder, checkout, cwd=folder)
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    installed = folder / "installed"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel, cwd=folder)
    with tarfile.open(archive) as tar, zipfile.ZipFile(wheel) as zipped:
        in_archive = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
        yield Built(in_archive, set(zipped.namelist()), installed)


def shipped(checkout: Path) -> set[str]:
    """The files that must reach users: the package, all grammars, all models and their data."""
    kinds = {"hdsl": "**/*", "grammars": "*.lark", "models": "*.ham", "models/parts": "*.ham", "models/data": "*.csv"}
    paths = [path for folder, pattern in kinds.items() for path in (checkout / folder).glob(pattern)]
    return {path.relative_to(checkout).as_posix() for path in paths if path.is_file() and path.suffix != ".pyc"}


def test_the_wheel_holds_what_ships_inside_the_package(built: Built, checkout: Path) -> None:
    wanted = shipped(checkout)
    some = {"grammars/hdsl.lark", "models/sunspots.ham", "models/parts/layers.ham", "models/data/sunspots.csv"}
    assert some <= wanted
    assert {name if name.startswith("hdsl/") else f"hdsl/{name}" for name in wanted} <= built.in_wheel


def test_the_wheel_holds_nothing_else_of_ours(built: Built) -> None:
    tops = {name.split("/")[0] for name in built.in_wheel if ".dist-info/" not in name}
    assert tops == {"hdsl"}
    assert "hdsl/models/data/make.py" not in built.in_wheel


def test_the_archive_holds_the_project(built: Built, checkout: Path) -> None:
    files = {"README.md", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml", "models/data/make.py"}
    assert shipped(checkout) | files | {"tests/test_wheel.py"} <= built.in_archive


def test_the_installed_wheel_finds_its_files_inside_itself(built: Built, tmp_path: Path) -> None:
    lines = run("-c", FIND, cwd=tmp_path, path=built.installed).splitlines()
    package = built.installed / "hdsl"
    assert lines == ["grammars hdsl/grammars", "models hdsl/models", "model sunspots", f"package {package.resolve()}"]


def test_the_installed_wheel_checks_a_model_by_its_name(built: Built, tmp_path: Path) -> None:
    command = "import sys; from hdsl.cli.main import main; sys.argv[0] = 'hdsl'; main()"
    run("-c", command, "check", "sunspots", cwd=tmp_path, path=built.installed)


def test_the_checkout_finds_its_files_beside_the_package(checkout: Path, tmp_path: Path) -> None:
    lines = run("-c", FIND, cwd=tmp_path).splitlines()
    assert lines == ["grammars grammars", "models models", "model sunspots", f"package {checkout / 'hdsl'}"]
