"""Replay beside backpropagation through time by torch.autograd, whole and truncated: the relative error of the parameters.

A tanh RNN, an LSTM and leaky units, each in .ham and by hand in torch, learn the same random sequence from the same parameters
in float64 (`benchmarks.replay` has both). The error is the largest difference of a parameter, relative to how far it went.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.replay import CELLS, CUTS, LENGTHS, error_of, stream_of

MOST = 1e-13
"""The error that is asked of every entry."""


@dataclass(frozen=True)
class Found:
    """The error of one net after one sequence, gone back through whole or after so many tokens."""

    net: str
    even: bool
    tokens: int
    cut: int | None
    error: float

    @property
    def holds(self) -> bool:
        return self.error <= MOST


def measured(nets: Sequence[str], lengths: Sequence[int]) -> Iterator[Found]:
    for net in nets:
        for even in (True, False):
            for tokens in lengths:
                for cut in CUTS:
                    yield Found(net, even, tokens, cut, error_of(net, stream_of(tokens, even), cut))


def rows_of(found: Sequence[Found]) -> tuple[list[str], list[list[str]]]:
    """A row for each net, τ and length, a column for each way to cut the sequence."""
    rows: dict[tuple[str, bool, int], dict[int | None, str]] = {}
    for one in found:
        rows.setdefault((one.net, one.even, one.tokens), {})[one.cut] = f"{one.error:.0e}"
    head = ["net", "τ", "T", *("whole" if cut is None else f"replay({cut})" for cut in CUTS)]
    told = ((net, even, tokens, [row[cut] for cut in CUTS]) for (net, even, tokens), row in rows.items())
    return head, [[net, "even" if even else "uneven", str(tokens), *cells] for net, even, tokens, cells in told]


def draw(found: Sequence[Found]) -> None:
    with pages.drawing("bptt", 1, 2, sharey=True) as axes:
        for axis, cut, title in zip(axes, (None, 20), ("whole", "replay(20)"), strict=True):
            for k, net in enumerate(dict.fromkeys(one.net for one in found)):
                for even, line in ((True, "-"), (False, "--")):
                    of = [one for one in found if (one.net, one.even, one.cut) == (net, even, cut)]
                    told = f"{net}, {'even' if even else 'uneven'} τ"
                    errors = [max(one.error, 1e-17) for one in of]
                    axis.loglog([one.tokens for one in of], errors, line, color=f"C{k}", label=told)
            axis.axhline(MOST, color="0.6", linewidth=0.8)
            axis.set(xlabel="tokens", title=f"error of the parameters, {title}")
        axes[0].legend(fontsize=6)


def main(given: Sequence[str] | None = None) -> int:
    chosen = pages.read(pages.arguments("bptt", __doc__), given)
    torch.set_num_threads(1)
    found = list(measured(("rnn",), (40,)) if chosen.quick else measured(tuple(CELLS), LENGTHS))
    head, rows = rows_of(found)
    print(table(head, rows))
    if chosen.docs:
        draw(found)
        worst = f"The worst of all is {max(one.error for one in found):.0e}."
        pages.write("bptt", {"table": pages.markdown(head, rows), "worst": worst, "made": pages.made_by("bptt")})
    return 0 if all(one.holds for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
