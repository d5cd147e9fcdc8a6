"""Faults that are planted in generated text, torch or numpy, one at a time: an edit of its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Alternatives: TypeAlias = Iterator[tuple[str, ast.AST]]

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.GtE: ast.Gt, ast.Gt: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
OTHER_CALLS = {"tanh": "sin", "tanh_": "sin_", "exp": "cos", "sin": "cos", "cos": "sin"}
OTHER_CALLS |= {"sum": "mean", "mean": "sum", "any": "all", "all": "any"}
IN_PLACE = re.compile(r"(add|addmm|addmv|addr|addcmul|addcdiv|sub|index_add|baddbmm|lerp)_?$")
PRODUCTS = {"mm", "mv", "addmm", "addmm_", "addmv", "addmv_", "einsum"}

# What makes no step: how values are drawn, taken and refused, how names are looked up, how a saved state is read.
NOT_JUDGED = {
    *("_draw", "__init__", "_checked", "_real", "_whole", "_beyond", "_load_from_state_dict"),
    *("register_parameter", "register_buffer", "get_parameter", "get_buffer", "__getattr__", "__getitem__"),
}


@dataclass(frozen=True)
class TextFault:
    """``kind`` is what was done, ``where`` the function and the line, ``old`` and ``new`` what stood there and what stands."""

    kind: str
    where: str
    old: str
    new: str
    line: int
    make: Callable[[], str]


def text_faults(text: str) -> list[TextFault]:
    """Every fault that can be planted in a text, in the order of its lines."""
    tree = ast.parse(text)
    found: list[TextFault] = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name not in NOT_JUDGED:
            found += _in_function(tree, function)
    return found


def _in_function(tree: ast.AST, function: ast.FunctionDef) -> Iterator[TextFault]:
    stored = [n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    bound = {n.id: n.lineno for n in reversed(stored)}
    raised = {id(n) for r in ast.walk(function) if isinstance(r, ast.Raise) for n in ast.walk(r)}
    doc = function.body[0] if ast.get_docstring(function) else None
    for parent in ast.walk(function):
        if id(parent) in raised or parent is doc:
            continue
        for field, value in ast.iter_fields(parent):
            if parent is function and field not in ("body",):
                continue
            children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for place, child in children:
                if isinstance(child, ast.AST) and child is not doc and id(child) not in raised:
                    for kind, new in (*_alternatives(child, bound), *_of_statement(child)):
                        fault = _fault(tree, function, parent, field, place, child, kind, new)
                        if fault.old != fault.new:
                            yield fault


def _fault(
    tree: ast.AST, function: ast.FunctionDef, parent: ast.AST, field: str, place: int | None, old: Any, kind: str, new: ast.AST
) -> TextFault:
    def put(node: ast.AST) -> None:
        if place is None:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[place] = node

    def make() -> str:
        put(new)
        try:
            return ast.unparse(ast.fix_missing_locations(tree))
        finally:
            put(old)

    if hasattr(old, "lineno"):
        new = ast.fix_missing_locations(ast.copy_location(new, old))
    line = getattr(old, "lineno", getattr(parent, "lineno", 0))
    return TextFault(kind, f"{function.name}:{line}", ast.unparse(old), ast.unparse(new), line, make)


def _alternatives(node: ast.AST, bound: dict[str, int]) -> Alternatives:
    """What may stand in the place of an expression."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            yield "sign", ast.BinOp(left, SWAPPED[type(op)](), right)
            yield "term dropped", left
            yield "term dropped", right if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            yield "factor dropped", left
            yield "factor dropped", right
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            yield "mean" if "batch" in ast.unparse(right) else "factor dropped", left
        case ast.UnaryOp(op=ast.USub() | ast.Invert(), operand=operand):
            yield "sign", operand
        case ast.Attribute(value=value, attr="T", ctx=ast.Load()):
            yield "transposed", value
        case ast.Attribute(value=ast.Name(id="self"), attr="beta" | "eta" as attr, ctx=ast.Load()):
            yield "setting", ast.Attribute(ast.Name("self"), {"beta": "eta", "eta": "beta"}[attr], ast.Load())
        case ast.Compare(left=left, ops=[op], comparators=others) if type(op) in SWAPPED:
            yield "condition", ast.Compare(left, [SWAPPED[type(op)]()], others)
        case ast.IfExp(body=body, orelse=orelse):
            yield "condition", body
            yield "condition", orelse
        case ast.Call():
            yield from _of_call(node)
        case ast.Constant(value=bool() | None):
            return
        case ast.Constant(value=int() | float() as number):
            yield "constant", ast.Constant(number + 1)
        case ast.Name(id=name, ctx=ast.Load()):
            yield from _of_name(node, name, bound)


def _of_call(node: ast.Call) -> Alternatives:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Attribute):
        if called in ("t", "mT"):
            yield "transposed", node.func.value
        if IN_PLACE.match(called) and not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "np")):
            yield "term dropped", node.func.value
        if called in OTHER_CALLS:
            other = ast.Attribute(node.func.value, OTHER_CALLS[called], ast.Load())
            yield "function", ast.Call(other, node.args, node.keywords)
    if len(node.args) >= 2 and called not in ("zip", "isinstance", "einsum", "where"):
        yield "arguments swapped", ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    for place, keyword in enumerate(node.keywords):
        if keyword.arg in ("alpha", "beta"):
            rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield "factor dropped", ast.Call(node.func, node.args, rest)
            minus = ast.keyword(keyword.arg, ast.UnaryOp(ast.USub(), keyword.value))
            yield "sign", ast.Call(node.func, node.args, [*rest, minus])
    if called in PRODUCTS:
        for place, argument in enumerate(node.args):
            turned = _turned(argument)
            if turned is not None:
                yield "transposed", ast.Call(node.func, [*node.args[:place], turned, *node.args[place + 1 :]], node.keywords)


def _turned(argument: ast.expr) -> ast.expr | None:
    """A factor of a product, transposed: a name that is so already as it was; of einsum the letters of the first operand."""
    match argument:
        case ast.Name(id=name) if name.endswith("_t"):
            return ast.Name(name.removesuffix("_t"), ast.Load())
        case ast.Name(id=name):
            return ast.Call(ast.Attribute(argument, "t", ast.Load()), [], [])
        case ast.Constant(value=str() as letters) if re.match(r"[a-z]{2}\b", letters):
            return ast.Constant(letters[1] + letters[0] + letters[2:])
    return None


def _of_name(node: ast.Name, name: str, bound: dict[str, int]) -> Alternatives:
    """A value at the other point, or without the mean."""
    if name.endswith("_new") and name.removesuffix("_new") in bound:
        yield "point", ast.Name(name.removesuffix("_new"), ast.Load())
    elif bound.get(f"{name}_new", node.lineno) < node.lineno:
        yield "point", ast.Name(f"{name}_new", ast.Load())
    if name == "tau_mean":
        yield "mean", ast.Name("tau", ast.Load())
    if name == "share":
        yield "mean", ast.parse("torch.ones_like(share)", mode="eval").body


def _of_statement(node: ast.AST) -> Alternatives:
    """A statement that is left out; a costate of a state that is divided by the batch."""
    match node:
        case ast.Expr(value=ast.Call() as call):
            yield "line left out", ast.Pass()
            root: ast.expr = call
            while isinstance(root, ast.Call | ast.Attribute):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id.startswith("z_"):
                divided = ast.Call(ast.Attribute(call, "div_", ast.Load()), [ast.parse("self.batch", mode="eval").body], [])
                yield "divided by the batch", ast.Expr(divided)
        case ast.Assign(targets=targets, value=value) if any(re.match(r"made\['z:.*\+'\]", ast.unparse(t)) for t in targets):
            yield "divided by the batch", ast.Assign(targets, ast.BinOp(value, ast.Div(), ast.Name("batch", ast.Load())))
        case ast.If(test=test, body=body, orelse=orelse):
            yield "condition", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
