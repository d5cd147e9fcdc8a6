"""Generated text to a Python module: the one place where text is run as code, and hdsl has just printed it itself."""

from __future__ import annotations

import hashlib
import linecache
import sys
import types


def load_text(text: str, name: str) -> types.ModuleType:
    """Run generated text as a module of its own, once for the same text.

    It is registered under a file name made of its hash, so that a traceback or a debugger shows its lines.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = f"hdsl_generated_{name}_{digest}"
    if path in sys.modules:
        return sys.modules[path]
    module = types.ModuleType(path)
    file = f"<hdsl {name} {digest}>"
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), module.__dict__)  # text that hdsl.emit printed; no user text reaches it as code
    sys.modules[path] = module
    return module
