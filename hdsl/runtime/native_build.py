"""From native text to a library that is loaded: a C compiler of the machine or of a wheel, and the user's cache.

A library is kept under a hash of its text, the flags, the compiler and the processor: another of any of these is another file.
Who builds it first does so for all; others wait at a lock, and a file is put in place whole.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from hdsl.cache import cache_folder, fetch_file, is_off, keep_file

NAMES = ("cc", "gcc", "clang")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp-simd")
"""No flag lets the compiler assume that there is no nan: a run is to say where one came from."""
ON_X86 = ("-mprefer-vector-width=512",)
NONE_FOUND = (
    "no C compiler is at hand ($CC, cc, gcc, clang, the package ziglang), so torch is used: "
    "`pip install 'hdsl[native]'` brings one"
)
PATIENCE = 600  # seconds to wait for another process that builds the same


class NoCompiler(RuntimeError):
    """There is nothing to build with; the message is the line that a user is told."""


class BuildError(RuntimeError):
    """A compiler made no library that loads of what hdsl had printed: a fault in hdsl, or a compiler that is not one."""


@dataclass(frozen=True)
class Compiler:
    """``command`` begins the command line; ``identity`` changes when the compiler does."""

    command: tuple[str, ...]
    identity: str


def find_compiler() -> Compiler | None:
    """The user's ``$CC``, or cc, gcc or clang on the path, or the one in the package ziglang."""
    asked = shlex.split(os.environ.get("CC", ""))
    for words in ([asked] if asked else []) + [[name] for name in NAMES]:
        path = shutil.which(words[0])
        if path is not None:
            told = os.stat(path)
            return Compiler((path, *words[1:]), f"{os.path.realpath(path)} {told.st_size} {told.st_mtime_ns} {words[1:]}")
    if importlib.util.find_spec("ziglang") is not None:
        from importlib.metadata import version

        return Compiler((sys.executable, "-m", "ziglang", "cc"), f"ziglang {version('ziglang')}")
    return None


def build(text: str, further: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The library of a text, from the cache or compiled now. Raises NoCompiler and BuildError."""
    compiler = find_compiler()
    if compiler is None:
        raise NoCompiler(NONE_FOUND)
    flags = (*FLAGS, *(ON_X86 if platform.machine().lower() in ("x86_64", "amd64") else ()), *further)
    told = "\n".join([text, *flags, compiler.identity, processor(), sys.platform])
    return _loaded(text, compiler, flags, hashlib.sha256(told.encode()).hexdigest())


@lru_cache(maxsize=256)
def _loaded(text: str, compiler: Compiler, flags: tuple[str, ...], key: str) -> ctypes.CDLL:
    name, folder = f"{key}.native", None if is_off() else cache_folder()
    found = None if folder is None else fetch_file(name)
    if found is None and folder is not None and _made(folder):
        with contextlib.suppress(OSError), FileLock(folder / "native.lock", timeout=PATIENCE):  # or no lock
            found = fetch_file(name) or keep_file(name, _compiled(text, compiler, flags))
    if found is not None:
        return _opened(found, compiler)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:  # nothing is to be kept, or can be
        path = Path(own) / name
        path.write_bytes(_compiled(text, compiler, flags))
        return _opened(path, compiler)


def _opened(path: Path, compiler: Compiler) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as wrong:
        raise BuildError(f"what {' '.join(compiler.command)} made cannot be loaded: {wrong}") from None


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _compiled(text: str, compiler: Compiler, flags: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:
        source, made = Path(own) / "step.c", Path(own) / "step.so"
        source.write_text(text, encoding="utf-8")
        kind = ["-shared"] if os.name == "nt" else ["-shared", "-fPIC", "-pthread"]
        command = [*compiler.command, *flags, *kind, "-o", str(made), str(source)]
        try:
            done = subprocess.run([*command, "-lm"], capture_output=True, text=True, check=False, errors="replace")
        except OSError as wrong:
            raise BuildError(f"{' '.join(compiler.command)} cannot be run: {wrong}") from None
        if done.returncode or not made.is_file():
            lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines() or ["no message"]
            raise BuildError(f"{' '.join(compiler.command)} did not compile native text: {lines[0]}")
        return made.read_bytes()


@lru_cache(maxsize=1)
def processor() -> str:
    """What `-march=native` depends on."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        lines = [line for line in told.splitlines() if line.startswith(("flags", "model", "Features", "CPU part"))]
    except OSError:
        lines = []
    return "\n".join([platform.machine(), platform.processor(), *lines])
