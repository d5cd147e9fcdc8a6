"""``python -m benchmarks.replay``: replay beside backpropagation through time by torch.autograd, whole and truncated.

Three nets written in .ham and, with no compiler, in torch: a tanh RNN, an LSTM by `torch.nn.LSTMCell`, and leaky units whose
step is the τ of the sample. Both learn the same random sequences from the same parameters in float64; the error is the largest
difference of a parameter relative to how far that parameter went. Then momentum across 200 sequences beside torch.optim.SGD,
and the time of both, one after the other in the same process.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

import hdsl
from benchmarks.measure import machine, table

Parameters = dict[str, Tensor]
States = tuple[Tensor, ...]

HEAD = "ham 1\ndim n = 4, m = 3, d = 2\ninput u[m]\ntarget v[d]\nstate h[n] = 0\n"
TAIL = "param C[d, n] = normal(0, 0.5)\noutput y = C @ h\ncost fit = 1/2 * squared(y - v)\n"
TEXTS = {
    "rnn": """param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 0.5)
param b[n] = normal(0, 0.2)
next h = tanh(W @ h + U @ u + b)
""",
    "lstm": """state c[n] = 0
param W[4*n, n] = normal(0, 0.5)
param U[4*n, m] = normal(0, 0.5)
param b[4*n] = normal(0, 0.2)
let a = W @ h + U @ u + b
let s = sigmoid(a[n:2*n]) * c + sigmoid(a[0:n]) * tanh(a[2*n:3*n])
next c = s
next h = sigmoid(a[3*n:4*n]) * tanh(s)
""",
    "leaky": """param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 0.5)
param b[n] = normal(0, 0.2)
h' = -h + tanh(W @ h + U @ u + b)
""",
}
LENGTHS = (40, 100, 400, 1000)
CUTS = (None, 1, 5, 20)
BETA, SLOW = 0.02, 0.002
"""Learning rates. With momentum 0.9 the faster one sends the RNN through 200 sequences in a way that magnifies round-off by
powers of ten, be it autograd's or ours: that is not what is measured."""


def text_of(kind: str, tokens: int | None, momentum: float = 0.0, beta: float = BETA, phi: str = "1/tau") -> str:
    """A model that replays whole sequences, or so many tokens, with a momentum across them."""
    schedule = "replay" if tokens is None else f"replay({tokens})"
    learn = f"learn\n    schedule = {schedule}\n    phi = {phi}\n    eta.state = 0\n    eta.param = (1 - {momentum})/tau\n"
    return f"{HEAD}{TEXTS[kind]}{TAIL}{learn}    beta = {beta}/tau\n"


def rnn(p: Parameters, u: Tensor, states: States, tau: float) -> States:
    (h,) = states
    return (torch.tanh(torch.nn.functional.linear(u, p["U"], p["b"]) + h @ p["W"].T),)


def lstm(p: Parameters, u: Tensor, states: States, tau: float) -> States:
    h, c = states
    none = torch.zeros_like(p["b"])
    return tuple(torch._VF.lstm_cell(u, (h, c), p["U"], p["W"], p["b"], none))  # what torch.nn.LSTMCell calls


def leaky(p: Parameters, u: Tensor, states: States, tau: float) -> States:
    (h,) = states
    return (h + tau * (torch.tanh(u @ p["U"].T + h @ p["W"].T + p["b"]) - h),)


CELLS: dict[str, Callable[[Parameters, Tensor, States, float], States]] = {"rnn": rnn, "lstm": lstm, "leaky": leaky}


@dataclass(frozen=True)
class Stream:
    """A stream of tokens (T, batch, …) with their τ, and after how many a sequence ends; None where it is one sequence."""

    u: Tensor
    v: Tensor
    taus: Tensor
    length: int | None = None

    def ends(self, k: int) -> bool:
        return k + 1 == len(self.u) or (self.length is not None and (k + 1) % self.length == 0)

    def tensors(self) -> dict[str, Tensor]:
        """For ``Net.run``."""
        found = {"u": self.u, "v": self.v, "tau": self.taus}
        ends = torch.tensor([self.ends(k) for k in range(len(self.u))])
        return found if self.length is None else {**found, "boundary": ends}


def stream_of(tokens: int, even: bool, batch: int = 2, length: int | None = None, seed: int = 0) -> Stream:
    source = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=source, dtype=torch.float64)

    taus = torch.full((tokens,), 0.5, dtype=torch.float64)
    if not even:
        taus = 0.2 + 0.6 * torch.rand(tokens, generator=source, dtype=torch.float64)
    return Stream(drawn(tokens, batch, 3), drawn(tokens, batch, 2), taus, length)


def by_autograd(
    kind: str, start: Parameters, stream: Stream, cut: int | None, momentum: float = 0.0, lr: float = BETA
) -> Parameters:
    """The parameters after backpropagation through time, whole or truncated, with torch.optim.SGD."""
    p = {name: value.clone().requires_grad_() for name, value in start.items()}
    optimiser = torch.optim.SGD(p.values(), lr=lr, momentum=momentum)
    states, loss, since = _zeros(kind, p, stream), torch.zeros((), dtype=torch.float64), 0
    for k in range(len(stream.u)):
        states = CELLS[kind](p, stream.u[k], states, float(stream.taus[k]))
        loss = loss + 0.5 * (states[0] @ p["C"].T - stream.v[k]).square().sum(1).mean()
        since += 1
        if stream.ends(k) or since == cut:
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            states = _zeros(kind, p, stream) if stream.ends(k) else tuple(state.detach() for state in states)
            loss, since = torch.zeros((), dtype=torch.float64), 0
    return {name: value.detach() for name, value in p.items()}


def _zeros(kind: str, p: Parameters, stream: Stream) -> States:
    return tuple(p["U"].new_zeros((stream.u.shape[1], p["C"].shape[1])) for _ in range(2 if kind == "lstm" else 1))


def error_of(kind: str, stream: Stream, cut: int | None, momentum: float = 0.0, lr: float = BETA) -> float:
    """The largest difference of a parameter from autograd's, relative to how far it went."""
    model = hdsl.loads(text_of(kind, cut, momentum, lr))
    net = model.compile(dtype=torch.float64)(batch=stream.u.shape[1], seed=1, tau=0.5)
    start = {name: value.detach().clone() for name, value in net.named_parameters()}
    judged = by_autograd(kind, start, stream, cut, momentum, lr)
    net.run(stream.tensors())
    moved = {name: float((judged[name] - start[name]).abs().max()) for name in start}
    found = dict(net.named_parameters())
    return max(float((found[name].detach() - judged[name]).abs().max()) / moved[name] for name in start)


def seconds_of(kind: str, tokens: int, batch: int, size: int, rounds: int) -> tuple[float, float, float]:
    """Microseconds a token of replay and of autograd in float32, taken in turn, and the median of their ratios."""
    torch.manual_seed(0)
    model = hdsl.loads(text_of(kind, None, beta=1e-5), n=size)
    net = model.compile(dtype=torch.float32)(batch=batch, seed=1, tau=0.5)
    start = {name: value.detach().clone() for name, value in net.named_parameters()}
    stream = stream_of(tokens, True, batch)
    stream = Stream(stream.u.float(), stream.v.float(), stream.taus)
    given = {"u": stream.u, "v": stream.v}
    times: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        first = time.perf_counter()
        net.run(given)
        between = time.perf_counter()
        by_autograd(kind, start, stream, None, lr=1e-5)
        times.append((between - first, time.perf_counter() - between))
    ours, theirs = zip(*times[1:], strict=True)
    each = 1e6 / tokens
    return min(ours) * each, min(theirs) * each, statistics.median(b / a for a, b in times[1:])


def error_rows(lengths: Sequence[int], kinds: Sequence[str]) -> Iterator[list[str]]:
    for kind in kinds:
        for even in (True, False):
            for tokens in lengths:
                errors = [f"{error_of(kind, stream_of(tokens, even), cut):.0e}" for cut in CUTS]
                yield [kind, "even" if even else "uneven", str(tokens), *errors]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lengths", default=",".join(map(str, LENGTHS)), help="tokens of a sequence")
    parser.add_argument("--kinds", default=",".join(CELLS))
    parser.add_argument("--sequences", type=int, default=200, help="of the run with momentum")
    parser.add_argument("--rounds", type=int, default=15, help="of the timing; 0 for none")
    chosen = parser.parse_args(arguments)
    lengths, kinds = [int(length) for length in chosen.lengths.split(",")], chosen.kinds.split(",")
    torch.set_num_threads(1)
    print(machine(1))
    print("\nlargest relative error of a parameter against torch.autograd, float64")
    print(table(["net", "tau", "tokens", "whole", *(f"replay({cut})" for cut in CUTS[1:])], list(error_rows(lengths, kinds))))
    print(f"\nmomentum 0.9 across {chosen.sequences} sequences of 12 tokens against torch.optim.SGD")
    rows = []
    for kind in kinds:
        for even in (True, False):
            error = error_of(kind, stream_of(12 * chosen.sequences, even, length=12), None, 0.9, SLOW)
            rows.append([kind, "even" if even else "uneven", f"{error:.0e}"])
    print(table(["net", "tau", "error"], rows))
    if chosen.rounds:
        print("\nmicroseconds a token in float32, 100 tokens, in turn in one process; the ratio is the median of pairs")
        times = [
            [kind, str(size), str(batch), *(f"{value:.3g}" for value in seconds_of(kind, 100, batch, size, chosen.rounds))]
            for kind in kinds
            for size in (16, 64, 256)
            for batch in (1, 32)
        ]
        print(table(["net", "units", "batch", "replay", "autograd", "autograd/replay"], times))


if __name__ == "__main__":
    main()
