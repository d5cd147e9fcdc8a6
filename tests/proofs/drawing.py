"""Random well-formed models, drawn from the tables: every elementwise row, structured row, statement, order and setting.

`draw_model(seed)` is the same text in every run. A row that is added to `hdsl.terms.elementwise` is drawn without a
change here; what the drawn models reach is counted by the test that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.proofs.formulas import Formulas, Name, Shape

# Names that a generated module could mistake for its own, Python's or torch's, between plain ones.
NAMES = (
    *("a", "b", "e", "g", "h", "k", "q", "r", "s", "u", "v", "w", "x", "y", "A", "B", "C", "D", "U", "V", "W"),
    *("α", "θ", "λ₁", "ω_2", "c2", "s2", "l", "o", "p", "p2", "h_new", "y_bar", "z_h", "w_W", "has_v", "f", "adj"),
    *("lambda", "class", "None", "forward", "buffers", "training", "share", "cells", "sample", "torch", "np"),
    *("dtype", "math", "self", "batch", "clock", "size", "seed", "first_", "initial", "parameters", "z", "made"),
)
ORDERS = ("simultaneous", "sequential", "semi-implicit")
RESETS = ("each sample", "each sequence", "never")


@dataclass(frozen=True)
class Drawn:
    """A drawn model: its text, and what a sample must hold."""

    seed: int
    text: str
    order: str


def draw_model(seed: int) -> Drawn:
    """The model of a seed."""
    return _Drawing(seed).model()


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.free = self.random.sample(NAMES, len(NAMES))
        self.order = ORDERS[seed % len(ORDERS)]
        self.lines: list[str] = []
        self.formulas = Formulas(self.random)
        self.states: list[tuple[Name, bool]] = []
        self.params: list[Name] = []
        self.lasting: set[str] = set()  # params and consts, which are there between two steps
        self.targets: list[Name] = []
        self.scalar_consts: list[str] = []
        self.values: dict[str, int] = {}
        self.table: Name | None = None
        self.exact: list[str] = []

    def model(self) -> Drawn:
        self._sizes()
        self._declarations()
        self._lets()
        self._by_index()
        self._instances()
        self._dynamics()
        self._outputs()
        self._costs()
        self._projections()
        self._exact()
        learn = self._learn()
        self._looks()
        # Order of statements is free; consts stay in order for the judge, which reads them from top to bottom.
        consts = [line for line in self.lines if line.startswith("const")]
        others = [line for line in self.lines if not line.startswith("const")]
        self.random.shuffle(others)
        others.insert(self.random.randrange(len(others) + 1), learn)
        head = self.random.choice((["ham 1", f"model drawn_{self.seed}"], ["ham 1"], [f"model drawn_{self.seed}"], []))
        return Drawn(self.seed, "\n".join((*head, *consts, *others)) + "\n", self.order)

    # Declarations --------------------------------------------------------------------------------------------------------

    def name(self) -> str:
        return self.free.pop()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def depth(self) -> int:
        return self.random.choice((2, 3))

    def _sizes(self) -> None:
        first, second = self.name(), self.name()
        self.values = {first: self.random.choice((1, 2, 3)), second: self.random.choice((2, 3)), "1": 1, "2": 2}
        if self.chance(0.5):
            self.lines.append(f"dim {first} = {self.values[first]}, {second} = {self.values[second]}")
        else:
            self.lines += [f"dim {first} = {self.values[first]}", f"dim {second} = {self.values[second]}"]
        sizes = [first, second, "2", "1"]
        if self.chance(0.3):
            third = self.name()
            self.values[third] = self.values[first] + 1
            self.lines.append(f"dim {third} = {first} + 1")
            sizes.append(third)
        if self.chance(0.2):
            self.values[f"{first} + {second}"] = self.values[first] + self.values[second]
            sizes.append(f"{first} + {second}")
        self.formulas.sizes = [first, second]
        self.formulas.values = self.values
        self.main = sizes
        self.wide = [size for size in sizes if size != "1"]

    def _shape(self, ranks: tuple[int, ...] = (0, 1, 1, 2)) -> Shape:
        return tuple(self.random.choice(self.main[:2] * 2 + self.main) for _ in range(self.random.choice(ranks)))

    def _declare(self, role: str, shape: Shape, level: int, value: str = "") -> Name:
        made = Name(self.name(), shape, level)
        if role in ("param", "const"):
            self.lasting.add(made.name)
        brackets = f"[{', '.join(shape)}]" if shape else ""
        self.lines.append(f"{role} {made.name}{brackets}{f' = {value}' if value else ''}")
        self.formulas.names.append(made)
        return made

    def _declarations(self) -> None:
        n, m = self.main[:2]
        for shape in ((n, n), (m, n), self._shape(), self._shape((1, 2)), self._shape((1, 2))):
            self.params.append(self._declare("param", shape, 0, self._initial(shape)))
        if self.chance(0.2):
            self.params.append(self._declare("param", (n, m, "2"), 0, "normal(0, 1)"))
        if self.chance(0.5):
            shape = self.random.choice(((n, "1"), ("1", m), ("1",), (m, "1")))
            self.params.append(self._declare("param", shape, 0, "zeros"))
        if self.chance(0.6):
            self.scalar_consts.append(self._declare("const", (), 0, self.random.choice(("0.5", "1/3", "2^-1"))).name)
        if self.chance(0.4):
            self._declare("const", (m,), 0, self._list((m,)))
        if self.chance(0.3):
            self._declare("const", (n, m), 0, self._list((n, m)))
        self.formulas.inputs.append(self._declare("input", (n,), 1))
        if self.chance(0.4):
            self.formulas.inputs.append(self._declare("input", self._shape(), 1))
        if self.chance(0.4):
            self._declare_index("input", 1)
            below = self.formulas.indices[-1].shape[0]
            self.table = self._declare("param", (below, n), 0, "normal(0, 1)")
            self.params.append(self.table)
        known = self.formulas
        fixed = Formulas(self.random, list(known.names), known.inputs, list(known.indices), known.sizes, known.values)
        for shape in ((n,), *(self._shape() for _ in range(self.random.choice((0, 1, 2))))):
            shared = self.chance(0.4)
            level = 0 if shared else 1
            start = self._start(shape)
            if self.chance(0.35) and shape in fixed.shapes(level):
                start = f"tanh({fixed.draw(shape, level, 2)}) + 0.1*sum({self.random.choice(self.params).name})"
            state = self._declare("state", shape, level, start)
            self.states.append((state, shared))
        for _ in range(self.random.choice((1, 1, 2))):
            self.targets.append(self._declare("target", self.random.choice(self.formulas.shapes(1)), 2))
        if self.chance(0.4):
            self._declare_index("target", 2)

    def _declare_index(self, role: str, level: int) -> None:
        shapes = [name.shape for name in self.formulas.names if len(name.shape) == 1 and name.shape != ("1",)]
        below = self.random.choice(shapes)[0]
        name = self.name()
        self.lines.append(f"{role} {name} : index({below})")
        self.formulas.indices.append(Name(name, (below,), level))

    def _list(self, shape: Shape) -> str:
        if not shape:
            return self.random.choice(("0.5", "1", "-0.25", "1/3", "pi/4"))
        return f"[{', '.join(self._list(shape[1:]) for _ in range(self.values[shape[0]]))}]"

    def _start(self, shape: Shape) -> str:
        choices = ["0", "0.5", "-1/4", "zeros", "ones", self._list(shape)]
        if len(shape) == 2 and shape[0] == shape[1]:
            choices.append("eye")
        return self.random.choice(choices)

    def _initial(self, shape: Shape) -> str:
        drawn = ["normal(0, 0.5)", "uniform(-1, 1)", "zeros", "ones", "0.5"]
        return self.random.choice([*drawn, "glorot", "he", "orthogonal(1.5)", "eye"] if len(shape) == 2 else drawn)

    # Definitions --------------------------------------------------------------------------------------------------------

    def _define(self, role: str, shape: Shape, level: int, formula: str) -> None:
        made = Name(self.name(), shape, level)
        self.lines.append(f"{role} {made.name} = {formula}")
        if role != "cost":
            self.formulas.names.append(made)

    def _lets(self) -> None:
        for level in (0, *(self.random.choice((0, 1, 1, 2)) for _ in range(self.random.choice((1, 2, 3))))):
            shape = self.random.choice(self.formulas.shapes(level))
            self._define("let", shape, level, self.formulas.draw(shape, level, self.depth()))

    def _instances(self) -> None:
        """A component and a function, instances of them, copies and delays."""
        if not self.chance(0.5):
            return
        component, function = self.name(), self.name()
        moves = self.random.choice(("s' = 0.5*e - s", "next s = tanh(e) + 0.2*s"))
        start = self.random.choice(("0.1", "0.3*(P @ P[0])"))
        reset = f"    reset s {self.random.choice(RESETS)}\n" if self.chance(0.5) else ""
        back = self.random.choice((f"{function}(s, c) + e", f"e - {function}(e, rate)", "s"))
        self.lines.append(f"def {function}(x, k = 0.5) = x * sigmoid(k*x)")
        self.lines.append(
            f"component {component}(x[k], rate = 0.5) {{\n    const c = rate/2\n    param P[k, k] = normal(0, 0.5)\n"
            f"    state s[k] = {start}\n    let e = tanh(P @ x + c)\n    {moves}\n{reset}    return {back}\n}}"
        )
        for formula in (
            "{component}({x})", "{component}({x}, rate=0.3) + 0.5*{component}({x})", "repeat(2, {component}, {x}, 0.4)",
            "delay({x})", "delay({x}, 2) - {x}", "{function}({x})", "repeat(2, {function}, {x})",
        ):  # fmt: skip
            if self.chance(0.3):
                vectors = [(k, s) for k in (0, 1) for s in self.formulas.shapes(k) if len(s) == 1]
                level, shape = self.random.choice(vectors)
                told = formula.format(component=component, function=function, x=self.formulas.draw(shape, level, 2))
                self._define("let", shape, level, told)
        if self.chance(0.4):
            arrives = self.random.choice(self.formulas.inputs)
            self._define("let", arrives.shape, 1, f"{arrives.name} - 0.5*previous({arrives.name})")
    def _by_index(self) -> None:
        """Definitions entry by entry, with names for the indices."""
        for level in (0, 1):
            known = [name for name in self.formulas.names if name.level <= level]
            matrices = [name for name in known if len(name.shape) == 2]
            vectors = [name for name in known if len(name.shape) == 1]
            if not vectors:
                continue
            w, x = self.random.choice(matrices), self.random.choice(vectors)
            choices = [(f"{w.name}[q_, p_] + 0.1*tanh({w.name}[q_, p_])", "p_, q_", w.shape[::-1])]
            choices.append((f"sum[r_]({w.name}[p_, r_]*{w.name}[q_, r_]*{x.name}[0])", "p_, q_", (w.shape[0], w.shape[0])))
            choices.append((f"{w.name}[q_, -1]*{x.name}[p_]", "p_, q_", (x.shape[0], w.shape[0])))
            choices.append((f"sum[r_](tanh({w.name}[p_, r_])^2) / 2", "p_", w.shape[:1]))
            formula, indices, shape = self.random.choice(choices)
            made = Name(self.name(), shape, level)
            self.lines.append(f"let {made.name}[{indices}] = {formula}")
            self.formulas.names.append(made)

    def _dynamics(self) -> None:
        for state, shared in self.states:
            level = 0 if shared else 1
            formula = self.formulas.draw(state.shape, level, self.depth())
            if not shared:  # whatever else it reads, it is per stream
                formula = f"({formula} + {self.formulas.of_stream()})"
            prime = f"{state.name}' ="
            self.lines.append(
                self.random.choice(
                    (
                        f"{prime} -{state.name} + tanh({formula})",
                        f"{prime} 0.3*sin({formula}) - 0.5*{state.name}",
                        f"next {state.name} = tanh({formula})",
                        f"next {state.name} = 0.5*{state.name} + 0.3*tanh({formula})",
                    )
                )
            )
            if self.chance(0.7):
                self.lines.append(f"reset {state.name} {self.random.choice(RESETS)}")

    def _outputs(self) -> None:
        for _ in range(self.random.choice((1, 1, 2))):
            shape = self.random.choice(self.formulas.shapes(1))
            self._define("output", shape, 1, self.formulas.draw(shape, 1, self.depth()))

    def _costs(self) -> None:
        costs = []
        for target in self.targets:
            guess = self.formulas.draw(target.shape, 1, self.depth())
            distance = self.random.choice(("1/2*squared", "mean", "0.3*sum"))
            inner = f"{guess} - {target.name}" if "squared" in distance else f"({guess} - {target.name})^2"
            costs.append((2, f"{distance}({inner})"))
        for index in self.formulas.indices:
            if index.level == 2:
                costs.append((2, f"cross_entropy({self.formulas.draw(index.shape, 1, 2)}, {index.name})"))
        if self.chance(0.5):
            costs.append((0, f"0.1*squared({self.random.choice(self.params).name})"))
        if self.table is not None and self.chance(0.7):
            index = self.formulas.indices[0].name
            row = self.random.choice((f"embed({self.table.name}, {index})", f"{self.table.name}[{index}]"))
            guess = self.formulas.draw(self.table.shape[1:], 1, 2)
            costs.append((1, f"0.5*squared({row} - {self.random.choice((guess, '0.3'))})"))
        for state, shared in self.states:
            if shared and self.chance(0.3):
                costs.append((1, f"0.1*sum({state.name}*{self.formulas.of_stream()})"))
        if self.chance(0.4):
            costs.append((1, self.formulas.draw((), self.random.choice((0, 1, 2)), self.depth())))
        for level, formula in costs:
            self._define("cost", (), level, formula)

    def _projections(self) -> None:
        """Params put back after a step, through `let` definitions or not. Their own draws leave those of the rest alone."""
        random = Random(f"project {self.seed}")
        if random.random() < 0.5:
            return
        lasting = [name for name in self.formulas.names if name.name in self.lasting]
        formulas = Formulas(random, lasting, sizes=self.formulas.sizes, values=self.values, times=())
        for param in random.sample(self.params, random.choice((1, 2, 2))):
            if random.random() < 0.7:
                made = Name(self.name(), random.choice((param.shape, *formulas.shapes(0))), 0)
                self.lines.append(f"let {made.name} = {formulas.draw(made.shape, 0, 2)}")
                together = "{0} + {1}" if made.shape == param.shape else "{1} / (1.5 + mean({0})^2)"
                formula = together.format(made.name, param.name)
                formulas.names.append(made)
                if random.random() < 0.3:
                    self.lines.append(f"cost {self.name()} = 0.1*squared({made.name})")
            else:
                formula = formulas.draw(param.shape, 0, 2)
            how = random.choice((f"tanh({formula})", f"0.5*tanh({formula})", f"({formula}) / (1 + norm2({formula}))"))
            often = random.choice(("", "", " every 2", " every 3", " every 1 + 1"))
            self.lines.append(f"project {param.name} = {how}{often}")

    def _exact(self) -> None:
        """States that are linear in themselves, with a step of their own. Their own draws leave those of the rest alone."""
        random = Random(f"exact {self.seed}")
        if random.random() < 0.6:
            return
        square, pushed = self.params[0].name, f"tanh({self.formulas.inputs[0].name})"
        n = self.main[0]
        kinds = {
            "matrix": {"s_m": f"0.3*({square} - {square}.T) @ s_m - 0.1*s_m + {pushed}"},
            "matrix alone": {"s_a": f"{square} @ s_a"},
            "entries": {"s_e": f"s_w*s_e + {pushed}"},
            "entries alone": {"s_p": "-s_w^2*s_p"},
            "pair": {"s_x": f"s_w*s_y - 0.2*s_x + {pushed}", "s_y": "-0.2*s_y - s_w*s_x"},
            "pair alone": {"s_u": "0.5*s_v", "s_v": "-0.5*s_u"},
        }
        for kind in random.sample(list(kinds), random.choice((1, 2))):
            for state, flow in kinds[kind].items():
                shared = "alone" in kind
                start = random.choice(("0.5", "ones"))
                self.lines += [f"state {state}[{n}] = {start}", f"{state}' = {flow}"]
                self.lines.append(f"cost {state}_size = 0.1*squared({state}{'' if shared else f' - {pushed}'})")
                self.exact.append(f"step.{state} = exact")
            if "s_w" in " ".join(kinds[kind].values()) and not any("param s_w" in line for line in self.lines):
                self.lines.append(f"param s_w[{n}] = uniform(-1, 1)")

    # Settings ------------------------------------------------------------------------------------------------------------

    def _looks(self) -> None:
        """How a name or two look in LaTeX."""
        named = [line.split()[1].partition("[")[0] for line in self.lines if line.startswith(("param ", "state "))]
        for place, name in enumerate(self.random.sample(named, min(2, len(named)))):
            if self.chance(0.3):
                self.lines.append(f'latex {name} "\\mathcal{{L}}_{{{place}}}"')

    def _learn(self) -> str:
        choose = self.random.choice
        number = [*("0.1", "0.3", "1/4"), *(f"0.5*{name}" for name in self.scalar_consts)]
        settings = [f"order = {self.order}"] if self.order != "sequential" or self.chance(0.5) else []
        if self.chance(0.8):
            settings.append(f"tau = {choose(('0.25', '0.5', '1', '1/8'))}")
        if self.chance(0.3):
            settings.append("step = euler")
        if self.chance(0.3):
            settings.append("schedule = online")
        for path in ("eta", "eta.state", "eta.param", f"eta.{choose(self.states)[0].name}", f"eta.{choose(self.params).name}"):
            if self.chance(0.4):
                settings.append(f"{path} = {choose([*number, '(1 - 0.4)/tau'])}")
        for path in ("beta", f"beta.{choose(self.params).name}"):
            if self.chance(0.5):
                settings.append(f"{path} = {choose([*number, '0.05/tau', '0'])}")
        if self.chance(0.7):
            settings.append(f"phi = {choose([*number, '1/tau', '1 + 0.5*sin(t)', 'exp(-t)', '2', 't + tau'])}")
        if self.chance(0.5):
            settings.append(f"first = {choose(('damped', 'undamped'))}")
        self.random.shuffle(settings)
        if Random(-1 - self.seed).random() < 0.3:
            settings.append("dissipation = exact")
        settings += self.exact
        return "\n    ".join(("learn", *settings))
