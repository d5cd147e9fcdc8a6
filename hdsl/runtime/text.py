"""Generated text to a Python module: the one place where text is run as code, and hdsl has just printed it itself."""

from __future__ import annotations

import hashlib
import linecache
import marshal
import sys
import types

from hdsl.cache import fetch, is_off, keep


def load_text(text: str, name: str, keeps: bool = False) -> types.ModuleType:
    """Run generated text as a module of its own, once for the same text.

    It is registered under a file name made of its hash, so that a traceback or a debugger shows its lines. Where it ``keeps``,
    the bytecode is kept in the cache for the next process: to compile a long text takes several times as long as all else.
    """
    whole = hashlib.sha256(text.encode()).hexdigest()
    digest = whole[:16]
    path = f"hdsl_generated_{name}_{digest}"
    if path in sys.modules:
        return sys.modules[path]
    module = types.ModuleType(path)
    file = f"<hdsl {name} {digest}>"
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    code = _kept(text, file, whole) if keeps and not is_off() else compile(text, file, "exec")
    exec(code, module.__dict__)  # text that hdsl.emit printed; no user text reaches it as code
    sys.modules[path] = module
    return module


def _kept(text: str, file: str, digest: str) -> types.CodeType:
    """The bytecode of a text, of an earlier process of the same Python or else made now and kept."""
    told = f"{digest} {file} {sys.version} {sys.flags.optimize}"
    name = f"{hashlib.sha256(told.encode()).hexdigest()}.code"
    try:
        known = marshal.loads(fetch(name) or b"")
    except (EOFError, ValueError, TypeError):
        known = None
    if isinstance(known, types.CodeType):
        return known
    code = compile(text, file, "exec")
    keep(name, marshal.dumps(code))
    return code
