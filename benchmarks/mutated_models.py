"""The models that faults are planted in: some that ship, at small sizes, and small ones that hold what those have not.

Steps are not 1, dissipation is not 0, φ is not 1, sizes differ from one another but where a transposed use must fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hdsl.api import find, read
from hdsl.syntax.source import Source

Settings = Mapping[str, float | str]
Made = tuple[Source, Mapping[str, int], Settings]

RECURRENT = """ham 1
dim n = 3, m = 2, d = 4
input u[m]
target v[d]
state h[n] = 0.5
param W[n, n] = 0.1
param U[n, m] = 0.2
param b[n] = 0
param C[d, n] = 0.3
h' = -h + tanh(W @ h + U @ u + b)
output y = C @ h
cost fit = 1/2 * squared(y - v)
cost small = 1e-2 * squared(W)
learn
    tau = 0.5
    eta = 0.8
    eta.h = 0.3
    phi = 1.2 + t
    beta = 0.3
    beta.b = 0.2
"""

MIXED = """ham 1
dim n = 3
input u[n]
target c : index(n)
target v[n]
state h[n] = A @ u
state g[n] = 0.2
state slow[n, n] = 0
state last[n] = 0.4
param A[n, n] = 0.1
param B[n, n] = 0.2
param E[n, n] = 0.3
next h = sigmoid(A @ h + u)
g' = -g + B @ delay(h) + relu(slow @ u)
slow' = 0.3 * (B - slow)
last' = u * g - last
reset last each sample
reset slow never
output y = E @ g + last
output f = g * h
cost class = cross_entropy(y, c)
cost fit = 1/2 * squared(f - v) + 0.1 * sum(exp(-slow[0]))
project E = (E + E.T) / 2 every 3
learn
    tau = 0.7
    eta = 0.6
    eta.param = 0.2/tau
    phi = 1.3
    first = undamped
    beta = 0.4
"""


def _written(name: str, text: str, **settings: float | str) -> Callable[[], Made]:
    return lambda: (Source(text, f"{name}.ham"), {}, settings)


def _shipped(name: str, dims: Mapping[str, int], **settings: float | str) -> Callable[[], Made]:
    return lambda: (read(find(name), f"{name}.ham"), dims, settings)


MODELS: Mapping[str, Callable[[], Made]] = {
    "recurrent": _written("recurrent", RECURRENT),
    "simultaneous": _written("simultaneous", RECURRENT, order="simultaneous"),
    "semi-implicit": _written("semi-implicit", RECURRENT, order="semi-implicit"),
    "mixed": _written("mixed", MIXED),
    "sunspots": _shipped("sunspots", {"n": 3}, phi=1.4),
    "oscillators": _shipped("oscillators", {"n": 3, "m": 2, "d": 2}, phi=0.7),
    "iris_mlp": _shipped("iris_mlp", {"d": 3, "n": 4, "k": 3}, tau=0.6),
    "iris_mlp_state": _shipped("iris_mlp_state", {"d": 3, "n": 4, "k": 3}, tau=0.6),
    "slow_copy": _shipped("slow_copy", {"d": 4, "k": 3}, tau=0.8, phi=1.1, eta=0.9),
}
