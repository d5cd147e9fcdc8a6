"""``python -m benchmarks.paper.layerwise``: a layer a tick on a held input (the paper's eq. 10), beside torch.autograd.

Nets of L layers by `schedule = layerwise`, in the three orders: after which tick all states are those of the feed-forward net,
and from which cycle of L ticks on the weight signal ω of every parameter is its gradient. β is 0, so the net stands still, and
`eta.param` is 1, so that ω is what one tick gives. The gradient is torch's on the feed-forward net; float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.paper.deep_nets import apart, cell, gradients, layers_of, made, sample, signals, text_of

ORDERS = ("simultaneous", "semi-implicit", "sequential")
QUICK, FULL = (1, 2, 3), (1, 2, 3, 5, 10, 20)
SHOWN = 5
"""The depth whose layers are plotted."""
EXACT = 1e-14
HEAD = ["order", "L", "states exact after tick", "ω exact from tick", "in cycle", "error a tick before", "error from then on"]


@dataclass(frozen=True)
class Found:
    """Of one net: the tick (from 1) after which the states are exact, and that from which on every ω is; errors around it.

    ``course`` has by parameter the error of ω after each tick.
    """

    order: str
    depth: int
    states: int
    tick: int
    before: float
    after: float
    course: dict[str, list[float]]

    @property
    def cycle(self) -> int:
        """The cycle, from 1, in which the tick stands."""
        return -(-self.tick // self.depth)

    @property
    def wanted(self) -> int:
        """The cycle that the schedule promises."""
        return self.depth if self.order == "sequential" else self.depth + 2

    @property
    def holds(self) -> bool:
        """Exact when promised, and not before."""
        return self.states == self.depth and self.cycle == self.wanted and self.after <= EXACT < self.before


def measured(order: str, depth: int, seed: int = 0) -> Found:
    """One net on one held sample, for two cycles more than it should take."""
    net = made(text_of(depth, "layerwise", {"order": order, "eta.param": 1, "beta": 0}), seed)
    u, v = sample(seed + 1)
    wanted = gradients(net, u, v)
    layers = {f"h{k}": h.detach() for k, h in enumerate(layers_of(dict(net.named_parameters()), u), 1)}
    course: dict[str, list[float]] = {name: [] for name in wanted}
    whole, wrong_states = [], 0
    for tick in range(1, depth * (depth + 4) + 1):
        net.step(u=u, v=v)
        found = signals(net)
        for name, value in wanted.items():
            course[name].append(apart({name: found[name]}, {name: value}))
        whole.append(max(errors[-1] for errors in course.values()))
        if apart({name: cell(net, name) for name in layers}, layers) > EXACT:
            wrong_states = tick
    last = max((k for k, error in enumerate(whole) if error > EXACT), default=-1)
    before = whole[last] if last >= 0 else 1.0
    return Found(order, depth, wrong_states + 1, last + 2, before, max(whole[last + 1 :], default=1.0), course)


def rows(found: Sequence[Found]) -> list[list[str]]:
    """The table, a net a row."""
    return [
        [
            each.order,
            str(each.depth),
            str(each.states),
            str(each.tick),
            f"{each.cycle} = L{f' + {each.cycle - each.depth}' if each.cycle > each.depth else ''}",
            f"{each.before:.1g}",
            f"{each.after:.1g}",
        ]
        for each in found
    ]


def draw(found: Sequence[Found]) -> None:
    """How the error of each layer falls, and the ticks that it takes by depth."""
    with pages.drawing("layerwise", columns=2) as (left, right):
        shown = next(each for each in found if each.depth == SHOWN and each.order == "simultaneous")
        for name, errors in shown.course.items():
            ticks = [k / SHOWN for k in range(1, len(errors) + 1)]
            left.semilogy(ticks, [max(error, 1e-17) for error in errors], label=name, drawstyle="steps-post")
        left.set(title=f"L = {SHOWN}, simultaneous: error of ω", xlabel="cycles of L ticks", ylabel="relative error")
        left.legend(ncol=2)
        for order in ("simultaneous", "sequential"):
            of = [each for each in found if each.order == order]
            right.loglog([each.depth for each in of], [each.tick for each in of], "o-", label=f"layerwise, {order}")
        depths = sorted({each.depth for each in found})
        right.loglog(depths, [2 * depth + 1 for depth in depths], "k:", label="a delay on every layer: 2L + 1")
        right.set(title="ticks until every ω is exact", xlabel="layers L", ylabel="ticks")
        right.legend()


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    given = pages.read(pages.arguments("layerwise", __doc__), argv)
    depths = QUICK if given.quick else FULL
    found = [measured(order, depth) for order in ORDERS for depth in depths]
    print(table(HEAD, rows(found)))
    if given.docs:
        draw(found)
        pages.write("layerwise", {"table": pages.markdown(HEAD, rows(found)), "made": pages.made_by("layerwise", argv)})
    return 0 if all(each.holds for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
