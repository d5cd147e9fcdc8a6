"""Random programs by number: well-formed statements over the names in scope, some with slips in their sizes and names.

`tests/proofs/drawing.py` draws models that must be right, and reaches every row; these are small, many, and of every
form: each is drawn from its number alone, and a good part of them has mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from hdsl.terms.elementwise import ROWS, WRITABLE

Shape: TypeAlias = tuple[str, ...]

_NAMES = (*"abcdefghkpqrsuvwxyzABCDEFGHKLMNPQRSUVWXYZ", *"αβγδθλμω", "x₁", "h_new", "torch", "np", "self", "lambda", "class")
_NUMBERS = ("0", "1", "2", "0.5", "-1", "1/3", "1e-3", "pi", "-0.25", "tau", "t", "3", "10", "1e6")
_INITIALS = ("0", "1", "0.5", "zeros", "ones", "normal(0, 1)", "uniform(-1, 1)", "glorot", "he", "eye", "orthogonal(1)")
_RESETS = ("each sample", "each sequence", "never")
_WHENCE = ("beta", "eta", "eta.state", "eta.param", "phi", "tau")


def program(number: int) -> str:
    """The text of a random program."""
    return _Program(Random(f"program {number}")).text()


class _Program:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.slip = random.choice((0.0, 0.0, 0.0, 0.02, 0.1))  # how often something else is written than belongs there
        self.free = random.sample(_NAMES, len(_NAMES))
        self.sizes: list[str] = []
        self.known: list[tuple[str, Shape]] = []
        self.roles: dict[str, list[str]] = {}
        self.lines: list[str] = []
        self.parts: list[tuple[str, str]] = []  # components and functions, by kind

    def text(self) -> str:
        self._sizes()
        statements: tuple[Callable[[], None], ...] = (
            self._param, self._input, self._state, *[self._any_statement] * self.random.randrange(5), self._output, self._cost
        )  # fmt: skip
        for statement in statements:
            statement()
        learn = self._learn() if self.chance(0.5) else []
        if self.chance(0.5):
            self.random.shuffle(self.lines)
        head = ["ham 1"] if self.chance(0.7) else []
        return "\n".join((*head, *self.lines, *learn)) + "\n"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    # Statements ------------------------------------------------------------------------------------------------------

    def _name(self, role: str) -> str:
        taken = [name for names in self.roles.values() for name in names]
        name = self.random.choice(taken) if taken and self.chance(self.slip) else self.free.pop()
        self.roles.setdefault(role, []).append(name)
        return name

    def _sizes(self) -> None:
        first, second = self._name("dim"), self._name("dim")
        values = [self.pick("1", "2", "3", "4", "100", "1000000") for _ in range(2)]
        made = self.pick(f"{first} + {second}", f"2*{first}", f"({first} + 1)/2")
        third = f", {self._name('dim')} = {made}" * self.chance(0.2)
        self.lines.append(f"dim {first} = {values[0]}, {second}{f' = {values[1]}' * self.chance(0.8)}{third}")
        self.sizes = [first, second, first, second, "1", "2", "3"]

    def _size(self) -> str:
        if self.chance(0.05):
            return self.pick("+", "*", "-").join((f"{self.random.choice(self.sizes)} ", f" {self.random.choice(self.sizes)}"))
        return self.random.choice(self.sizes)

    def _shape(self, *ranks: int) -> Shape:
        return tuple(self._size() for _ in range(self.random.choice(ranks)))

    def _declare(self, role: str, shape: Shape, value: str = "") -> None:
        name = self._name(role)
        brackets = f"[{', '.join(shape)}]" if shape else ""
        self.lines.append(f"{role} {name}{brackets}{f' = {value}' if value else ''}")
        self.known.append((name, shape))

    def _any_statement(self) -> None:
        self.random.choice(
            [
                *(self._param, self._input, self._state, self._let, self._let, self._by_index, self._const, self._component),
                *(self._function, self._instance, self._delay, self._output, self._cost, self._target, self._project),
                self._look,
            ]
        )()

    def _param(self) -> None:
        self._declare("param", self._shape(0, 1, 1, 2, 2, 2, 3), self.random.choice(_INITIALS))

    def _const(self) -> None:
        self._declare("const", (), self.formula((), 1) if self.chance(self.slip) else self.pick(*_NUMBERS[:9]))

    def _input(self) -> None:
        if self.chance(0.2):
            name, size = self._name("index"), self._size()
            self.lines.append(f"{self.pick('input', 'target')} {name} : index({size})")
        else:
            self._declare("input", self._shape(0, 1, 1, 1, 2))

    def _target(self) -> None:
        name, shape = self._name("target"), self._shape(0, 1, 1)
        self.lines.append(f"target {name}{f'[{shape[0]}]' if shape else ''}")
        self.lines.append(f"cost {self._name('cost')} = squared({self.formula(shape, 1)} - {name})")

    def _state(self) -> None:
        shape = self._shape(0, 1, 1, 1, 2)
        self._declare("state", shape, self.pick("0", "0.1", "ones", "zeros", "normal(0, 1)" if self.chance(self.slip) else "1"))
        name = self.known[-1][0]
        start = self.pick(f"{name}' = -{name} +", f"{name}' =", f"next {name} =")
        self.lines.append(f"{start} {self.formula(shape, 2)}")
        if self.chance(0.3):
            self.lines.append(f"reset {name} {self.pick(*_RESETS)}")

    def _define(self, role: str, shape: Shape, formula: str) -> None:
        name = self._name(role)
        self.lines.append(f"{role} {name} = {formula}")
        if role != "cost" or self.chance(self.slip):
            self.known.append((name, shape))

    def _let(self) -> None:
        shape = self._any_shape()
        self._define("let", shape, self.formula(shape, 2))

    def _output(self) -> None:
        shape = self._any_shape()
        self._define("output", shape, self.formula(shape, 2))

    def _cost(self) -> None:
        shape = () if not self.chance(self.slip) else self._any_shape()
        self._define("cost", (), f"{self.pick('', '0.5*')}{self.formula(shape, 2)}")

    def _by_index(self) -> None:
        name, shape = self.random.choice(self.known)
        if not shape or self.chance(self.slip):
            return self._let()
        letters = ("i", "j", "l")[: len(shape)] if not self.chance(self.slip) else ("i", "i", "t")[: len(shape)]
        entry = f"{name}[{', '.join(letters)}]"
        whole = self.pick(f"tanh({entry})", f"{entry}^2 - 1", f"({entry} if {entry} > 0 else 0)")
        if len(shape) == 1:
            made, left, shape = whole, letters, shape
        else:
            made, left, shape = f"sum[{letters[-1]}]({whole})", letters[:-1], shape[:-1]
        defined = self._name("let")
        self.lines.append(f"let {defined}[{', '.join(left)}] = {made}")
        self.known.append((defined, shape))

    def _component(self) -> None:
        name = self._name("component")
        state = "    state s = 0\n    s' = -s + mean(x)\n" if self.chance(0.4) else ""
        back = self.pick("P @ x + b", "x + tanh(P @ x)", "x", "x + q" if self.chance(self.slip) else "b", "tanh(P.T @ (P @ x))")
        size = self.pick("m", "m", "m", "2*m" if self.chance(self.slip) else "m")
        self.lines.append(
            f"component {name}(x[m], rate = 1) {{\n    param P[{size}, m] = normal(0, rate)\n    param b[m] = 0\n{state}"
            f"    return {back}{' + s' if state else ''}\n}}"
        )
        self.parts.append((name, "component"))

    def _function(self) -> None:
        name = self._name("def")
        body = self.pick("x*sigmoid(k*x)", "tanh(x) + k", "x", "k*x^2", f"{name}(x)" if self.chance(self.slip) else "x/(1 + k)")
        self.lines.append(f"def {name}(x, k = 0.5) = {body}")
        self.parts.append((name, "def"))

    def _instance(self) -> None:
        if not self.parts:
            self.random.choice((self._component, self._function))()
        name, kind = self.random.choice(self.parts)
        shape = self._any_shape(1)
        inner = self.formula(shape, 1)
        more = self.pick("", "", ", 2", ", k=1" if kind == "def" else ", rate=0.5", ", 1, 2" if self.chance(self.slip) else "")
        count = self.pick("0", "1", "2", "3", *(("n", "100000") if self.chance(self.slip) else ()))
        called = self.pick(f"{name}({inner}{more})", f"repeat({count}, {name}, {inner}{more.replace('k=', 'k = ')})")
        self._define("let", shape, called)

    def _delay(self) -> None:
        shape = self._any_shape()
        count = self.pick("", "", ", 2", ", 3", *((", 0", ", 100000") if self.chance(self.slip) else ()))
        self._define("let", shape, f"delay({self.formula(shape, 1)}{count})")
        if self.roles.get("input") and self.chance(0.3):
            name = self.roles["input"][0]
            self._define("let", dict(self.known).get(name, ()), f"previous({name})")

    def _project(self) -> None:
        params = [(name, shape) for name, shape in self.known if name in self.roles.get("param", ())]
        name, _ = self.random.choice(params)
        every = self.pick("", " every 10", " every 0" if self.chance(self.slip) else "")
        value = self.pick(f"{name} / norm2({name})", f"clip({name}, -1, 1)", f"0.9*{name}")
        self.lines.append(f"project {name} = {value}{every}")

    def _look(self) -> None:
        name, _ = self.random.choice(self.known)
        look = self.pick(r"\mathcal{W}", "w_{1}", r"\theta", r"\input{x}" if self.chance(self.slip) else "q")
        self.lines.append(f'latex {name} "{look}"')

    def _learn(self) -> list[str]:
        told = [f"    order = {self.pick('sequential', 'simultaneous', 'semi-implicit')}"] if self.chance(0.6) else []
        paths = [*_WHENCE, *(f"eta.{name}" for name in self.roles["state"]), *(f"beta.{name}" for name in self.roles["param"])]
        numbers = ["0.1", "1", "0", "0.5*0.5", "1/4", *(["-1", "1e400", "q"] if self.chance(self.slip) else [])]
        for path in self.random.sample(paths, self.random.randrange(4)):
            value = self.pick("1", "exp(-t)", "1/tau", "1 + 0.5*sin(t)") if path == "phi" else self.random.choice(numbers)
            told.append(f"    {path} = {value}")
        return ["learn", *told]

    # Formulas --------------------------------------------------------------------------------------------------------

    def _any_shape(self, rank: int | None = None) -> Shape:
        shapes = [shape for _, shape in self.known if rank is None or len(shape) == rank]
        return self.random.choice([(), *shapes] if not rank else shapes or [self._shape(1)])

    def leaf(self, shape: Shape) -> str:
        exact = [name for name, own in self.known if own == shape]
        if self.chance(self.slip):
            names = [name for name, _ in self.known]
            wrong = self.pick(*names, "unknown_name", "1.5.2", "tanh", "(", "x[", "9"*50)
            return wrong if len(wrong) > 1 or wrong in names or self.chance(0.3) else self.pick(*names)
        return self.random.choice(exact or _NUMBERS) if shape else self.random.choice([*exact, *_NUMBERS])

    def formula(self, shape: Shape, depth: int) -> str:
        """A formula that has, or broadcasts to, a shape, unless there is a slip in it."""
        if depth == 0 or self.chance(0.2):
            return self.leaf(shape)
        makers = [self._arithmetic, self._row, self._negation, self._choice]
        for_shape = [self._product, self._along, self._arranged] if shape else [self._reduction, self._reduction, self._element]
        makers += for_shape
        makers += [self._turned, self._joined] if len(shape) == 2 else []
        return self.random.choice(makers)(shape, depth - 1)

    def _arithmetic(self, shape: Shape, depth: int) -> str:
        left, right = self.formula(shape, depth), self.formula(shape if self.chance(0.7) else (), depth)
        operator = self.pick("+", "-", "*", "/", "^", "@" if self.chance(self.slip) else "*")
        return f"({left}){operator}{self.pick('2', '3', '0.5', '-1')}" if operator == "^" else f"({left} {operator} {right})"

    def _row(self, shape: Shape, depth: int) -> str:
        name = self.random.choice(WRITABLE)
        count = ROWS[name].arity + self.chance(self.slip)
        return f"{name}({', '.join(self.formula(shape, depth) for _ in range(count))})"

    def _negation(self, shape: Shape, depth: int) -> str:
        return f"(-{self.formula(shape, depth)})"

    def _choice(self, shape: Shape, depth: int) -> str:
        sides = [self.formula(shape, depth) for _ in range(4)]
        return f"({sides[0]} if {sides[1]} {self.pick('<', '>', '<=', '>=', '==', '!=')} {sides[2]} else {sides[3]})"

    def _reduction(self, shape: Shape, depth: int) -> str:
        inner = self._any_shape()
        function = self.pick("sum", "mean", "squared", "norm2", "logsumexp" if len(inner) == 1 else "sum", "dot")
        if function == "dot":
            return f"dot({self.formula(inner, depth)}, {self.formula(inner, depth)})"
        return f"{function}({self.formula(inner, depth)})"

    def _element(self, shape: Shape, depth: int) -> str:
        name, own = self.random.choice(self.known)
        if not own:
            return self.leaf(())
        letters = ("i", "j", "k", "l")[: len(own)]
        wanted = ", ".join(self.pick("0", "-1", "0", "5" if self.chance(self.slip) else "0") for _ in own)
        summed = f"sum[{', '.join(letters)}]({name}[{', '.join(letters)}]^2)"
        return self.pick(f"{name}[{wanted}]", summed if not set(letters) & {name for name, _ in self.known} else f"sum({name})")

    def _product(self, shape: Shape, depth: int) -> str:
        for name, own in self.random.sample(self.known, len(self.known)):
            if len(own) == len(shape) + 1 == 2 and own[0] == shape[0]:
                return f"({name} @ {self.formula(own[1:], depth)})"
            if len(own) == len(shape) + 1 == 2 and own[1] == shape[0]:
                return f"({name}.T @ {self.formula(own[:1], depth)})"
            if len(own) == len(shape) == 2 and own[0] == shape[0]:
                return f"({name} @ {self.formula((own[1], shape[1]), depth)})"
        return self.leaf(shape)

    def _along(self, shape: Shape, depth: int) -> str:
        for name, own in self.random.sample(self.known, len(self.known)):
            if len(own) == len(shape) + 1 and own[1:] == shape:
                return f"{self.pick('sum', 'mean', 'norm2', 'logsumexp')}({name}, {self.pick('0', 'axis=0')})"
        return f"softmax({self.formula(shape, depth)})"

    def _arranged(self, shape: Shape, depth: int) -> str:
        inner = self.formula(shape, depth)
        whole = ", ".join(":" for _ in shape)
        choices = [f"({inner})[::-1]", f"({inner})[{whole}]", f"stack({inner}, {inner})[0]"]
        choices.append(f"reshape({inner}, {', '.join(shape)})")
        if len(shape) == 1:
            choices += [f"diag(diag({inner}))", f"concat({inner}, {inner})[0:{shape[0]}]", f"outer({inner}, {inner})[0]"]
            tables = [name for name, own in self.known if len(own) == 2 and own[1:] == shape]
            choices += [f"embed({name}, {index})" for name in tables for index in self.roles.get("index", ())]
            choices += [f"{name}[-1]" for name in tables]
            choices += [f"one_hot({index})" for index in self.roles.get("index", ()) if self.chance(0.2)]
            choices += [f"solve(eye({shape[0]}), {inner})"]
        return self.random.choice(choices)

    def _turned(self, shape: Shape, depth: int) -> str:
        inner = self.formula(shape[::-1], depth)
        return self.pick(f"({inner}).T", f"permute({inner}, 1, 0)")

    def _joined(self, shape: Shape, depth: int) -> str:
        left, right = self.formula(shape[:1], depth), self.formula(shape[1:], depth)
        choices = [f"outer({left}, {right})"]
        if shape[0] == shape[1]:
            choices += [f"{self.pick('expm', 'inv')}({self.formula(shape, depth)})", f"eye({shape[0]})"]
        return self.random.choice(choices)
