"""The rules of the house, read from the syntax trees of its files.

Each rule is a function from files to findings, in words. The house must give none; and each rule has small bad files
(BITES) in which it must find something, so that no rule can fall asleep.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

# Low to high. A file imports from its own room and from lower ones; rooms on one line import nothing from each other.
ROOMS: tuple[tuple[str, ...], ...] = (
    ("syntax.source", "placing", "resources", "cache"),
    ("terms",),
    ("diagnostics",),
    ("syntax", "kept"),
    ("model", "format"),
    ("stability",),
    ("derive", "highlight", "lint"),
    ("optimise", "compare", "audit"),
    ("emit",),
    ("compiler",),
    ("runtime", "show", "repair"),
    ("verify",),
    ("api",),
    ("notebook", "adapters", "lsp"),
    ("extras",),
    ("hdsl",),  # hdsl/__init__.py, what users import
    ("cli",),
    ("__main__",),
)
STRICT = (
    *("syntax", "terms", "format", "model", "derive", "lint", "compare", "audit", "optimise", "emit", "diagnostics"),
    *("stability", "cache", "kept", "compiler", "lsp", "repair"),
)

# Libraries that only some rooms may import, or none: docs/runs.md says what forks and daemon threads come to beside torch.
ONLY_IN = {
    **{"torch": {"runtime", "verify", "adapters"}, "lark": {"syntax"}, "river": {"adapters"}},
    **{"pygls": {"lsp"}, "lsprotocol": {"lsp"}, "scipy": {"runtime"}, "threading": set(), "multiprocessing": set()},
}

# Edges that may close a cycle: an error shows itself when it is raised, and showing it reads its record.
KNOWN_EDGES = {("hdsl.diagnostics.diagnostic", "hdsl.diagnostics.render")}

# Files without a test of their own, because they hold records only: whatever makes or reads them is tested.
RECORDED = (
    *("cli/options", "diagnostics/diagnostic", "model/model", "runtime/boundary/result"),
    *("syntax/expression_tree", "syntax/tree"),
)
RECORDS = {f"hdsl/{name}.py" for name in RECORDED}

# Tests of the project as a whole, which mirror no file; also those in folders of their own: tests/proofs.
WHOLE = {f"tests/test_{name}.py" for name in ("bad_models", "golden", "house", "models", "readme", "wheel")}

# (file, name) that may run or evaluate text, and why.
MAY_RUN = {
    ("hdsl/runtime/text.py", "exec"): "runs the module that hdsl itself generated, now or earlier, never a user's text",
    ("hdsl/runtime/text.py", "compile"): "the same",
    ("hdsl/runtime/device.py", "NotImplementedError"): "torch raises it for a device that it was not built for",
    ("hdsl/runtime/lock.py", "NotImplementedError"): "filelock raises it for a file system without locks",
}


@dataclass(frozen=True)
class File:
    """A Python file: its path from the top of the checkout, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The tree of the file and every node in it, which each rule looks at."""
        return list(ast.walk(ast.parse(self.text)))

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def room(self) -> str:
        return room_of(self.module)


def room_of(module: str) -> str:
    """The room of a module: ``hdsl.syntax.source`` is one by itself, the lowest."""
    parts = module.split(".")
    below = ".".join(parts[1:])
    return below if below == "syntax.source" else [*parts, "hdsl"][1]


@cache
def files_of(folder: str) -> list[File]:
    found = sorted((CHECKOUT / folder).rglob("*.py"))
    return [File(path.relative_to(CHECKOUT).as_posix(), path.read_text(encoding="utf-8")) for path in found]


def python_files(*folders: str) -> list[File]:
    return [file for folder in folders for file in files_of(folder)]


def imports(file: File, modules: set[str]) -> Iterator[str]:
    """Every module that a file imports, wherever in the file: ``from a import b`` is a.b where that is a module."""
    for node in file.nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = file.module.split(".") if file.path.endswith("__init__.py") else file.module.split(".")[:-1]
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base


def edges(files: list[File]) -> dict[str, set[str]]:
    """For each module the modules of hdsl that it imports."""
    modules = {file.module for file in files}
    return {
        file.module: {name for name in imports(file, modules) if name.split(".")[0] == "hdsl" and name != file.module}
        for file in files
    }


# The rules ------------------------------------------------------------------------------------------------------------


def direction(files: list[File]) -> list[str]:
    """Lower rooms import nothing from higher ones."""
    rank = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
    found = [f"{f.path}: the room {f.room} stands in no line of ROOMS" for f in files if f.room not in rank]
    for module, targets in edges(files).items():
        for target in sorted(targets):
            here, there = room_of(module), room_of(target)
            if here != there and rank.get(there, len(rank)) >= rank.get(here, -1):
                found.append(f"{module} imports {target}: {there} is not below {here}")
    return found


def cycles(files: list[File]) -> list[str]:
    """No module reaches itself by imports, those inside functions included."""
    graph = {m: {t for t in targets if (m, t) not in KNOWN_EDGES} for m, targets in edges(files).items()}
    found = []
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            module = todo.pop()
            if module not in seen:
                seen.add(module)
                todo.extend(graph.get(module, ()))
        if start in seen:
            found.append(f"{start} imports itself by way of others")
    return found


def libraries(files: list[File]) -> list[str]:
    """torch is imported in runtime/, verify/ and adapters/ only, lark in syntax/, river in adapters/, pygls in lsp/."""
    return [
        f"{file.path} imports {name}: only {', '.join(sorted(ONLY_IN[top]))} may"
        for file in files
        for name in imports(file, set())
        if file.room not in ONLY_IN.get(top := name.split(".")[0], {file.room})
    ]


def mirrored(files: list[File]) -> list[str]:
    """hdsl/ROOM/FILE.py has tests/ROOM/test_FILE.py, and the other way round; an __init__ holds no code."""
    paths = {file.path for file in files}
    rooms = {path.rsplit("/", 1)[0].replace("hdsl", "tests", 1) for path in paths if path.startswith("hdsl/")}
    found, wanted = [], set(WHOLE)
    for file in files:
        folder, name = file.path.rsplit("/", 1)
        if not file.path.startswith("hdsl/") or name == "__main__.py":
            continue
        if name == "__init__.py":
            allowed = ast.Expr if folder != "hdsl" else ast.Expr | ast.ImportFrom | ast.Assign
            if any(not isinstance(node, allowed) for node in file.nodes[0].body):
                found.append(f"{file.path} holds code; it is a docstring, and that of hdsl names what users import")
            continue
        test = f"{folder.replace('hdsl', 'tests', 1)}/test_{name}"
        wanted.add(test)
        if test not in paths and file.path not in RECORDS:
            found.append(f"{file.path} has no {test}")
    for path in sorted(paths):
        folder, name = path.rsplit("/", 1)
        if folder in rooms and name.startswith("test_") and path not in wanted:
            found.append(f"{path} mirrors no file of hdsl/")
    return found


def records_only(files: list[File]) -> list[str]:
    """A file excused from a test for holding records holds no function and no method that decides anything."""
    return [
        f"{file.path}:{node.lineno} branches, so it needs a test of its own"
        for file in files
        if file.path in RECORDS
        for node in file.nodes
        if isinstance(node, ast.If | ast.For | ast.While | ast.Try | ast.Match)
    ]


def sizes(files: list[File]) -> list[str]:
    """Files have at most 400 lines, functions 60; no file is named for what it is not."""
    found = []
    for file in files:
        lines = file.text.count("\n") + (not file.text.endswith("\n"))
        if lines > 400:
            found.append(f"{file.path} has {lines} lines")
        if set(Path(file.path).with_suffix("").parts) & {"utils", "helpers", "common", "core", "base", "misc"}:
            found.append(f"{file.path} is not named for what it makes")
        for node in file.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    found.append(f"{file.path}:{node.lineno} {node.name} has {length} lines")
    return found


def no_text_runs(files: list[File]) -> list[str]:
    """No text is run or evaluated as Python, and nothing is left undone. ``sympify(…, strict=True)`` refuses text."""
    builtins = {"eval", "exec", "compile", "__import__", "NotImplementedError"}
    anywhere = {"sympify", "parse_expr", "lambdify"}
    found = []
    for file in files:
        strict = {
            node.func
            for node in file.nodes
            if isinstance(node, ast.Call) and "strict=True" in [ast.unparse(k) for k in node.keywords]
        }
        for node in file.nodes:
            if node in strict:
                continue
            names = [node.id] if isinstance(node, ast.Name) and node.id in builtins | anywhere else []
            names += [node.attr] if isinstance(node, ast.Attribute) and node.attr in anywhere else []
            names += [a.name for a in node.names if a.name in anywhere] if isinstance(node, ast.ImportFrom) else []
            found += [f"{file.path}:{node.lineno} {n}" for n in names if (file.path, n) not in MAY_RUN]
        for number, line in enumerate(file.text.split("\n"), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                found.append(f"{file.path}:{number} is left undone: {line.strip()}")
    return found


def words(files: list[File]) -> list[str]:
    """What the house defines does not bear the names that its table of words says are never used."""
    never = {"vjp", "backward", "multiplier", "dual", "lambda", "lag", "lags", "ir", "hiddenstate", "hiddensize"}
    found = []
    for file in files:
        for node in file.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = node.name
            elif isinstance(node, ast.arg):
                name = node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            else:
                continue
            parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
            parts += [first + second for first, second in pairwise(parts)]
            found += [f"{file.path}:{node.lineno} {name}: never called {word}" for word in sorted(never & set(parts))]
    return found


def spelling(files: list[File]) -> list[str]:
    """Comments and docstrings are in British spelling."""
    american = re.compile(
        r"\b(\w*(?:optimiz|normaliz|initializ|generaliz|serializ|vectoriz|summariz|minimiz|maximiz|analyz|recogniz)\w*"
        r"|behaviors?|colors?|neighbors?)\b",
        re.IGNORECASE,
    )
    found = []
    for file in files:
        tokens = tokenize.generate_tokens(StringIO(file.text).readline)
        texts = [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]
        for node in file.nodes:
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                doc = ast.get_docstring(node)
                texts += [(getattr(node, "lineno", 1), doc)] if doc else []
        found += [f"{file.path}:{line} {match}" for line, text in texts for match in american.findall(text)]
    return found


def machine_paths(files: list[File]) -> list[str]:
    """No file names a machine's folders, the workplace beside the checkout, or a package registry's host."""
    folders = "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "op" + "t"])
    beside = "|".join([r"\.\./sha" + "red", r"\.lib" + r"rary\b"])
    hosts = "|".join([r"py" + r"pi\.org", "pythonho" + "sted", r"pytorch\.o" + "rg"])
    pattern = re.compile(rf"(?<![\w.)\]])/(?:{folders})/\w|{beside}|{hosts}")
    return [
        f"{file.path}:{number} {line.strip()}"
        for file in files
        for number, line in enumerate(file.text.split("\n"), 1)
        if pattern.search(line)
    ]


# The house ------------------------------------------------------------------------------------------------------------

Rule = Callable[[list[File]], list[str]]
OF_HDSL: tuple[Rule, ...] = (direction, cycles, libraries, no_text_runs, words, spelling, records_only)

BITES: dict[Rule, list[File]] = {
    direction: [File("hdsl/model/a.py", "def f():\n    from hdsl.derive import seeds\n")],
    cycles: [File("hdsl/emit/a.py", "from hdsl.emit import b"), File("hdsl/emit/b.py", "import hdsl.emit.a")],
    libraries: [File("hdsl/show/a.py", "if TYPE_CHECKING:\n    import torch.nn\n")],
    no_text_runs: [File("hdsl/emit/a.py", "import sympy\nx = sympy.sympify('1')\n")],
    words: [File("hdsl/emit/a.py", "def tanh_vjp(): ...\nhiddenState = 1\n")],
    spelling: [File("hdsl/emit/a.py", "x = 1  # normalized\n")],
    records_only: [File("hdsl/model/model.py", "if True:\n    x = 1\n")],
    mirrored: [File("hdsl/emit/a.py", ""), File("tests/emit/test_b.py", "")],
    sizes: [File("hdsl/emit/utils.py", "def f():\n" + "    x = 1\n" * 60)],
    machine_paths: [File("docs/a.md", "see /ho" + "me/someone/hdsl")],
}


@pytest.mark.parametrize("rule", OF_HDSL, ids=lambda rule: rule.__name__)
def test_hdsl_keeps_the_rule(rule: Rule) -> None:
    files = python_files("hdsl")
    assert len(files) > 20 and rule(files) == []


@pytest.mark.parametrize("rule", BITES, ids=lambda rule: rule.__name__)
def test_the_rule_bites(rule: Rule) -> None:
    assert len(rule(BITES[rule])) >= len(BITES[rule])


def test_every_rule_is_shown_to_bite() -> None:
    assert set(OF_HDSL) | {mirrored, sizes, machine_paths} == set(BITES)


def test_tests_stand_beside_sources() -> None:
    assert mirrored(python_files("hdsl", "tests")) == []


def test_files_and_functions_are_short() -> None:
    assert sizes(python_files("hdsl", "tests", "benchmarks", "models")) == []


def test_nothing_names_a_machine() -> None:
    made = re.compile(
        r"(^|/)(\.git|\.venv|build|dist|__pycache__|\.\w+_cache|\.hypothesis)(/|$)|\.(png|pyc)$|^sunspots\.html$"
    )
    paths = {path.relative_to(CHECKOUT).as_posix() for path in CHECKOUT.rglob("*") if path.is_file()}
    files = [
        File(path, (CHECKOUT / path).read_text(encoding="utf-8", errors="replace"))
        for path in sorted(paths)
        if not made.search(path)
    ]
    assert len(files) > 50
    assert machine_paths(files) == []


def test_the_strict_checker_reads_the_whole_compiler() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    rooms = {f"hdsl/{room}" for room in STRICT if (CHECKOUT / "hdsl" / room).is_dir()}
    files = {f"hdsl/{room}.py" for room in STRICT if (CHECKOUT / "hdsl" / f"{room}.py").is_file()}
    assert settings["strict"] is True
    assert rooms | files <= set(settings["files"])


def test_no_excuse_outlives_its_file() -> None:
    excused = RECORDS | WHOLE | {path for path, _ in MAY_RUN}
    assert sorted(path for path in excused if not (CHECKOUT / path).is_file()) == []


def loaded(program: str) -> set[str]:
    """The libraries, and their modules, loaded after a program ran in a process of its own."""
    tail = "\nimport sys; print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program + tail], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_importing_hdsl_loads_nothing_heavy() -> None:
    assert not loaded("import hdsl, hdsl.cli.main") & {"torch", "matplotlib", "rich", "jinja2", "river", "pygls", "scipy"}


def test_check_loads_neither_torch_nor_what_draws() -> None:
    program = (
        "import sys\nsys.argv = ['hdsl', 'check', 'sunspots']\nfrom hdsl.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    names = loaded(program)
    assert "sympy" in names
    assert not names & {"torch", "matplotlib", "rich", "jinja2", "river", "pygls", "scipy", "sympy.combinatorics.polyhedron"}
