"""Solutions in files, from which another problem of the same cells begins: .npz, of plain arrays, nothing in it is run."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path as File

import numpy as np

from hdsl.placing import place
from hdsl.runtime.boundary.functions import Functions
from hdsl.runtime.boundary.two_point import Path

FORMAT = "hdsl solution 1"


class SolutionError(ValueError):
    """A file of a solution cannot be read, or is of a problem with other cells."""


def cells_of(functions: Functions) -> dict[str, list[int]]:
    """The shape of every cell of a problem, in order, with the costates of its conditions."""
    cells = {name: list(functions.shape(name)) for name in functions.places if name != "J"}
    return {**cells, **{mu: list(functions.shapes[mu]) for mu in functions.mus}}


def save_solution(file: File, path: Path, functions: Functions) -> None:
    """Write a path, whole or not at all. Raises OSError."""
    told = json.dumps({"format": FORMAT, "model": functions.model.name, "cells": cells_of(functions)})
    made = io.BytesIO()
    nothing = np.zeros((0, 0))
    np.savez(
        made, told=np.frombuffer(told.encode(), np.uint8), s=path.s, y=path.y, p=path.p, end=np.float64(path.end),
        f=nothing if path.f is None else path.f,
    )  # fmt: skip
    place(file, made.getvalue())


def load_solution(file: File, functions: Functions) -> Path:
    """Read a path for a problem. Raises SolutionError, and OSError."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            told = json.loads(held["told"].tobytes().decode())
            s, y, p, end, f = (np.asarray(held[name], float) for name in ("s", "y", "p", "end", "f"))
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as wrong:
        raise SolutionError(f"{file} holds no solution of a boundary problem ({type(wrong).__name__})") from None
    if told.get("format") != FORMAT:
        raise SolutionError(f"{file} holds no solution of a boundary problem")
    own = cells_of(functions)
    if told["cells"] != own:
        names = [name for name in {**told["cells"], **own} if told["cells"].get(name) != own.get(name)]
        raise SolutionError(f"{file} is of a problem with other cells: `{names[0] if names else 'order'}` differs")
    return Path(s, y, p, float(end), f if f.size else None)
