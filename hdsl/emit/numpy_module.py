"""The numpy reference: every line of a program as one plain numpy statement, nothing in place, nothing clever.

It is the oracle of the torch text and the teller of which line first made a non-finite value, so it favours plainness.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hdsl.emit.align import Layout, slot_layout, view
from hdsl.emit.contraction import axes_of, einsum
from hdsl.emit.expression import Printer
from hdsl.emit.facts import Facts
from hdsl.emit.names import harmless
from hdsl.emit.numpy_windows import WINDOWS
from hdsl.optimise.boundary import BoundaryPrograms
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import Program
from hdsl.terms.row import Written
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    slot_indices,
    slot_name,
    slots,
)

HEADER = '''"""{name}: {what}

Made by hdsl {version} from {source} (content {content}).
Each function takes a dict of float arrays (cells, sample, settings, sizes, all by hdsl's own names), computes its lines in
order, and returns a dict of every line's value{further}.
"""

import math

import numpy as np


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def softmax(x, axis):
    weight = np.exp(x - x.max(axis, keepdims=True))
    return weight / weight.sum(axis, keepdims=True)


def logsumexp(x, axis):
    top = x.max(axis, keepdims=True)
    return np.log(np.exp(x - top).sum(axis)) + np.squeeze(top, axis)


def power_slope(x, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y == 0, 0.0, y * np.power(x, y - 1))


def power_log(x, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((x == 0) & (y >= 0), 0.0, np.power(x, y) * np.log(x))

'''


# Functions that some structured rows are spelt with: a module holds those that it uses.
FUNCTIONS = {
    "placed": '''
def placed(x, shape, where):
    made = np.zeros(shape, np.asarray(x).dtype)
    made[where] = x
    return made

''',
    "diagonal_matrix": '''
def diagonal_matrix(x):
    made = np.zeros((*x.shape, x.shape[-1]), x.dtype)
    places = np.arange(x.shape[-1])
    made[..., places, places] = x
    return made

''',
    "inverse": '''
def inverse(x):
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:  # one of them is singular: its inverse is of nans
        return np.full_like(x, np.nan) if x.ndim == 2 else np.stack([inverse(own) for own in x])

''',
    "solved": '''
def solved(a, b):
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:  # one of them is singular: what it gives is of nans
        if a.ndim == 2:
            return np.full_like(b, np.nan)
        return np.stack([solved(own, b if b.ndim == 2 else b[k % len(b)]) for k, own in enumerate(a)])


''',
    "matrix_exponential": '''
def matrix_exponential(x):
    norm = np.abs(x).sum(-1).max()
    if not np.isfinite(norm):
        return np.full_like(x, np.nan) if x.ndim == 2 else np.stack([matrix_exponential(own) for own in x])
    halvings = max(0, math.ceil(math.log2(norm + 1e-300)) + 2)
    term = made = np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
    for power in range(1, 20):
        term = term @ np.ldexp(x, -halvings) / power
        made = made + term
    for _ in range(halvings):
        made = made @ made
    return made

''',
    "matrix_phi1": '''
def matrix_phi1(x):
    size = x.shape[-1]
    block = np.zeros((*x.shape[:-2], 2 * size, 2 * size), x.dtype)
    block[..., :size, :size], block[..., :size, size:] = x, np.eye(size)
    return matrix_exponential(block)[..., :size, size:]

''',
    "phi1_slope": '''
def phi1_slope(x):
    x = np.asarray(x)
    near = np.abs(x) < 1
    powers = np.where(near, x, 0)[..., None] ** np.arange(20, dtype=x.dtype)
    series = powers @ np.array([(k + 1) / math.factorial(k + 2) for k in range(20)], x.dtype)
    far = np.where(near, 1, x)
    with np.errstate(over="ignore"):
        return np.where(near, series, (np.exp(far) * (far - 1) + 1) / far**2)

''',
    "phi1_turned": '''
def phi1_turned(a, b):
    z = np.asarray(a) + 1j * np.asarray(b)
    near = np.abs(z) < 1e-8
    far = np.where(near, 1, z)
    a, b = far.real, far.imag
    return np.where(near, 1 + z / 2, (np.expm1(a) * np.cos(b) - 2 * np.sin(b / 2) ** 2 + 1j * np.exp(a) * np.sin(b)) / far)

''',
    "phi1_re": '''
def phi1_re(a, b):
    return phi1_turned(a, b).real

''',
    "phi1_im": '''
def phi1_im(a, b):
    return phi1_turned(a, b).imag

''',
    "phi1_slope_turned": '''
def phi1_slope_turned(a, b):
    z = np.asarray(a) + 1j * np.asarray(b)
    near = np.abs(z) < 1
    powers = np.where(near, z, 0)[..., None] ** np.arange(20)
    series = powers @ np.array([(k + 1) / math.factorial(k + 2) for k in range(20)], z.dtype)
    far = np.where(near, 1, z)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(near, series, (np.exp(far) * (far - 1) + 1) / far**2)

''',
    "phi1_slope_re": '''
def phi1_slope_re(a, b):
    return phi1_slope_turned(a, b).real

''',
    "phi1_slope_im": '''
def phi1_slope_im(a, b):
    return phi1_slope_turned(a, b).imag

''',
    "scattered": '''
def scattered(x, places, rows, columns):
    made = np.zeros((len(places), rows, columns), x.dtype)
    made[np.arange(len(places)), places] = x
    return made

''',
    **WINDOWS,
}


def emit_numpy(programs: Programs | BoundaryPrograms, version: str) -> str:
    """The text of the reference module; of a boundary problem, that of its functions, for which the batch are points."""
    model = programs.model
    facts = Facts(programs)
    text = HEADER.format(
        name=harmless(model.name),
        what="the boundary problem, for many points side by side." if model.along else "numpy reference of one step.",
        further="" if model.along else '; the new value of a cell X is under "X+"',
        version=version,
        source=facts.file,
        content=facts.content,
    )
    bodies = "\n".join(_function(program, facts) for program in programs.reference)
    if programs.projections:
        named = ", ".join(f"{every}: {program.name}" for every, program in programs.projections.items())
        bodies += f"\nprojections = {{{named}}}  # what is put back, by the steps from one time to the next\n"
    return text + "".join(_used(bodies)) + bodies


def _used(bodies: str) -> list[str]:
    """The functions that the bodies call, and those that these call, which stand above them."""
    used: list[str] = []
    for name, function in reversed(FUNCTIONS.items()):
        if any(re.search(rf"\b{name}\(", text) for text in (bodies, *used)):
            used.insert(0, function)
    return used


def _function(program: Program, facts: Facts) -> str:
    notation = facts.notation(program, ())
    names, outside_shared = {line.name: line for line in (*program.given, *program.lines)}, facts.shared_in(program)

    def shared(name: str) -> bool:
        return names[name].shared if name in names else outside_shared(name)

    lines = [f"def {program.name}(given):", '    made, batch, dtype = {}, given[":batch"], given[":share"].dtype']
    outside = [*program.reads(), *(line.name for line in program.given), *(f"size:{n}" for n in facts.model.dims)]
    lines += [f'    {facts.names[name]} = given["{name}"]' for name in outside]
    for line in program.lines:
        identifier = facts.names[line.name]
        lines.append(f"    # {notation.equation(line)}{facts.place((line,), notation)}")
        lines.append(f'    {identifier} = made["{line.name}"] = {_value(line, facts, shared)}')
    told = ", ".join(facts.names[name] for name in program.results)
    lines.append(f'    made[":results"] = [{told}]')
    lines.append("    return made")
    return "\n".join(lines) + "\n\n"


def _value(line: Definition, facts: Facts, shared: Callable[[str], bool]) -> str:
    text = _bare_value(line, facts, shared)
    if not line.shared and all(shared(name) for name in line.reads()):
        sizes = "".join(f", {facts.size(n)}" for n in line.sizes)
        return f"np.broadcast_to({text}, (batch{sizes}))" if sizes else f"np.broadcast_to({text}, (batch,))"
    if isinstance(line.body, Structured) or has_axes(line):
        return text
    return f"np.broadcast_to({text}, ({''.join(f'{n}, ' for n in whole_shape(line, facts))}))"


def has_axes(line: Definition) -> bool:
    """False for a line that has the same value all along one of its axes, since nothing that it reads has that axis."""
    match line.body:
        case Contraction(factors=factors):
            read = factors
        case Elementwise(expression=expression):
            read = slots(expression)
        case _:
            return True
    return {i for s in read for i in slot_indices(s)}.issuperset(line.indices)


def whole_shape(line: Definition, facts: Facts) -> list[str]:
    """The shape of a line, the batch first where it is per stream."""
    return [*(["batch"] * (not line.shared)), *(facts.size(n) for n in line.sizes)]


def _bare_value(line: Definition, facts: Facts, shared: Callable[[str], bool]) -> str:
    def spell_for(target: Layout) -> Printer:
        def spell(s: Scalar) -> str:
            if not is_slot(s):
                return facts.names[f"size:{s.name}"]
            text = facts.names[slot_name(s)]
            layout = slot_layout(s, shared)
            return view(text, layout, target, batched_transpose=".swapaxes(-1, -2)", permute=".transpose")

        return Printer("numpy", spell)

    match line.body:
        case Elementwise(expression=expression):
            return spell_for(Layout.of(line.indices, line.shared))(expression)
        case Structured(row=name, operands=operands, attributes=attributes):
            row = STRUCTURED[name]
            texts, own = [facts.names[o] for o in operands], tuple(not shared(o) for o in operands)
            if row.together and not line.shared and not all(own):
                pairs = zip(texts, own, strict=True)
                texts = [t if mine else f"np.broadcast_to({t}, (batch, *np.shape({t})))" for t, mine in pairs]
                own = (True,) * len(own)
            return row.spell(
                "numpy", Written(tuple(texts), own, not line.shared, line.sizes, dict(attributes), facts.size)
            )
        case Contraction(factors=factors, coefficient=coefficient):
            pattern, mean, missing = einsum(line, shared)
            joined = ", ".join(facts.names[slot_name(f)] for f in factors)
            text = f'np.einsum("{pattern}", {joined})'
            target = axes_of(line, shared).value
            if missing:
                text = f"np.expand_dims({text}, {missing})"
            if coefficient != 1:
                text = f"{spell_for(target)(coefficient, 1)} * {text}"
            return f"{text} / batch" if mean else text
