"""Meanings: one sentence on every word that the language has of its own, and how its functions are called."""

from __future__ import annotations

from dataclasses import dataclass

STATEMENTS: dict[str, tuple[str, str]] = {
    "ham": ("ham 1", "The version of the language; the first line of a file."),
    "model": ("model NAME", "The name of the model, where it is not that of the file."),
    "dim": ("dim n = 32, m", "Sizes. They match by name; one without a number is taken from the stream or set by `--dim`."),
    "input": ("input u[m]", "Arrives with each sample: reals, or a whole number below v with `input k : index(v)`."),
    "target": ("target v[d]", "Arrives with each sample and may be missing; only costs may read it."),
    "state": ("state h[n] = 0", "Moves by `h' = …` or `next h = …`; the value is the one that it begins from."),
    "param": ("param W[n, m] = glorot", "Is learned; the value is the one that it begins from."),
    "const": ("const alpha = 0.2", "A value that does not change; `--set alpha=0.3` sets it from outside."),
    "let": ("let a = tanh(W @ u)", "A name for an expression; `let y[i, k] = …` says it entry by entry."),
    "output": ("output y = C @ h", "A named output; the first one is what the model predicts."),
    "cost": ("cost fit = squared(y - v)", "A term of the Lagrangian, a scalar; costs add up, each is logged by its name."),
    "next": ("next h = tanh(W @ h)", "The value that a state takes at once: h′ = (F − h)/τ."),
    "reset": ("reset h each sample", "When a state and its costate begin anew: `each sample`, `each sequence` or `never`."),
    "learn": ("learn", "The settings on the lines that follow, up to the next statement."),
    "component": ("component dense(x[m], n) { … }", "A part with parameters and states of its own, used by its name."),
    "def": ("def swish(x, k = 1) = x * sigmoid(k*x)", "A pure function: its expression with the arguments in it."),
    "return": ("return W @ x + b", "What a component gives; the last line of its body."),
    "use": ('use "layers.ham"', "Brings in the components and functions of a file beside this one, or of one that ships."),
    "project": ("project W = W / norm2(W) every 10", "Puts a parameter back after its update; reads params and consts only."),
    "local": ("local W, b", "The updates of these params must be local, or it is a mistake; also an instance, or `local all`."),
    "control": ("control a[k] in [-1, 1]", "Is chosen: by stationarity of H, or by a rule, `given …` or `gradient`."),
    "costate": ("costate p of h", "A name for the costate of a state; with a value, a momentum of a mechanical system."),
    "terminal": ("terminal goal = squared(h)", "A cost of where the states end; it needs `horizon`."),
    "horizon": ("horizon 5", "The end of time, T; `horizon free = 2 in [0.5, 10]` is chosen, from a guess, within bounds."),
    "final": ("final h[0] == 1", "What holds at the end of a boundary problem."),
    "constraint": ("constraint cap = h <= 1 soft 100", "What holds all along: by a cost of its weight, or by `penalty`."),
    "hamiltonian": ("hamiltonian H = p^2/2 + q^2/2", "The energy of a mechanical system: q′ = ∂H/∂p and p′ = −∂H/∂q move all."),
    "latex": (r'latex W "\mathcal{W}"', "How a name looks in LaTeX and HTML; it changes nothing else."),
}
"""For each word that starts a statement how the statement is written, and what it means."""

SETTINGS: dict[str, tuple[str, str]] = {
    "step": (
        "step = euler",
        "How the equations are integrated; `step.h = exact` is for a state that is linear in itself, `leapfrog` and the like "
        "for mechanical systems.",
    ),
    "order": ("order = sequential", "In which order state, costate and parameters are updated within a step."),
    "schedule": ("schedule = online", "How the stream is gone through: by the sample, or back over sequences: `replay(20)`."),
    "states": ("states = stored", "Whether a replay keeps the states of each token or works them out: `recomputed(500)`."),
    "dissipation": ("dissipation = euler", "How the terms −η z and −η ω are integrated: `euler` or `exact`."),
    "first": ("first = damped", "Whether the costs of the first sample weigh φ, or 1/τ (`undamped`)."),
    "tau": ("tau = 1", "The step, where the stream has no time stamps."),
    "eta": ("eta = 0.1", "Dissipation of the costates; `eta.state`, `eta.param` and `eta.h` hold for a group or for one."),
    "tol": ("tol = 1e-6", "The tolerance to which `schedule = boundary` solves."),
    "phi": ("phi = 1", "What the Lagrangian is weighed by, an expression in `t` and `tau`."),
    "beta": ("beta = 0.01", "How fast parameters follow their costates, θ̇ = −β ω; `beta.W` holds for one, 0 freezes it."),
}
"""For each setting below `learn` how it may be written, and what it means."""

VALUES: dict[str, str] = {
    "euler": "The explicit Euler step; of `dissipation` its factor 1 − τη.",
    "midpoint": "Two stages, of order 2: states, costates and parameters move by their slopes in the middle of the step.",
    "rk4": "Four stages, of order 4: classical Runge-Kutta of states, costates and parameters together.",
    "two-step": "h⁺ = the h before this one + 2τ f(h): order 2 where τ is even, and it goes back; for `schedule = replay`.",
    "leapfrog": "Half a step of the momenta, one of the states, the other half: order 2, symplectic; for H = T(p) + V(q).",
    "yoshida4": "Three leapfrog steps, the second one back in time: order 4, symplectic; for H = T(p) + V(q).",
    "implicit-midpoint": "By the slopes halfway between old and new: order 2, symplectic; for any H, while tau is small.",
    "exact": "Of `dissipation` the factor e^(−τη); of `step.h` the flow h′ = A h + r itself: both however long the step.",
    "sequential": "h, then z at the new h, then ω with the new z, then θ with the new ω.",
    "simultaneous": "All from old values, at once.",
    "semi-implicit": "h, z and ω from old values, then θ with the new ω.",
    "online": "One sample after another, each once, in constant memory.",
    "replay": "Each sequence, or the last r tokens with `replay(r)`, forward and then backwards: what BPTT computes.",
    "stored": "A replay has kept the states of every token.",
    "recomputed": "A replay keeps what came, and with `recomputed(r)` the states of one token in r; the rest is undone.",
    "boundary": "From the beginning to the end at once, as a problem of optimal control.",
    "damped": "The costs of the first sample weigh φ, like all others.",
    "undamped": "The costs of the first sample weigh 1/τ, so that its gradient counts in full.",
}
"""For each word that a setting may be set to what it means."""

WORDS: dict[str, str] = {
    "t": "The time since the run began.",
    "tau": "The step: the time between two samples.",
    "pi": "3.14159…",
    "inf": "A bound of `clip` that does not bind.",
    "T": "The end of time, for `terminal` and `final`; behind a dot the transpose: `W.T`.",
    "boundary": "A name that the language keeps for the ends of sequences.",
    "None": "In `x[:, None]` a new axis of size 1.",
    "index": "`input k : index(v)` is a whole number below v.",
    "each": "`reset h each sample` or `each sequence`.",
    "sample": "`reset h each sample`: the state begins anew with every sample.",
    "sequence": "`reset h each sequence`: the state begins anew where the stream tells of a boundary.",
    "never": "`reset h never`: the state goes on over boundaries.",
    "in": "`control a in [-1, 1]`: its bounds, with -inf and inf for none.",
    "given": "`control a given expr`: a rule in place of stationarity.",
    "gradient": "`control a gradient`: it follows the gradient of H.",
    "of": "`costate p of h`: the state whose costate, or momentum, it is.",
    "soft": "`constraint c = h <= 1 soft 100`: a cost of half this weight times the square of what is too much.",
    "penalty": "`constraint c = h <= 1 penalty`: a boundary problem raises the weight until nothing is too much.",
    "every": "`project W = … every 10`: after every tenth step.",
    "if": "`a if c else b`: of the branch that is not taken nothing counts, even where it is nan.",
    "else": "`a if c else b`: of the branch that is not taken nothing counts, even where it is nan.",
}
"""What the other words mean that the language keeps, or reads inside statements."""


@dataclass(frozen=True)
class Function:
    """How a function is called: its arguments as they are written, and what it gives."""

    arguments: tuple[str, ...]
    gives: str


def _function(arguments: str, gives: str) -> Function:
    return Function(tuple(arguments.split(", ")) if arguments else (), gives)


FUNCTIONS: dict[str, Function] = {
    "tanh": _function("x", "The hyperbolic tangent, entry by entry."),
    "sigmoid": _function("x", "1/(1 + exp(−x)), entry by entry."),
    "relu": _function("x", "max(x, 0), entry by entry; its slope at 0 is 0."),
    "gelu": _function("x", "x Φ(x), with the normal distribution Φ, entry by entry."),
    "silu": _function("x", "x sigmoid(x), entry by entry."),
    "softplus": _function("x", "log(1 + exp(x)), entry by entry."),
    "exp": _function("x", "The exponential, entry by entry."),
    "log": _function("x", "The natural logarithm, entry by entry."),
    "sqrt": _function("x", "The square root, entry by entry."),
    "sin": _function("x", "The sine, entry by entry."),
    "cos": _function("x", "The cosine, entry by entry."),
    "abs": _function("x", "The absolute value, entry by entry; its slope at 0 is 0."),
    "sign": _function("x", "−1, 0 or 1, entry by entry; its slope is 0."),
    "erf": _function("x", "The error function, entry by entry."),
    "min": _function("a, b", "The smaller of two, entry by entry."),
    "max": _function("a, b", "The larger of two, entry by entry."),
    "clip": _function("x, low, high", "x, not below `low` and not above `high`, entry by entry; `inf` does not bind."),
    "sum": _function("x, axis", "The sum of all entries, or along an axis; `sum[i, j](…)` sums over named indices."),
    "mean": _function("x, axis", "The mean of all entries, or along an axis."),
    "dot": _function("a, b", "The sum of the products of entries: a scalar."),
    "norm2": _function("x, axis", "The Euclidean norm, of all entries or along an axis; its slope at 0 is 0."),
    "squared": _function("x", "The sum of the squares of all entries: a scalar."),
    "softmax": _function("x, axis=-1", "exp(x) over its sum along an axis."),
    "logsumexp": _function("x, axis=-1", "The logarithm of the sum of exp(x) along an axis."),
    "cross_entropy": _function("logits, target", "−log softmax(logits) at an index, or its mean under shares."),
    "concat": _function("a, b, …, axis=0", "The operands one behind another along an axis."),
    "stack": _function("a, b, …, axis=0", "The operands side by side along a new axis."),
    "reshape": _function("x, n, m, …", "The same entries in other sizes, in the order of rows."),
    "permute": _function("x, 1, 0, …", "The axes in another order."),
    "outer": _function("a, b", "The matrix of the products of entries."),
    "diag": _function("x", "The matrix with x on its diagonal, or the diagonal of a matrix."),
    "eye": _function("n, m", "The matrix with 1 on its diagonal; as an initial value without arguments."),
    "embed": _function("E, k", "Row k of a table; k is an index."),
    "one_hot": _function("k", "The vector with 1 at place k; k is an index."),
    "inv": _function("A", "The inverse of a square matrix."),
    "solve": _function("A, b", "The x of A @ x = b."),
    "expm": _function("A", "The exponential of a square matrix."),
    "conv2d": _function("x, K, stride=1, pad=0", "Kernels [out, channels, height, width] along an image."),
    "avgpool2d": _function("x, size, stride=size, pad=0", "The mean of each window of an image."),
    "maxpool2d": _function("x, size, stride=size, pad=0", "The largest of each window of an image."),
    "delay": _function("e, k=1", "The value k steps ago: hidden states, through whose costates credit passes later."),
    "previous": _function("u", "The last value of an input; it keeps no costate."),
    "repeat": _function("count, block, x, …", "Copies of a component, each of which takes what the one before it gave."),
    "zeros": _function("", "An initial value: 0 everywhere."),
    "ones": _function("", "An initial value: 1 everywhere."),
    "normal": _function("mean, std", "An initial value: drawn from a normal distribution."),
    "uniform": _function("low, high", "An initial value: drawn evenly between two numbers."),
    "orthogonal": _function("gain=1", "An initial value: orthogonal rows or columns, times the gain."),
    "glorot": _function("", "An initial value: evenly drawn within √(6/(rows + columns))."),
    "he": _function("", "An initial value: normal with the standard deviation √(2/columns)."),
}
"""Every function and every named initial value."""


def signature(name: str) -> str:
    """A function as it is called: ``softmax(x, axis=-1)``; a name alone where nothing is given to it."""
    arguments = FUNCTIONS[name].arguments
    return f"{name}({', '.join(arguments)})" if arguments else name
