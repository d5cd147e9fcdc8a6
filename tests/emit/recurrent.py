"""A small recurrent net as text, the parts of which a test puts others in place of."""

from __future__ import annotations

import hdsl

PARAMETERS = """param W[n, n] = normal(0, 0.3)
param U[n, m] = normal(0, 0.3)
param b[n] = 0.1
param C[d, n] = normal(0, 0.3)
"""
LEAKY = "h' = -h + tanh(W @ h + U @ u + b)"


def recurrent(
    dynamics: str = LEAKY, output: str = "y = C @ h", cost: str = "1/2 * squared(y - v)", order: str = "sequential",
    name: str = "several",
) -> hdsl.api.Model:
    """u[3] and v[2], as `tests.proofs.runs.moves_as_its_steps` has them, and a state h[5]."""
    return hdsl.loads(
        f"ham 1\nmodel {name}\ndim n = 5, m = 3, d = 2\ninput u[m]\ntarget v[d]\nstate h[n] = 0.1\n{PARAMETERS}{dynamics}\n"
        f"output {output}\ncost fit = {cost}\n"
        f"learn\n    step = euler\n    order = {order}\n    tau = 0.5\n    eta = 1\n    beta = 0.1\n"
    )
