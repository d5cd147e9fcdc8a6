"""What C is handed, as ctypes lays it out."""

from __future__ import annotations

import ctypes


class Run(ctypes.Structure):
    """`struct run` of `hdsl.emit.native_functions`."""

    _fields_ = (
        ("steps", ctypes.c_int64), ("tick", ctypes.c_int64), ("projects", ctypes.c_int64),
        ("tau", ctypes.c_double), ("taus", ctypes.c_void_p),
        ("numbers", ctypes.c_void_p), ("cells", ctypes.c_void_p), ("initials", ctypes.c_void_p), ("begins", ctypes.c_void_p),
        ("sample", ctypes.c_void_p), ("results", ctypes.c_void_p), ("work", ctypes.c_void_p),
        ("threads", ctypes.c_int64),
    )  # fmt: skip


class Step(ctypes.Structure):
    """`struct step` of `hdsl.emit.native_step`."""

    _fields_ = (
        ("run", Run), ("given", ctypes.c_void_p), ("handed", ctypes.c_void_p), ("buffers", ctypes.c_void_p),
        ("tau", ctypes.c_double),
    )  # fmt: skip
