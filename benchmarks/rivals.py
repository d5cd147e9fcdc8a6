"""Other ways to learn from each sample: autograd and SGD under ``torch.compile``, ``torch.func``, and jax's ``scan``.

The first two do what `Autograd` does. The last makes the step of H′ itself, at either order, its derivatives by ``jax.vjp``;
it is there where jax is installed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmarks.autograd import Autograd
from benchmarks.generated import NotThereYet
from benchmarks.workload import ALPHA, Workload


def cost_of(workload: Workload, y: Tensor, target: Tensor) -> Tensor:
    """The mean cost of a batch."""
    return cross_entropy(y, target) if workload.target == "c" else 0.5 * (y - target).square().sum(-1).mean()


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises TimeoutError in what is within once so many seconds of the wall have gone; no limit where there is no alarm."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Compiled(Autograd):
    """Cost and optimizer's step, each compiled by torch; the gradient of the former is compiled with it.

    Both are built at once, within ``seconds``. Raises NotThereYet with the reason where that fails.
    """

    def __init__(self, workload: Workload, seconds: int = 60) -> None:
        super().__init__(workload, "foreach")
        torch._dynamo.reset()  # the rows share their functions, of which it keeps eight variants and then compiles no more

        def predicted(u: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
            y = self.forward(u)
            return y, cost_of(workload, y, target)

        self.predicted: Any = torch.compile(predicted)
        self.update: Any = torch.compile(self.optimiser.step)
        try:
            with at_most(seconds):
                self.run(workload.stream(3))
        except Exception as wrong:  # dynamo wraps whatever went wrong, a limit of time too, in exceptions of its own
            raise NotThereYet(f"torch.compile of {workload.name}: {str(wrong).strip().splitlines()[0]}") from wrong

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Tensor]:
        ys, costs = [], []
        for u, target in zip(stream["u"].unbind(0), stream[self.workload.target].unbind(0), strict=True):
            self.optimiser.zero_grad(set_to_none=False)
            y, cost = self.predicted(u, target)
            cost.backward()
            self.update()
            ys.append(y.detach())
            costs.append(cost.detach())
        return {"y": torch.stack(ys), "fit": torch.stack(costs)}


class Functional(Autograd):
    """``torch.func.grad_and_value`` of the cost as a function of the parameters, and SGD's two lines."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload, "foreach")
        self.begun = False
        self.momenta = {name: torch.zeros_like(value.detach()) for name, value in self.theta.items()}
        values = {name: value.detach().clone() for name, value in self.theta.items()}
        self.theta = values  # type: ignore[assignment]

        def cost(theta: dict[str, Tensor], u: Tensor, target: Tensor) -> tuple[Tensor, Any]:
            kept, self.theta = self.theta, theta  # type: ignore[assignment]
            y = self.forward(u)
            moved = self.h, self.a, self.b
            self.theta = kept
            return cost_of(workload, y, target), (y, moved)

        self.gradient: Callable[..., Any] = torch.func.grad_and_value(cost, has_aux=True)

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Tensor]:
        settings = self.workload.settings
        ys, costs = [], []
        for u, target in zip(stream["u"].unbind(0), stream[self.workload.target].unbind(0), strict=True):
            gradients, (cost, (y, (self.h, self.a, self.b))) = self.gradient(self.theta, u, target)
            momenta, values = list(self.momenta.values()), list(self.theta.values())
            with torch.no_grad():
                torch._foreach_mul_(momenta, 1 - settings.tau * settings.eta)
                # SGD takes the first gradient undamped.
                scale = settings.tau * settings.phi if self.begun else 1.0
                torch._foreach_add_(momenta, [gradients[name] for name in self.theta], alpha=scale)
                torch._foreach_add_(values, momenta, alpha=-settings.tau * settings.beta)
            self.begun = True
            ys.append(y)
            costs.append(cost)
        return {"y": torch.stack(ys), "fit": torch.stack(costs)}


def one_thread_of_jax() -> None:
    """Starts jax with one thread for its arithmetic; it takes as many as it finds processors then. On Linux only."""
    try:
        import jax
    except ImportError:
        return
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        jax.devices()
    finally:
        for thread in Path("/proc/self/task").iterdir():  # they may wander again, as torch's may
            os.sched_setaffinity(int(thread.name), allowed)


UNROLLED = (1, 2)
"""Steps in a turn of jax's loop. With one, XLA copies matrices that are read behind their new values, at n = 1024 as long again
as the step; with two it copies few, but evaluates the oscillators of one step twice."""


class JaxScan:
    """The step of H′ compiled by jax with the loop over the stream: one call, of `UNROLLED` the fastest. Raises NotThereYet
    without jax."""

    def __init__(self, workload: Workload, order: str) -> None:
        try:
            import jax
        except ImportError:
            raise NotThereYet("jax is not installed (pip install jax)") from None
        self.workload, self.jax = workload, jax
        draw = {name: jax.numpy.asarray(value.numpy()) for name, value in workload.draw().items()}
        state, n = {}, (workload.batch, workload.sizes["n"])
        if workload.kind == "rnn":
            state = {"h": jax.numpy.zeros(n)}
        elif workload.kind == "oscillators":
            state = {"a": jax.numpy.ones(n), "b": jax.numpy.zeros(n)}
        zero = {name: jax.numpy.zeros_like(value) for name, value in (*draw.items(), *state.items())}
        self.carried = (state, {k: zero[k] for k in state}, draw, {k: zero[k] for k in draw})
        self.scans = [
            jax.jit(lambda carried, us, vs, unroll=unroll: jax.lax.scan(self._step(order), carried, (us, vs), unroll=unroll))
            for unroll in UNROLLED
        ]
        self.ready: dict[int, Any] = {}

    def _step(self, order: str) -> Callable[..., Any]:
        settings, jax, kind = self.workload.settings, self.jax, self.workload.kind
        tau, eta, beta, share = settings.tau, settings.eta, settings.beta, 1 / self.workload.batch
        flow, read, cost = jax_model(jax, kind)

        def each(function: Callable[..., Any], *trees: Any) -> Any:
            return jax.tree_util.tree_map(function, *trees)

        def step(carried: Any, sample: Any) -> Any:
            h, z, theta, omega = carried
            u, v = sample
            f, pull = jax.vjp(lambda h, theta: flow(h, theta, u), h, theta)
            moved = each(lambda x, dx: x + tau * dx, h, f)
            at = moved if order == "sequential" else h
            (costs, y), (of_h, of_theta) = _with_aux(jax, lambda h, theta: cost(read(h, theta, u), v), at, theta)
            by_h = jax.vjp(lambda h: flow(h, theta, u), at)[1](z)[0] if h else {}
            z_new = each(lambda z, a, b: (1 - tau * eta) * z + tau * (a + b), z, of_h, by_h)
            back = pull(z_new if order == "sequential" else z)[1] if h else each(lambda p: 0 * p, theta)
            omega = each(lambda w, a, b: (1 - tau * eta) * w + tau * share * (a + b), omega, of_theta, back)
            theta = each(lambda p, w: p - tau * beta * w, theta, omega)
            return (moved, z_new, theta, omega), (y, costs)

        return step

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Any]:
        """y (steps, batch, d) and the cost of each stream, as jax's arrays; the stream is handed over before the first run."""
        steps = len(stream["u"])
        if steps not in self.ready:
            samples = [self.jax.numpy.asarray(stream[name].numpy()) for name in ("u", self.workload.target)]
            self.ready[steps] = min(self.scans, key=lambda scan: self._seconds(scan, samples)), samples
        scan, samples = self.ready[steps]
        self.carried, (y, costs) = scan(self.carried, *samples)
        self.jax.block_until_ready(y)
        return {"y": y, "fit": costs}

    def _seconds(self, scan: Any, samples: Sequence[Any]) -> float:
        """The least of three runs, once it is compiled; what is carried stays as it is."""
        taken = []
        for _ in range(4):
            start = perf_counter()
            self.jax.block_until_ready(scan(self.carried, *samples))
            taken.append(perf_counter() - start)
        return min(taken[1:])


def _with_aux(jax: Any, function: Callable[..., Any], h: Any, theta: Any) -> tuple[Any, Any]:
    """The values, and the gradients of their sum over the streams by state and parameters."""

    def total(h: Any, theta: Any) -> Any:
        costs, y = function(h, theta)
        return costs.sum(), (costs, y)

    gradients, found = jax.grad(total, argnums=(0, 1), has_aux=True)(h, theta)
    return found, gradients


def jax_model(jax: Any, kind: str) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Dynamics, output and cost of each stream, of a workload."""
    tanh = jax.numpy.tanh

    @jax.custom_vjp
    def linear(x: Any, W: Any) -> Any:
        """``x Wᵀ``; jax's own pullback goes by Wᵀ, which at n = 1024 and batch 1 takes four times as long."""
        return x @ W.T

    linear.defvjp(lambda x, W: (x @ W.T, (x, W)), lambda kept, q: (q @ kept[1], q.T @ kept[0]))

    def squared(y: Any, v: Any) -> Any:
        return 0.5 * ((y - v) ** 2).sum(-1), y

    if kind == "rnn":
        return (
            lambda h, p, u: {"h": -h["h"] + tanh(linear(h["h"], p["W"]) + linear(u, p["U"]) + p["b"])},
            lambda h, p, u: linear(h["h"], p["C"]),
            squared,
        )
    if kind == "oscillators":
        return (
            lambda h, p, u: {
                "a": -ALPHA * h["a"] + p["omega"] * h["b"] + linear(u, p["Ba"]),
                "b": -p["omega"] * h["a"] - ALPHA * h["b"] + linear(u, p["Bb"]),
            },
            lambda h, p, u: linear(h["a"], p["Ca"]) + linear(h["b"], p["Cb"]),
            squared,
        )

    def layers(h: Any, p: Any, u: Any) -> Any:
        first = tanh(linear(u, p["W1"]) + p["b1"])
        return linear(tanh(linear(first, p["W2"]) + p["b2"]), p["W3"]) + p["b3"]

    def entropy(y: Any, c: Any) -> Any:
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(y), c[:, None], 1)[:, 0], y

    return lambda h, p, u: {}, layers, entropy
