"""The text of a generated module's ``__init__``: sizes, settings, parameters, states and costates."""

from __future__ import annotations

import sympy

from hdsl.emit.facts import Facts
from hdsl.emit.scalar import nested
from hdsl.emit.telling import tells_half
from hdsl.model.model import Initial, Quantity
from hdsl.terms.term import Size, Structured

DRAWN = {"normal": 2, "uniform": 2, "orthogonal": 1, "glorot": 0, "he": 0}


def constructor(facts: Facts) -> str:
    """The whole method."""
    lines = [
        f"def __init__(self, batch=1, seed=0, *{_arguments(facts)}, dtype=None, device=None):",
        *_docs(),
        "    super().__init__()",
        '    place = {"dtype": dtype or torch.get_default_dtype(), "device": device}',
        "    self.batch = batch",
        "    self.sequences = False",
        *(["    self._kept, self._path = [], []"] if facts.replays else []),
        *(["    self.ticks = 0  # the clock as a Python number"] if facts.programs.projections else []),
        *(f"    {line}" for line in (*_sizes(facts), *_ranges(facts), *_settings(facts))),
        *(f"    {line}" for line in _parameters(facts)),
        *(f"    {line}" for line in _cells(facts)),
    ]
    return "\n".join(lines) + "\n"


def _arguments(facts: Facts) -> str:
    """Sizes and settings, those that are numbers with their defaults."""
    told = []
    for name, default in facts.model.dims.items():
        if name in facts.model.fixed:
            continue
        whole = default is not None and default.is_Integer
        told.append(f"{facts.names[f'size:{name}']}={default if whole else None}")
    for name, value in facts.settings.items():
        told.append(f"{facts.names[name]}={facts.scalar(value) if value.is_Number else None}")
    for q in facts.model.of_role("const"):
        if not q.sizes and q.initial is not None:
            (value,) = q.initial.arguments
            told.append(f"{facts.names[q.name]}={facts.scalar(value) if value.is_Number else None}")
    return "".join(f", {one}" for one in told)


def _docs() -> list[str]:
    return [
        '    """',
        "    Args:",
        "        batch: number of streams learned from side by side",
        "        seed: initial values are drawn for (seed, name)",
        "        dtype, device: of every tensor; torch's defaults where not given",
        "",
        "    The other arguments are the sizes and settings of the .ham file, with its values.",
        '    """',
    ]


def _sizes(facts: Facts) -> list[str]:
    """A size without a number is worked out from the others, or asked for."""
    lines = []
    for name, given in facts.model.dims.items():
        identifier = facts.names[f"size:{name}"]
        default = None if given is None else _numbered(facts, given)
        if name in facts.model.fixed:
            lines.append(f"self.{identifier} = {default}  # the number of copies depends on it")
            continue
        if default is None:
            lines.append(f"if {identifier} is None:")
            lines.append(f'    raise TypeError("the size {name} has no default: pass {identifier}=…")')
        elif not default.is_Integer:
            numerator, denominator = default.as_numer_denom()
            lines.append(f"if {identifier} is None:")
            if denominator == 1:
                lines.append(f"    {identifier} = {facts.scalar(default)}")
            else:
                lines.append(
                    f"    {identifier}, left_over = divmod({facts.scalar(numerator)}, {facts.scalar(denominator)})"
                )
                lines.append("    if left_over:")
                lines.append(f'        raise ValueError("the size {name} = {default} is not a whole number")')
        lines.append(f"self.{identifier} = {identifier}")
    return lines


def _ranges(facts: Facts) -> list[str]:
    """Positions, ranges and windows of the formulas are held against the sizes that a module is made with."""
    part, window = "a formula takes a part of what is too small for it", "a window is larger than its image"
    orders: dict[tuple[Size, Size], str] = {}
    for definition in (*facts.model.definitions, *facts.model.projected):
        if not isinstance(definition.body, Structured):
            continue
        attributes = dict(definition.body.attributes)
        if definition.body.row == "slice":
            for place, size in zip(attributes["places"], attributes["of"], strict=True):
                start, stop = (place[0], place[0] + 1) if len(place) == 1 else place[:2]
                orders |= dict.fromkeys(((sympy.Integer(0), start), (start + 1, stop), (stop, size)), part)
        elif "stride" in attributes:
            orders |= {(sympy.Integer(1), many): window for many in definition.sizes[1:]}
    lines = []
    for (low, high), told in orders.items():
        if not _surely(sympy.expand(high - low)):
            least, most = (facts.scalar(_numbered(facts, each)) for each in (low, high))
            lines.append(f"if {least} > {most}:")
            lines.append(f'    raise ValueError("{told}: {low} > {high}")')
    return lines


def _numbered(facts: Facts, size: Size) -> Size:
    """A size with numbers in place of those that are fixed, which are no arguments."""
    fixed = {symbol: facts.model.dims[symbol.name] for symbol in size.free_symbols if symbol.name in facts.model.fixed}
    return _numbered(facts, size.xreplace(fixed)) if fixed else size


def _surely(apart: Size) -> bool:
    """Whether a polynomial is 0 or more whatever the sizes, which are 1 or more."""
    above = sympy.expand(apart.xreplace({n: n + 1 for n in apart.free_symbols}))
    return all(term.as_coeff_Mul()[0] >= 0 for term in sympy.Add.make_args(above))


def _settings(facts: Facts) -> list[str]:
    lines = []
    consts = [(q.name, q.initial.arguments[0]) for q in facts.model.of_role("const") if not q.sizes and q.initial]
    for name, value in (*consts, *facts.settings.items()):
        identifier = facts.names[name]
        if value.is_Number:
            lines.append(f"self.{identifier} = {identifier}")
        else:
            lines.append(
                f"self.{identifier} = {facts.scalar(value, 'self.')} if {identifier} is None else {identifier}"
            )
    return lines


def _parameters(facts: Facts) -> list[str]:
    return [
        facts.keeps("", q.name, f"nn.Parameter({_value(facts, q)}.to(**place))") for q in facts.model.of_role("param")
    ]


def _value(facts: Facts, quantity: Quantity) -> str:
    """The initial value as a float64 tensor on the CPU."""
    initial = quantity.initial or Initial("zeros")
    shape = facts.shape(quantity)
    shape = f"({shape},)" if len(quantity.sizes) == 1 else f"({shape})"
    arguments = [facts.scalar(a, "self.") for a in initial.arguments]
    if initial.kind in DRAWN:
        arguments = arguments or ["1.0"] * DRAWN[initial.kind]
        drawn = "".join(f", {a}" for a in arguments)
        return f'_draw(seed, "{quantity.name}", "{initial.kind}", {shape}{drawn})'
    if initial.kind == "eye":
        return f"torch.eye({facts.shape(quantity)}, dtype=torch.float64)"
    if initial.kind == "list":
        text = nested(initial.values, lambda value: facts.scalar(value, "self."))
        return f"torch.tensor({text}, dtype=torch.float64).expand({facts.shape(quantity)})"
    fill = {"zeros": "0.0", "ones": "1.0"}.get(initial.kind) or arguments[0]
    return f"torch.full({shape}, {fill}, dtype=torch.float64)"


def _cells(facts: Facts) -> list[str]:
    model = facts.model
    lines = [f"self.state, self.costate, self.initial = {facts.base}(), {facts.base}(), {facts.base}()"]
    lines += [f"self.control = {facts.base}()"] if model.followed else []
    for h in facts.states:
        q, initial = model.quantities[h], facts.at("initial", h)
        lines.append(facts.keeps("initial", h, f"{_value(facts, q)}.to(**place)", persistent=False))
        value = f"{initial}.clone()" if q.shared else f"{initial}.repeat(batch{', 1' * len(q.sizes)})"
        lines.append(facts.keeps("state", h, value))
    for x in (*model.taught, *facts.params):
        where = facts.at("state", x) if x in facts.states else f"{facts.at('', x)}.detach()"
        lines.append(facts.keeps("costate", x, f"torch.zeros_like({where})"))
    for a in model.followed:
        sizes = "".join(f", {facts.size(n)}" for n in model.quantities[a].sizes)
        lines.append(facts.keeps("control", a, facts.nearest(a, f"torch.zeros((batch{sizes or ','}), **place)")))
    for c in facts.const_tensors:
        lines.append(facts.keeps("", c, f"{_value(facts, model.quantities[c])}.to(**place)", persistent=False))
    lines.append('self.register_buffer("share", torch.full((batch,), 1 / batch, **place), persistent=False)')
    lines.append('self.register_buffer("given", torch.ones(batch, **place), persistent=False)')
    if facts.columns:
        lines.append('self.register_buffer("column", torch.ones((batch, 1), **place), persistent=False)')
    lines.append('self.register_buffer("clock", torch.zeros((), dtype=torch.int64, device=device))')
    lines.append('self.register_buffer("tick", torch.ones((), dtype=torch.int64, device=device), persistent=False)')
    if tells_half(facts):
        lines.append('self.register_buffer("halved", torch.full((), 0.5, **place), persistent=False)')
    lines.append('self.register_buffer("ended", torch.zeros(batch, dtype=torch.bool, device=device))')
    if facts.replays:
        lines.append('self.register_buffer("waits", torch.zeros(batch, dtype=torch.bool, device=device))')
        lines.append('self.register_buffer("replays", torch.zeros((), dtype=torch.int64, device=device))')
    if facts.uses_time:
        lines.append('self.register_buffer("offset", torch.zeros((), **place))')
    return lines
