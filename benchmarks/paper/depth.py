"""``python -m benchmarks.paper.depth``: bytes held by a net of 1 to 100 layers, between steps and within one, beside autograd.

Three ways to learn the same feed-forward net from the same samples, with momentum: every layer delayed
(models/deep_delayed.ham), nothing delayed (deep_output.ham here), and torch.autograd with torch.optim.SGD. Bytes are counted,
not read from the system: every storage that an operation makes is counted from then until it is freed.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import hdsl
from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.paper.credit import FOLDER

DEPTHS = (1, 2, 5, 10, 20, 50, 100)
BATCHES = (1, 32)
WIDE, CLASSES, PIXELS = 32, 10, 64
WAYS = ("delayed", "output", "autograd")
HEAD = [
    "streams",
    "hidden layers",
    *(f"{way}, {what}" for way in WAYS for what in ("held", "in a step")),
    "saved for backward",
]


class Counted(TorchDispatchMode):
    """Counts the bytes of storages made within it, while they live: ``now`` and at most so far, ``peak``."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.seen = {weakref.ref(each.untyped_storage()) for each in known}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple | list) else (made,):
            if isinstance(each, Tensor):
                self.count(each.untyped_storage())
        return made

    def count(self, storage: Any) -> None:
        if weakref.ref(storage) in self.seen:
            return
        size = storage.nbytes()

        def freed(reference: Any) -> None:
            self.seen.discard(reference)
            self.now -= size

        self.seen.add(weakref.ref(storage, freed))
        self.now += size
        self.peak = max(self.peak, self.now)


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """The bytes of the storages under tensors, each once."""
    sizes = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}
    return sum(sizes.values())


@dataclass(frozen=True)
class Held:
    """Bytes between two steps, at most besides within a step, and saved for the way back where autograd goes one."""

    between: int
    within: int
    saved: int | None = None


def measured(step: Callable[[], object], holds: Callable[[], list[Tensor]], saved: int | None = None) -> Held:
    """What is held around a step, the third one: the first ones make what is made once."""
    step()
    step()
    gc.collect()
    known = holds()
    with Counted(known) as counted:
        step()
    return Held(bytes_of(known), counted.peak, saved)


def sample(batch: int) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(0)
    return torch.rand(batch, PIXELS, generator=drawn), torch.randint(CLASSES, (batch,), generator=drawn)


@cache
def compiled(way: str, depth: int) -> Any:
    path = "deep_delayed" if way == "delayed" else FOLDER / "deep_output.ham"
    settings = {"eta.param": 0.1} if way == "delayed" else {}
    return hdsl.load(path, settings=settings, depth=depth, n=WIDE).compile(dtype=torch.float32)


def generated(way: str, depth: int, batch: int) -> Held:
    """Of a generated module: parameters, ω, states and costates, and whatever else it keeps."""
    net = compiled(way, depth)(batch=batch, seed=0)
    u, c = sample(batch)
    return measured(lambda: net.step(u=u, c=c), lambda: [*tensors_of(net), u, c])


def tensors_of(net: nn.Module) -> list[Tensor]:
    """All that a module keeps: parameters and buffers, not those that only say how states begin."""
    kept = [(name, each) for name, each in (*net.named_parameters(), *net.named_buffers())]
    return [each.detach() for name, each in kept if not name.startswith("initial.")]


def by_autograd(depth: int, batch: int) -> Held:
    """Of torch: parameters, their gradients and momenta; activations live within a step."""
    layers: list[nn.Module] = [nn.Linear(PIXELS, WIDE), nn.ReLU()]
    for _ in range(depth):
        layers += [nn.Linear(WIDE, WIDE), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(WIDE, CLASSES, bias=False))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, foreach=False)
    u, c = sample(batch)

    def step() -> None:
        optimiser.zero_grad(set_to_none=False)  # gradients stay, as ω does
        nn.functional.cross_entropy(net(u), c).backward()
        optimiser.step()

    def holds() -> list[Tensor]:
        momenta = [each["momentum_buffer"] for each in optimiser.state.values()]
        gradients = [each.grad for each in net.parameters() if each.grad is not None]
        return [*(each.detach() for each in net.parameters()), *gradients, *momenta, u, c]

    kept: list[Tensor] = []

    def keep(each: Tensor) -> Tensor:
        kept.append(each.detach())
        return each

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda each: each):
        nn.functional.cross_entropy(net(u), c)
    own = {each.untyped_storage().data_ptr() for each in (*net.parameters(), u, c)}
    saved = bytes_of(each for each in kept if each.untyped_storage().data_ptr() not in own)
    return measured(step, holds, saved)


def held(way: str, depth: int, batch: int) -> Held:
    return by_autograd(depth, batch) if way == "autograd" else generated(way, depth, batch)


Table = dict[int, dict[str, Held]]
"""What was held, by depth and way."""


def numbers(each: dict[str, Held]) -> np.ndarray:
    """KiB: held between steps and besides within one, of each way, and what autograd saves."""
    found = [count for way in WAYS for count in (each[way].between, each[way].within)]
    return np.array([*found, each["autograd"].saved]) / 1024


def rows(found: dict[int, Table]) -> list[list[str]]:
    """A row a depth; then, by streams, what a layer more takes, between the two deepest."""
    made = []
    for batch, by_depth in found.items():
        made += [[str(batch), str(depth), *(f"{kib:.1f}" for kib in numbers(each))] for depth, each in by_depth.items()]
        (first, before), (last, after) = list(by_depth.items())[-2:]
        slopes = (numbers(after) - numbers(before)) / (last - first)
        made.append([str(batch), "a layer more", *(f"{slope:.2f}" for slope in slopes)])
    return made


def draw(axes: Any, found: dict[int, Table]) -> None:
    for axis, (batch, by_depth) in zip(axes, found.items(), strict=True):
        for way, colour in zip(WAYS, ("C0", "C1", "C2"), strict=True):
            held, whole = (
                [scale(each[way]) / 1024 for each in by_depth.values()]
                for scale in (lambda h: h.between, lambda h: h.between + h.within)
            )
            axis.loglog(list(by_depth), whole, "o-", color=colour, label=f"{way}, at most")
            axis.loglog(list(by_depth), held, "--", color=colour, label=f"{way}, between steps")
        axis.set(title=f"{batch} stream{'s' * (batch > 1)}", xlabel="hidden layers")
    axes[0].set_ylabel("KiB")
    axes[0].legend()


def main() -> int:
    given = pages.read(pages.arguments("depth", __doc__))
    torch.set_num_threads(1)
    depths: Sequence[int] = DEPTHS[:3] if given.quick else DEPTHS
    found: dict[int, Table] = {
        batch: {depth: {way: held(way, depth, batch) for way in WAYS} for depth in depths} for batch in BATCHES
    }
    print(f"KiB, float32, {WIDE} units a layer\n{table(HEAD, rows(found))}")
    if given.docs:
        with pages.drawing("depth", columns=2) as axes:
            draw(axes, found)
        pages.write("depth", {"table": pages.markdown(HEAD, rows(found)), "made": pages.made_by("depth")})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
