"""What the text of a module needs to know of its model: identifiers, the order of cells and samples, shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cached_property

from hdsl.derive.layered import LAYER
from hdsl.derive.methods import METHODS
from hdsl.derive.provenance import marks
from hdsl.derive.replay import TOKEN
from hdsl.emit.called_lines import CalledLines
from hdsl.emit.content import content_hash
from hdsl.emit.names import MODULE_NAMES, Names, harmless
from hdsl.emit.room_lines import RoomLines
from hdsl.emit.sampling import bound_groups, sample_body, turned_at_once, turning
from hdsl.emit.scalar import ScalarPrinter
from hdsl.emit.skeleton_replay import step_fields
from hdsl.emit.telling import told_fields
from hdsl.emit.torch_lines import TorchLines
from hdsl.model.model import Quantity
from hdsl.optimise.boundary import BoundaryPrograms
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import Program
from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition, Scalar, Size, is_slot, setting_name, slot, slot_name

PHI, FIRST = setting_name("phi"), setting_name("first")
HOW = {
    "sequential": "h, then z, then ω, then θ (sequential Euler)",
    "simultaneous": "every cell from old values (simultaneous Euler)",
    "semi-implicit": "old values, but θ by the new ω (semi-implicit Euler)",
}
STAGES = {
    "midpoint": "every cell by two stages (the explicit midpoint rule)",
    "rk4": "every cell by four stages (classical Runge-Kutta)",
}

REPLAYED = "a sequence forward, then back through what was kept of it"


class Facts:
    """Computed once for a module; every part of the text reads them."""

    def __init__(self, programs: Programs | BoundaryPrograms) -> None:
        self.programs = programs
        self.model = programs.model
        self.learning = self.model.learning
        turn = "sample" if self.model.hamiltonian is None else "step"
        layers = f", one of {self.model.cycle} layers a tick" if self.model.cycle > 1 else ""
        self.at_a_time = "" if programs.replay else f", one {turn} at a time{layers}"
        self.how = REPLAYED if programs.replay else self._how()
        reads = {name for program in programs.all for name in program.reads()}
        self.replays = programs.replay is not None
        self.uses_time = "t" in reads
        self.uses_first = FIRST in reads
        self.uses_layer = LAYER in reads
        self.marks = [name for name in ("begins:stream", "begins:all", TOKEN) if name in reads]
        scalars = [q.name for q in self.model.of_role("const") if not q.sizes]
        # A setting that reads τ is not a number of the module: the lines hold it as it is written.
        values = self.learning.values
        self.settings: dict[str, Scalar] = {
            setting_name(path): v for path, v in values.items() if slot("tau") not in v.free_symbols
        }
        if PHI in reads and not self.model.along:  # a line of a boundary problem
            self.settings[PHI] = self.learning.phi
        self.numbers = {"tau", *self.settings, *scalars} | (set() if self.model.along else {PHI})
        own = [*self.model.quantities, *(d.name for d in self.model.definitions if ":" not in d.name)]
        self.names = Names([*own, *(f"size:{n}" for n in self.model.dims), *self.settings], MODULE_NAMES)
        self.file = harmless(self.model.source.name.rpartition("/")[2])
        self.states = list(self.model.dynamics)
        self.params = [p.name for p in self.model.of_role("param")]
        self.const_tensors = [q.name for q in self.model.of_role("const") if q.sizes]
        self.anew = [h for h in self.states if self.model.resets[h] == "sample" and h not in self.model.begun]
        self.matrices = frozenset(w for w in self.params if len(self.model.quantities[w].sizes) == 2)
        self.vectors = frozenset(w for w in self.params if len(self.model.quantities[w].sizes) == 1)
        self._printed: dict[str, TorchLines] = {}
        self._notations: list[tuple[tuple[Definition, ...], frozenset[str], Notation]] = []
        self.dotted = any("." in name for name in self.model.quantities)
        self.base = "_Module" if self.dotted else "nn.Module"
        self.draws = any(
            q.initial is not None and q.initial.kind in ("normal", "uniform", "orthogonal", "glorot", "he")
            for q in self.model.quantities.values()
        )

    @cached_property
    def content(self) -> str:
        return content_hash(self.model)

    def _how(self) -> str:
        """The step in a few words."""
        learning = self.learning
        if self.model.hamiltonian is not None:
            return f"{learning.step} {METHODS[learning.step].words}"
        return STAGES.get(learning.step) or HOW[learning.order]

    def lines(self, program: Program) -> TorchLines:
        """The printer of one body, the same at every call."""
        if program.name not in self._printed:
            numbers, shared = self._seen_by(program)
            given = program, self.names, numbers, shared, self.matrices
            advances = program.name == "advance"
            self._printed[program.name] = RoomLines(*given, vectors=self.vectors) if advances else self._kind(program)(*given)
        return self._printed[program.name]

    def _kind(self, program: Program) -> type[TorchLines]:
        called = program.name == "learn" and isinstance(self.programs, Programs) and self.programs.called is not None
        return CalledLines if called else TorchLines

    def _seen_by(self, program: Program) -> tuple[set[str], Callable[[str], bool]]:
        """The Python numbers of a body, and what is shared in it: of many tokens at once, τ is one a row, as all that moves."""
        replay = self.programs.replay
        if replay is not None and program is replay.undo:
            return self.numbers, lambda name: self.shared(name.removesuffix("+"))
        if replay is None or program not in (*replay.parts, replay.token):
            return self.numbers, self.shared
        numbers = self.numbers if program is replay.back else self.numbers - {"tau"}
        lasting = {*self.params, *self.const_tensors, *(f"w:{w}" for w in self.params), *numbers}
        return numbers, lasting.__contains__

    def shared_in(self, program: Program) -> Callable[[str], bool]:
        """Whether a quantity from outside a program has no batch axis there."""
        return self._seen_by(program)[1]

    def notation(self, program: Program, inline: Collection[str]) -> Notation:
        """How a body's comments are written: what a statement takes in is put into its equation."""
        given, inline = (*program.given, *program.lines), frozenset(inline)
        for lines, within, known in self._notations:  # a step, and a step of a run, are often of the same equations
            if within == inline and lines == given:
                return known
        nexts = [name for name, dynamics in self.model.dynamics.items() if dynamics.kind == "next"]
        made = Notation("text", given, inline=inline, states=self.states, nexts=nexts)
        self._notations.append((given, inline, made))
        return made

    @cached_property
    def _words(self) -> frozenset[str]:
        """The words of every body, which tell which views it wants made beforehand."""
        text = "\n".join(s.text for program in self.programs.bodies for s in self.lines(program).statements)
        return frozenset(re.findall(r"\w+", text))

    @cached_property
    def turned(self) -> list[str]:
        """The matrices whose transposes some body reads."""
        return [w for w in self.params if self.names[f"turned:{w}"] in self._words]

    @cached_property
    def columns(self) -> list[str]:
        """The targets whose marks some body reads as a column."""
        targets = [q.name for q in self.model.of_role("target")]
        return [v for v in targets if self.names[f"column:present:{v}"] in self._words]

    # --- names and layouts -----------------------------------------------------------------------

    def shared(self, name: str) -> bool:
        """True where a quantity from outside a program has no batch axis."""
        kind, _, rest = name.rpartition(":")
        if name in ("t", "T"):
            return not self.model.along
        if kind == "weight" or name in ("tau", FIRST, LAYER) or name in self.numbers:
            return True
        if kind in ("present", "begins", "token", "adj", "mu"):  # "adj" is what a stream's output is handed beside
            return rest == "all" and kind == "begins"
        return self.model.quantities[rest].shared

    def size(self, n: Size, prefix: str = "") -> str:
        """A size as text; ``prefix`` is ``self.`` outside the bodies."""
        return self.scalar(n, prefix)

    def scalar(self, expression: Scalar, prefix: str = "") -> str:
        """A scalar expression of sizes, settings and consts as plain Python."""

        def spell(s: Scalar) -> str:
            return prefix + self.names[slot_name(s) if is_slot(s) else f"size:{s.name}"]

        return ScalarPrinter(spell)(expression)

    def shape(self, quantity: Quantity, prefix: str = "") -> str:
        """The sizes of a quantity as a tuple's inside: ``n, m``; empty for a scalar."""
        return ", ".join(self.size(n, prefix) for n in quantity.sizes)

    # --- where tensors are kept ------------------------------------------------------------------

    def key(self, name: str) -> str:
        """The key of a quantity among torch's parameters or buffers: a dotted name as it is."""
        return name if "." in name else self.names[name]

    def at(self, group: str, name: str) -> str:
        """A tensor outside the bodies: ``self.state.h``. ``group``: state, costate, control, initial, or none."""
        module = f"self.{group}" if group else "self"
        if "." not in name:
            return f"{module}.{self.names[name]}"
        kind = "_parameters" if not group and name in self.params else "_buffers"
        return f'{module}.{kind}["{name}"]'

    def keeps(self, group: str, name: str, value: str, persistent: bool = True) -> str:
        """The line that registers a tensor."""
        module = f"self.{group}" if group else "self"
        further = "" if persistent else ", persistent=False"
        if group or name not in self.params:
            return f'{module}.register_buffer("{self.key(name)}", {value}{further})'
        return f'self.register_parameter("{name}", {value})' if "." in name else f"self.{self.names[name]} = {value}"

    # --- cells and samples -----------------------------------------------------------------------

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(name, where it is kept on the module) of everything that a body unpacks."""
        key = self.key
        found = [(h, f'state["{key(h)}"]') for h in self.states]
        found += [(f"z:{h}", f'costate["{key(h)}"]') for h in self.model.taught]
        found += [(a, f'control["{key(a)}"]') for a in self.model.followed]
        found += [(f"w:{w}", f'costate["{key(w)}"]') for w in self.params]
        found += [(w, f'parameters["{key(w)}"]') for w in self.params]
        found += [(c, f'own["{key(c)}"]') for c in self.const_tensors]
        found += [(f"initial:{h}", f'initial["{key(h)}"].expand_as(state["{key(h)}"])') for h in self.anew]
        found += [(f"turned:{w}", f'parameters["{key(w)}"].t()') for w in self.turned]
        return [*found, (":share", 'own["share"]')]

    def _apart(self, name: str) -> str:
        """A second handle on a scalar that a step moves: compiled by inductor of torch 2.13, what is done in place to a 0-d
        input of float64 on a CPU is lost, but not what is done to an alias of it."""
        kind, _, of = name.rpartition(":")
        quantity = self.model.quantities.get(of)
        moved = kind in ("", "z", "w") and quantity is not None and quantity.role in ("state", "param")
        return ".detach()" if moved and quantity is not None and quantity.shared and not quantity.sizes else ""

    def unpack_cells(self) -> str:
        return ", ".join("share" if name == ":share" else self.names[name] for name, _ in self.cells)

    @property
    def sample(self) -> list[str]:
        """What a sample holds, in order."""
        names = [q.name for role in ("input", "target") for q in self.model.of_role(role)]
        names += [f"present:{q.name}" for q in self.model.of_role("target")]
        names += [f"column:present:{q.name}" for q in self.model.of_role("target") if q.name in self.columns]
        return names + ["t"] * self.uses_time + [FIRST] * self.uses_first + [LAYER] * self.uses_layer + self.marks

    def unpack_sample(self) -> str:
        names = [self.names[name] for name in self.sample]
        return names[0] + "," if len(names) == 1 else ", ".join(names)

    def prologue(self, text: str, alone: bool = False) -> list[str]:
        """The lines that bind the numbers, sizes and kinds that a body's text uses."""
        words = frozenset(re.findall(r"\w+", text))
        told = (*sorted(self.numbers - (set() if alone else {"tau"})), *(f"size:{n}" for n in self.model.dims))
        lines = [f"{of} = self.{of}" for of in (self.names[name] for name in told) if of in words]
        whole = [kept for kept in ("given", "column") if kept in words]
        lines += [f'{kept} = self._buffers["{kept}"]  # the mark of targets of which none is missing' for kept in whole]
        if "mean" in words:
            lines.append("mean = 1 / self.batch  # each stream's part of a mean over the streams")
        if words & {"dtype", "device"}:
            lines.append(f"dtype, device = {'self.' * alone}share.dtype, {'self.' * alone}share.device")
        return lines

    def place(self, definitions: tuple[Definition, ...], notation: Notation) -> str:
        """Where in the .ham file, and in those it uses, a statement comes from: ``  net.ham:18, 21, layers.ham:12``.

        Of a derived equation, what each of its summands comes from: ``  net.ham:20 | 17 | learn``.
        """
        derived = [d for d in definitions if d.summands and not d.name.startswith("adj:")]
        if len(derived) == 1:
            summands = [summand for _, summand in notation.summands(derived[0])]
            told = marks(self.model, derived[0], summands, f"{self.file}:")
            if told:
                return f"   {harmless(told)}"
        source, spans = self.model.source, [span for d in definitions for span in d.spans]
        lines = source.lines_of(spans)
        places = [*([(self.file, lines)] if lines else []), *source.used_lines_of(spans)]
        named = (f"{harmless(name)}:{', '.join(map(str, numbers))}" for name, numbers in places)
        return f"   {', '.join(named)}" if places else ""

    # --- parts of the text -----------------------------------------------------------------------

    def tables(self) -> str:
        """Class attributes by which a runtime feeds the module: names as in the .ham file."""
        model = self.model
        targets = {cost: tuple(model.targets_of[cost]) for cost in model.costs}
        arguments = {q.name: self.names[q.name] for q in (*model.of_role("input"), *model.of_role("target"))}
        return (
            "\n".join(
                [
                    f'content = "{self.content}"',
                    f"inputs = {tuple(q.name for q in model.of_role('input'))!r}",
                    f"targets = {tuple(q.name for q in model.of_role('target'))!r}",
                    f"arguments = {arguments!r}",
                    f"outputs = {tuple(model.outputs)!r}",
                    f"costs = {targets!r}",
                    f"shared_costs = {self._shared_costs()!r}",
                    f"sample = {tuple(self.sample)!r}",
                    f"cells = {tuple(name for name, _ in self.cells)!r}",
                    f"numbers = {self.attributes()!r}",
                    *(self._of_replay() if self.programs.replay else []),
                    *([f"cycle = {model.cycle}"] if model.cycle > 1 else []),
                ]
            )
            + "\n"
        )

    def _of_replay(self) -> list[str]:
        assert self.programs.replay is not None
        shared = tuple(state for state in self.states if self.model.quantities[state].shared)
        return [
            f"tokens = {self.programs.replay.tokens!r}",
            f"kept_states = {tuple(self.states)!r}",
            f"shared_states = {shared!r}",
        ]

    def _shared_costs(self) -> tuple[str, ...]:
        """The costs that are one number for all streams, a weight decay for example."""
        shared = {d.name for d in self.model.definitions if d.shared}
        return tuple(cost for cost in self.model.costs if cost in shared)

    def attributes(self) -> dict[str, str]:
        """hdsl's name of every setting, scalar const and size, and the attribute that holds it."""
        names = (*sorted(self.numbers - ({PHI} - set(self.settings))), *(f"size:{n}" for n in self.model.dims))
        return {name: self.names[name] for name in names}

    def shapes(self) -> list[str]:
        """A line for each thing that a user passes or reads, with its shape."""
        told = []
        for role in ("input", "target", "state", "param", "control"):
            for q in self.model.of_role(role):
                sizes = ", ".join(str(n) for n in q.sizes)
                shape = f"({sizes})" if q.shared else f"(batch{', ' if sizes else ''}{sizes})"
                doc = f": {harmless(q.doc.splitlines()[0])}" if q.doc else ""
                told.append(f"{role:<7} {q.name} {shape}{f' below {q.below}' if q.below is not None else ''}{doc}")
        return told

    def method_fields(self) -> dict[str, str]:
        """What the fixed text of the methods leaves open."""
        model = self.model
        inputs = [self.names[q.name] for q in model.of_role("input")]
        targets = [self.names[q.name] for q in model.of_role("target")]
        passed = "".join(f"{name}, " for name in (*inputs, *targets))
        leading = list(enumerate((*self.states, *model.taught, *model.followed)))
        restarts = [k for k, name in leading if model.resets.get(name, "sequence") == "sequence"]
        shared = {k for k, name in leading if model.quantities[name].shared}
        arguments = [*inputs, *(f"{name}=None" for name in targets)]
        return {
            "arguments": "".join(f"{a}, " for a in arguments),
            "argument_docs": "\n".join(
                f"        {line}" for line in self.shapes() if line.startswith(("input", "target"))
            ),
            "returned": f"{model.outputs[0]}" if model.outputs else "None",
            "passed": passed.removesuffix(", "),
            "passed_arguments": passed,
            "predict_arguments": ", ".join(inputs),
            "predict_passed": ", ".join([*inputs, *("None" for _ in targets)]),
            **told_fields(self),
            "first": "made[0].clone()" if model.outputs else "None",
            **self._ticks(),
            **step_fields(self.programs.replay),
            "cells": "".join(f"\n        {where}{self._apart(name)}," for name, where in turned_at_once(self)) + "\n    ",
            "turning": turning(self),
            "initials": "".join(f"\n        {text}," for text in self._initials()) + "\n    "
            if self.states or self.params or model.followed
            else "",
            "groups": bound_groups([where for _, where in self.cells]),
            "restarts": repr(tuple(k for k in restarts if k not in shared)),
            "shared_restarts": repr(tuple(k for k in restarts if k in shared)),
            "sample": sample_body(self),
            "offset": (", self.offset" if self.uses_time else "") + (", self.waits, self.replays" if self.replays else ""),
            "tau_passed": ", tau" if self.uses_time else "",
            "tau_argument": ", tau=None" if self.uses_time else "",
            "move_offset": "if tau is not None:\n        self.offset.detach().add_(tau - self.tau)\n    "
            if self.uses_time
            else "",
        }

    def _ticks(self) -> dict[str, str]:
        """The number of steps as a Python number, for what is put back every so many of them: no device is asked for it."""
        told = {
            "begin_ticks": "\n    self.ticks = 0",
            "project": "\n        if self.training:\n            self._project(cells, self.ticks + 1)",
            "load_ticks": "\n    self.ticks = int(self.clock)",
            "move_ticks": "\n    self.ticks += steps",
        }
        if self.replays:
            told |= {"project": "", "load_ticks": "\n    self.ticks = int(self.replays)", "move_ticks": ""}
        return told if self.programs.projections else dict.fromkeys(told, "")

    def _initial(self, state: str) -> str:
        return f"{self.at('initial', state)}.expand_as({self.at('state', state)})"

    def _initials(self) -> list[str]:
        zeros = {x: f"torch.zeros_like({self.at('costate', x)})" for x in (*self.model.taught, *self.params)}
        controls = [self.nearest(a, f"torch.zeros_like({self.at('control', a)})") for a in self.model.followed]
        states = [self._initial(h) for h in self.states]
        return [*states, *(zeros[h] for h in self.model.taught), *controls, *(zeros[w] for w in self.params)]

    def nearest(self, control: str, text: str) -> str:
        """Where a control that follows its gradient begins: 0, or the bound nearest to it."""
        bounds = (self.model.controls[control].lower, self.model.controls[control].upper)
        told = ["None" if bound is None else self.scalar(bound, "self.") for bound in bounds]
        return text if bounds == (None, None) else f"{text}.clamp({', '.join(told)})"

    def sizes_of(self, quantity: Quantity) -> list[str]:
        return [self.size(n, "self.") for n in quantity.sizes]
