"""States recomputed beside stored replay, autograd and torch's checkpointing: error of the gradient and memory, against T.

Two recurrent nets, in .ham and by hand in torch: one of skew tanh units by two-step, and rotations. Each goes through one
sequence of T tokens in float64; judged is dJ/dθ, the largest difference from torch.autograd's through the unrolled map relative
to its largest entry. What is held at the turn, after the last token and before the way back, is counted tensor by tensor: of
hdsl what the module keeps, of torch what the graph has saved, the parameters and the user's own stream left out in both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

import hdsl
from benchmarks.measure import table
from benchmarks.paper import pages

States = tuple[Tensor, ...]
Parameters = dict[str, Tensor]

TAU, INPUTS = 0.1, 4
HEAD = f"""ham 1
dim n = 64, m = {INPUTS}
input u[m]
target v[m]
param U[n, m] = normal(0, 0.5)
param C[m, n] = normal(0, 1/sqrt(n))
"""
TAIL = "output y = C @ h\ncost fit = 1/2*squared(y - v)\n"
TEXTS = {
    "two-step": "state h[n] = 0\nparam W[n, n] = normal(0, 1/sqrt(n))\nh' = tanh((W - W.T) @ h + U @ u)\n",
    "rotations": """state h[n] = 0
state q[n] = 0
param w[n] = uniform(0.2, 5)
let a = cos(w*tau)
let b = sin(w*tau)
next h = a*h - b*q + tau*tanh(U @ u)
next q = b*h + a*q
""",
}
LEARN = f"""learn
    schedule = replay
    phi = 1/tau
    eta.param = 1/tau
    beta = 0
    tau = {TAU}
"""
WAYS = ("stored", "recomputed(500)", "recomputed")
LENGTHS, SHORT = (100, 1000, 3000, 10_000), (20, 200)
SIZES = {"error": 64, "memory": 256}
ROUND_OFF, FREE = 1e-14, 500
"""Below so much a token an error is called round-off; of two-step recomputed over more tokens than so many nothing is asked."""


def text_of(net: str, states: str) -> str:
    step = "    step = two-step\n" if net == "two-step" else ""
    return f"{HEAD}{TEXTS[net]}{TAIL}{LEARN}{step}    states = {states}\n"


def two_step(p: Parameters, u: Tensor, states: States, first: bool) -> States:
    """h₊ = h₋ + 2τ f(h), and Euler first."""
    h, before = states
    slope = torch.tanh(h @ p["skew"].T + u @ p["U"].T)
    return (h + TAU * slope if first else before + 2 * TAU * slope), h


def rotations(p: Parameters, u: Tensor, states: States, first: bool) -> States:
    h, q = states
    a, b = torch.cos(p["w"] * TAU), torch.sin(p["w"] * TAU)
    return a * h - b * q + TAU * torch.tanh(u @ p["U"].T), b * h + a * q


def prepared(p: Parameters) -> Parameters:
    """With what is worked out once for many tokens: a graph would hold the matrix of every one of them."""
    return {**p, "skew": p["W"] - p["W"].T} if "W" in p else p


MAPS: dict[str, Callable[[Parameters, Tensor, States, bool], States]] = {"two-step": two_step, "rotations": rotations}


@dataclass(frozen=True)
class Found:
    """One way through one sequence: the error of its gradient, None where not measured, and the bytes held at the turn."""

    net: str
    way: str
    tokens: int
    error: float | None
    held: int
    drift: float | None = None

    @property
    def holds(self) -> bool:
        """Whether a gradient is right to round-off where it is bound to be."""
        free = self.way == "recomputed" and self.tokens > FREE and self.net == "two-step"
        return self.error is None or self.error <= ROUND_OFF * self.tokens or free


def stream_of(tokens: int) -> tuple[Tensor, Tensor]:
    """Smooth inputs and targets, (T, 1, m): sums of sines."""
    time = TAU * torch.arange(tokens, dtype=torch.float64)[:, None, None]
    angle = torch.arange(1, INPUTS + 1, dtype=torch.float64)
    return torch.sin(0.7 * angle * time + angle), torch.cos(0.31 * angle * time)


def by_hdsl(
    net: str, way: str, n: int, tokens: int, goes_back: bool = True
) -> tuple[Parameters, Parameters, int, float | None]:
    """The parameters, the gradient by a replay, the bytes held at the turn, and how far off recomputed states came."""
    made = hdsl.loads(text_of(net, way), n=n).compile(dtype=torch.float64)(batch=1, seed=1)
    start = {name: value.detach().clone() for name, value in made.named_parameters()}
    u, v = stream_of(tokens)
    for k in range(tokens):
        made.step(u[k], v[k])
    held = size_of(value for states in made._path for value in states)
    if not goes_back:
        return start, {}, held, None
    made.finish()
    found = dict(made.costate.named_buffers())
    return start, {name: found[name].clone() for name in start}, held, getattr(made, "drift", None)


def by_torch(net: str, p: Parameters, tokens: int, segment: int | None, goes_back: bool = True) -> tuple[Parameters, int]:
    """The gradient by autograd, or by its checkpointing of so many tokens at a time, and the bytes that its graph holds."""
    p = {name: value.clone().requires_grad_() for name, value in p.items()}
    u, v = stream_of(tokens)
    own = {value.untyped_storage().data_ptr() for value in (u, v, *p.values())}
    saved: dict[int, int] = {}
    kept: list[Tensor] = []  # held, so that no storage is counted under the address of another

    def note(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
            kept.append(value)
        return value

    def through(start: int, stop: int, *states: Tensor) -> tuple[Tensor, ...]:
        loss, ready = states[0].new_zeros(()), prepared(p)
        for k in range(start, stop):
            states = MAPS[net](ready, u[k], states, k == 0)
            loss = loss + 0.5 * (states[0] @ p["C"].T - v[k]).square().sum()
        return loss, *states

    n = p["C"].shape[1]
    states: States = (torch.zeros(1, n, dtype=torch.float64), torch.zeros(1, n, dtype=torch.float64))
    total = torch.zeros((), dtype=torch.float64)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        for start in range(0, tokens, segment or tokens):
            stop = min(tokens, start + (segment or tokens))
            if segment:
                states = tuple(state.requires_grad_() if state.is_leaf else state for state in states)
                loss, *rest = checkpoint(through, start, stop, *states, use_reentrant=True)
            else:
                loss, *rest = through(start, stop, *states)
            states, total = tuple(rest), total + loss
    held = sum(saved.values())
    kept.clear()
    if goes_back:
        total.backward()  # type: ignore[no-untyped-call]
    return {name: value.grad for name, value in p.items() if value.grad is not None}, held


def size_of(values: Iterator[Tensor]) -> int:
    """The bytes of some tensors, those that share storage once."""
    return sum({s.data_ptr(): s.nbytes() for s in (value.untyped_storage() for value in values)}.values())


def segment_of(tokens: int) -> int:
    """√T tokens: what holds least, states between segments and a graph within one."""
    return max(1, round(tokens**0.5))


def errors_of(net: str, n: int, tokens: int) -> Iterator[Found]:
    """Every way through one sequence, the first of them autograd."""
    start = by_hdsl(net, "stored", n, 1)[0]
    exact, held = by_torch(net, start, tokens, None)
    yield Found(net, "autograd", tokens, 0.0, held)
    found, held = by_torch(net, start, tokens, segment_of(tokens))
    yield Found(net, "checkpoint", tokens, difference(found, exact), held)
    for way in WAYS:
        _, found, held, drift = by_hdsl(net, way, n, tokens)
        yield Found(net, way, tokens, difference(found, exact), held, drift)


def memory_of(net: str, n: int, tokens: int) -> Iterator[Found]:
    """What each way holds at the turn; none goes back."""
    start = by_hdsl(net, "stored", n, 1)[0]
    yield Found(net, "autograd", tokens, None, by_torch(net, start, tokens, None, False)[1])
    yield Found(net, "checkpoint", tokens, None, by_torch(net, start, tokens, segment_of(tokens), False)[1])
    for way in WAYS:
        yield Found(net, way, tokens, None, by_hdsl(net, way, n, tokens, False)[2])


def difference(found: Parameters, exact: Parameters) -> float:
    """The largest error of a gradient, relative to the largest entry of its parameter's."""
    return max(float((found[name] - exact[name]).abs().max() / exact[name].abs().max()) for name in exact)


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def rows_of(found: Sequence[Found]) -> tuple[list[str], list[list[str]]]:
    """A row for each net and length, a column for each way: errors where there are any, else what is held."""
    ways = [way for way in dict.fromkeys(one.way for one in found) if way != "autograd" or found[0].error is None]
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for one in found:
        told = size(one.held) if one.error is None else f"{one.error:.0e}"
        rows.setdefault((one.net, one.tokens), {})[one.way] = told
    return ["net", "T", *ways], [[net, str(tokens), *(row[way] for way in ways)] for (net, tokens), row in rows.items()]


def draw(errors: Sequence[Found], memory: Sequence[Found]) -> None:
    with pages.drawing("recomputed", 1, 2) as (left, right):
        for net, line in zip(TEXTS, ("-", "--"), strict=True):
            for k, way in enumerate(("checkpoint", *WAYS)):
                of = [one for one in errors if (one.net, one.way) == (net, way)]
                values = [max(one.error or 0.0, 1e-17) for one in of]
                left.loglog([one.tokens for one in of], values, line, marker="o", color=f"C{k + 1}", label=f"{way}, {net}")
        for k, way in enumerate(("autograd", "checkpoint", *WAYS)):
            of = [one for one in memory if (one.net, one.way) == ("two-step", way)]
            right.loglog([one.tokens for one in of], [one.held for one in of], marker="o", color=f"C{k}", label=way)
        left.set(xlabel="tokens", title="error of the gradient against autograd")
        right.set(xlabel="tokens", title=f"bytes held at the turn, two-step, n = {SIZES['memory']}")
        left.legend(fontsize=6)
        right.legend(fontsize=6)


def main(given: Sequence[str] | None = None) -> int:
    reader = pages.arguments("recomputed", __doc__)
    reader.add_argument("--lengths", help=f"tokens of a sequence, {','.join(map(str, LENGTHS))} where none are given")
    chosen = pages.read(reader, given)
    torch.set_num_threads(1)
    lengths: Sequence[int] = SHORT if chosen.quick else LENGTHS
    if chosen.lengths:
        lengths = [int(length) for length in chosen.lengths.split(",")]
    sizes = {what: 8 for what in SIZES} if chosen.quick else SIZES
    errors = [one for net in TEXTS for tokens in lengths for one in errors_of(net, sizes["error"], tokens)]
    memory = [one for net in TEXTS for tokens in lengths for one in memory_of(net, sizes["memory"], tokens)]
    print(f"error of the gradient against torch.autograd, n = {sizes['error']}, float64")
    print(table(*rows_of(errors)))
    print(f"\nheld at the turn, n = {sizes['memory']}, float64, one stream")
    print(table(*rows_of(memory)))
    if chosen.docs:
        draw(errors, memory)
        made = {"errors": pages.markdown(*rows_of(errors)), "memory": pages.markdown(*rows_of(memory))}
        pages.write("recomputed", {**made, "made": pages.made_by("recomputed")})
    return 0 if all(one.holds for one in errors) else 1


if __name__ == "__main__":
    sys.exit(main())
