"""``python -m benchmarks.paper.campaign``: the paper's campaign, every net and form and setting beside torch.optim.SGD.

Linear and MLP on iris, ResNet and ViT on images, RNN and LSTM on sequences; each as output network, as state network, and
split; with the paper's four settings, one sample at a time, in float64. hdsl's nets are the files of ham/, torch's are
`campaign_nets`; both begin with the same weights and meet the same samples, and their weights are compared after each. Beside
them goes torch from weights that differ in their last bit: how much of a difference round-off may become along that way.
The command fails where a weight differs by more than 1e-12.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import hdsl
from benchmarks.measure import machine, table
from benchmarks.paper import campaign_data as data
from benchmarks.paper import campaign_nets as nets
from benchmarks.paper import pages
from benchmarks.paper.campaign_data import Samples

HAM = Path(__file__).parent / "ham"
ASKED = 1e-12
FORMS = ("output", "state", "split")


@dataclass(frozen=True)
class Setting:
    """A setting of torch.optim.SGD, and the step τ of hdsl's net."""

    name: str
    lr: float
    momentum: float
    dampening: float
    tau: float


SETTINGS = (
    Setting("GD-a", 0.01, 0.0, 0.0, 1.0),
    Setting("GD-b", 0.001, 0.0, 0.0, 0.5),
    Setting("Mom-a", 0.01, 0.05, 0.6, 1.0),
    Setting("Mom-b", 0.01, 0.1, 0.5, 0.5),
)


@dataclass(frozen=True)
class Net:
    """A net of the campaign: its samples by name, its sizes in ham/ by what the samples are, and torch's net."""

    name: str
    samples: str
    passes: int
    sizes: Callable[[Samples], dict[str, int]]
    torch: Callable[[int, int], nets.Reference]
    forms: tuple[str, ...] = FORMS
    reads: str = "vector"


def _vector(samples: Samples) -> dict[str, int]:
    return {"d": len(samples.u[0]), "k": samples.classes}


def _image(samples: Samples) -> dict[str, int]:
    return {"half": math.isqrt(len(samples.u[0])) // 2, "k": samples.classes}


def _patches(samples: Samples) -> dict[str, int]:
    return {"patch": math.isqrt(len(samples.u[0])) // 4, "k": samples.classes}


def _sequence(samples: Samples) -> dict[str, int]:
    return {"m": samples.u[0].shape[1], "k": samples.classes}


NETS = (
    Net("linear", "iris", 10, _vector, nets.Linear, ("output", "state")),
    Net("mlp", "iris", 10, _vector, nets.Perceptron),
    Net("resnet", "images", 5, _image, nets.Residual),
    Net("vit", "images", 5, _patches, nets.Transformer),
    Net("rnn", "sequences", 5, _sequence, nets.rnn, reads="sequence"),
    Net("lstm", "sequences", 5, _sequence, nets.lstm, reads="sequence"),
)


@dataclass(frozen=True)
class Seen:
    """What a net made of a sample before learning from it."""

    cost: float
    right: bool


@cache
def compiled(name: str, settings: tuple[tuple[str, float | str], ...], sizes: tuple[tuple[str, int], ...]) -> Any:
    """The module that hdsl makes of a file of ham/; its lr, momentum, dampening and τ are told to each instance."""
    return hdsl.load(HAM / f"{name}.ham", settings=dict(settings), **dict(sizes)).compile(dtype=torch.float64)


class ByHdsl:
    """A form of a net, by hdsl: online from vectors, by replay from sequences; an output network takes these whole."""

    def __init__(self, net: Net, form: str, setting: Setting, samples: Samples, **settings: float | str) -> None:
        sizes, self.tokens = net.sizes(samples), 0
        if net.reads == "sequence" and form == "output":
            sizes["tokens"] = self.tokens = samples.tokens
        self.replays = net.reads == "sequence" and form != "output"
        made = compiled(f"{net.name}_{form}", tuple(settings.items()), tuple(sizes.items()))
        self.net = made(batch=1, lr=setting.lr, momentum=setting.momentum, dampening=setting.dampening, tau=setting.tau)

    def begin(self, weights: Mapping[str, Tensor]) -> None:
        named = dict(self.net.named_parameters())
        if named.keys() != weights.keys():
            raise ValueError(f"parameters differ in name: {sorted(named.keys() ^ weights.keys())}")
        with torch.no_grad():
            for name, value in named.items():
                value.copy_(weights[name])

    def learn(self, u: Tensor, c: int) -> Seen:
        if self.replays:
            last = torch.arange(len(u)) == len(u) - 1
            target = torch.where(last, c, -1)[:, None]
            told = self.net.run({"u": u[:, None], "c": target, "boundary": last})
            return Seen(float(told["class"][-1]), int(told["y"][-1].argmax()) == c)
        u = data.padded(u, self.tokens) if self.tokens else u
        y, costs = self.net.step(u=u[None], c=torch.tensor([c]))
        return Seen(float(costs["class"]), int(y.argmax()) == c)

    def weights(self) -> dict[str, Tensor]:
        return dict(self.net.named_parameters())


class ByTorch:
    """A net in plain torch, with autograd and torch.optim.SGD."""

    def __init__(self, net: Net, setting: Setting, samples: Samples) -> None:
        torch.manual_seed(0)
        self.net = net.torch(samples.u[0].shape[-1], samples.classes).double()
        learned = [p for p in self.net.parameters() if p.requires_grad]
        self.optimiser = torch.optim.SGD(learned, setting.lr, setting.momentum, setting.dampening)

    def nudge(self) -> ByTorch:
        """Every weight becomes the next number above it."""
        with torch.no_grad():
            for p in self.optimiser.param_groups[0]["params"]:
                p.copy_(torch.nextafter(p, torch.tensor(torch.inf, dtype=p.dtype)))
        return self

    def learn(self, u: Tensor, c: int) -> Seen:
        logits = self.net(u)
        cost = F.cross_entropy(logits[None], torch.tensor([c]))
        self.optimiser.zero_grad()
        cost.backward()
        self.optimiser.step()
        return Seen(float(cost.detach()), int(logits.argmax()) == c)

    def weights(self) -> dict[str, Tensor]:
        return dict(self.net.named())


def apart(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    """The largest difference of a weight; nan where one is."""
    return float(torch.stack([(ours[name].detach() - theirs[name].detach()).abs().max() for name in theirs]).max())


@dataclass
class Trial:
    """A net with a setting: after each sample, how far each form and the nudged torch have come apart from torch.

    ``costs`` and ``right`` are those of hdsl's first form, each sample before it was learned from; ``moved`` is how far the
    farthest weight is from where it began, in the end.
    """

    net: Net
    setting: Setting
    samples: Samples
    apart: dict[str, list[float]]
    nudged: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    moved: float = 0.0

    def largest(self, form: str) -> float:
        return max(self.apart[form], key=lambda value: math.inf if math.isnan(value) else value)

    @property
    def holds(self) -> bool:
        return all(self.largest(form) <= ASKED for form in self.apart)

    def cost(self, part: int) -> float:
        """The mean cost of the first (0) or the last (−1) pass."""
        size = len(self.samples.u)
        return fmean(self.costs[:size] if part == 0 else self.costs[-size:])

    @property
    def accuracy(self) -> float:
        """Of the last pass."""
        return fmean(self.right[-len(self.samples.u) :])


def trial(
    net: Net, setting: Setting, samples: Samples, passes: int, forms: Sequence[str] | None = None, **settings: float | str
) -> Trial:
    """All forms of a net beside torch, a sample at a time; ``settings`` are told to the files of ham/ besides."""
    ours = {form: ByHdsl(net, form, setting, samples, **settings) for form in forms or net.forms}
    theirs, nudged = ByTorch(net, setting, samples), ByTorch(net, setting, samples).nudge()
    start = {name: value.detach().clone() for name, value in theirs.weights().items()}
    for each in ours.values():
        each.begin(start)
    found = Trial(net, setting, samples, {form: [] for form in ours})
    for _ in range(passes):
        for u, c in zip(samples.u, samples.c, strict=True):
            seen = [each.learn(u, c) for each in ours.values()]
            theirs.learn(u, c)
            nudged.learn(u, c)
            weights = theirs.weights()
            for form, each in ours.items():
                found.apart[form].append(apart(each.weights(), weights))
            found.nudged.append(apart(nudged.weights(), weights))
            found.costs.append(seen[0].cost)
            found.right.append(seen[0].right)
    found.moved = apart(theirs.weights(), start)
    return found


HEAD = ["net", "setting", *FORMS, "1 ulp", "moved", "first pass", "last pass", "right"]


def figure(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}"


def row(found: Trial) -> list[str]:
    """Differences by form, then what a nudge of the last bit becomes, and what was learned."""
    cells = [found.net.name, found.setting.name]
    for form in FORMS:
        held = form not in found.apart or found.largest(form) <= ASKED
        cells.append(figure(found.largest(form)) + ("" if held else " NOT HELD") if form in found.apart else "")
    learned = [f"{found.cost(0):.4f}", f"{found.cost(-1):.4f}", f"{found.accuracy:.0%}"]
    return [*cells, figure(max(found.nudged)), f"{found.moved:.2g}", *learned]


def damped(samples: Samples, passes: int) -> list[Trial]:
    """What the first sample decides: the MLP with momentum and `first = damped`, where torch's first gradient is not."""
    mlp = next(net for net in NETS if net.name == "mlp")
    return [trial(mlp, setting, samples, passes, first="damped") for setting in SETTINGS if setting.dampening]


def draw(found: Sequence[Trial], folder: Path = pages.FOLDER) -> None:
    """Above the mean cost of each pass, below the largest difference of any form after each sample, a column a net."""
    chosen = [net for net in NETS if any(each.net is net for each in found)]
    with pages.drawing("campaign", 2, len(chosen), (10.0, 4.6), folder, squeeze=False, sharey="row") as axes:
        for column, net in enumerate(chosen):
            above, below = axes[:, column]
            for colour, each in enumerate(each for each in found if each.net is net):
                size = len(each.samples.u)
                means = [fmean(each.costs[i : i + size]) for i in range(0, len(each.costs), size)]
                above.plot(range(1, len(means) + 1), means, color=f"C{colour}", marker="o", label=each.setting.name)
                worst = [max(values) for values in zip(*each.apart.values(), strict=True)]
                for values, line in ((worst, "-"), (each.nudged, ":")):
                    below.semilogy(range(1, len(values) + 1), [v or math.nan for v in values], line, color=f"C{colour}", lw=0.8)
            below.axhline(ASKED, color="0.4", lw=0.8)
            above.set(title=net.name, xlabel="pass")
            below.set(xlabel="samples", ylim=(1e-17, 3e-12))
        axes[0, 0].set_ylabel("mean cost of a pass")
        axes[1, 0].set_ylabel("largest difference of a weight\n(dotted: torch, nudged by 1 ulp)")
        axes[0, 0].legend()


def samples_of(given: argparse.Namespace, wanted: set[str]) -> dict[str, Samples]:
    """Those wanted of iris, images and sequences: the user's files where they are given, else what packages hold."""
    if bool(given.imdb) != bool(given.glove):
        raise ValueError("--imdb and --glove belong together: reviews are read as vectors of their words")
    readers: dict[str, Callable[[], Samples]] = {
        "iris": data.iris,
        "images": lambda: data.mnist(given.mnist) if given.mnist else data.digits(),
        "sequences": lambda: (
            data.reviews(given.imdb, given.glove, words=given.words) if given.imdb else data.vowels(given.vowels)
        ),
    }
    return {name: read() for name, read in readers.items() if name in wanted}


def arguments() -> argparse.ArgumentParser:
    reader = pages.arguments("campaign", __doc__)
    reader.add_argument("--nets", default=",".join(net.name for net in NETS), help="names with commas between")
    reader.add_argument("--mnist", type=Path, metavar="FOLDER", help="with MNIST's idx files, in place of the 8x8 digits")
    reader.add_argument("--imdb", type=Path, metavar="FOLDER", help="aclImdb, in place of Japanese Vowels; needs --glove")
    reader.add_argument("--glove", type=Path, metavar="FILE", help="vectors of words, glove.6B.50d.txt")
    reader.add_argument("--words", type=int, default=50, help="of a review at most")
    reader.add_argument("--vowels", type=Path, metavar="FOLDER", help="with JapaneseVowels_TRAIN.ts; else the package aeon's")
    return reader


def main() -> int:
    reader = arguments()
    given = pages.read(reader)
    asked: list[str] = given.nets.split(",")
    if unknown := set(asked) - {net.name for net in NETS}:
        reader.error(f"no net {', '.join(sorted(unknown))}; there are {', '.join(net.name for net in NETS)}")
    try:
        samples = samples_of(given, {"iris", *(net.samples for net in NETS if net.name in asked)})
    except (OSError, ValueError) as wrong:
        reader.error(str(wrong))
    if given.quick:
        samples = {name: data.shortened(each, 10) for name, each in samples.items()}
    found: list[Trial] = []
    for net in NETS:
        for setting in SETTINGS if net.name in asked else ():
            found.append(trial(net, setting, samples[net.samples], 1 if given.quick else net.passes))
            print("  ".join(row(found[-1])), file=sys.stderr, flush=True)
    without = damped(samples["iris"], 1)
    print(f"{machine(1)}\n\n{table(HEAD, [row(each) for each in found])}\n\nfirst = damped, one pass:\n")
    print(table(HEAD, [row(each) for each in without]))
    if given.docs:
        write(found, without)
    return 0 if all(each.holds for each in found) else 1


def write(found: Sequence[Trial], without: Sequence[Trial]) -> None:
    draw(found)
    told: dict[str, Any] = {each.net.samples: each.samples for each in found}
    made = {
        "made": pages.made_by("campaign"),
        "data": "".join(f"- {name}: {each.told}\n" for name, each in told.items()),
        "table": pages.markdown(HEAD, [row(each) for each in found]),
        "damped": pages.markdown(HEAD, [row(each) for each in without]),
    }
    pages.write("campaign", made)


if __name__ == "__main__":
    raise SystemExit(main())
