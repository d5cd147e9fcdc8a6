"""Telling: how a step of a generated module tells its costs, by the fewest calls where no target is missing."""

from __future__ import annotations

from typing import Any, Protocol

from hdsl.derive.replay import TOKEN
from hdsl.emit.names import Names
from hdsl.model.model import Model
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, is_slot, ordered_terms, slot_name

SQUARE = '''

def _mean_square(self, error, *present):
    """`_mean` of ‖e‖² of each stream. Of a single stream that is one product, for a small step is made of calls."""
    if self.batch == 1 and self._all_given(present):
        error = error.view(-1)
        return torch.dot(error, error)
    return self._mean(torch.linalg.vecdot(error, error), *present)'''
ENTROPY = '''

def _mean_entropy(self, scores, chosen, present):
    """`_mean` of the cross entropy of each stream."""
    if self._all_given((present,)):
        return nn.functional.cross_entropy(scores, chosen)
    return self._mean(nn.functional.cross_entropy(scores, chosen, reduction="none"), present)'''


class Told(Protocol):
    """What of `hdsl.emit.facts.Facts` tells of costs."""

    model: Model
    names: Names
    programs: Any
    marks: list[str]

    @property
    def sample(self) -> list[str]: ...


def tells_half(facts: Told) -> bool:
    """Whether a step tells a cost ½ ‖e‖²: the ½ is a tensor then, for of a number torch would make one each time."""
    return any(_square(facts, cost)[1] for cost in facts.model.costs)


def told_fields(facts: Told) -> dict[str, str]:
    """What the text of `hdsl.emit.skeleton` leaves open of costs."""
    outputs, costs = len(facts.model.outputs), list(facts.model.costs)
    texts = [f'"{cost}": {_mean(facts, cost, place)}' for place, cost in enumerate(costs)]
    worked_out = any("(told[" in text or ": told[" in text for text in texts)
    return {
        "costs": "{" + ", ".join(texts) + "}",
        "told": f"\n        told = self._costs(made[{outputs}:], sample)" if worked_out else "",
        "means": SQUARE * any("_mean_square(" in t for t in texts) + ENTROPY * any("_mean_entropy(" in t for t in texts),
    }


def _mean(facts: Told, cost: str, place: int) -> str:
    """The mean of a cost; ``sample[k]`` are the marks of the targets that it needs."""
    definition = next(d for d in facts.model.definitions if d.name == cost)
    if definition.shared:
        return f"told[{place}].clone()"
    names = [*(f"present:{v}" for v in facts.model.targets_of[cost]), *(name for name in facts.marks if name == TOKEN)]
    marks = "".join(f", sample[{facts.sample.index(name)}]" for name in names)
    error, half = _square(facts, cost)
    if error:
        return f"self._mean_square({error}{marks})" + '.mul_(self._buffers["halved"])' * half
    scores, target = _entropy(facts, cost)
    if scores and names == [f"present:{target}"]:
        return f"self._mean_entropy({scores}, sample[{facts.sample.index(target)}]{marks})"
    return f"self._mean(told[{place}]{marks})"


def _made(facts: Told, name: str) -> str:
    """What a step hands on under a name: ``made[1]``, or nothing."""
    given = [line.name for line in facts.programs.costs.given if not line.shared]
    names = [line.name for line in facts.programs.costs.given]
    return f"made[{len(facts.model.outputs) + names.index(name)}]" if name in given else ""


def _line(facts: Told, cost: str) -> Definition | None:
    program = facts.programs.costs
    name = program.results[list(facts.model.costs).index(cost)]
    return next((line for line in program.lines if line.name == name), None)


def _square(facts: Told, cost: str) -> tuple[str, bool]:
    """Where a step hands on the vector e of a cost that is ‖e‖² or ½ ‖e‖², and whether it is half; nothing where it is not."""
    line = _line(facts, cost)
    if line is None or line.shared or line.indices or not isinstance(line.body, Contraction):
        return "", False
    body, half = line.body, line.body.coefficient * 2 == 1
    alike = len(body.factors) == 2 and body.factors[0] == body.factors[1] and len(body.bound) == 1
    error = _made(facts, slot_name(body.factors[0])) if alike and (half or body.coefficient == 1) else ""
    return error, bool(error and half)


def _entropy(facts: Told, cost: str) -> tuple[str, str]:
    """Where a step hands on the scores of a cost that is their cross entropy, and the target that chooses of them."""
    line, lines = _line(facts, cost), {line.name: line for line in facts.programs.costs.lines}
    if line is None or line.shared or line.indices or not isinstance(line.body, Elementwise):
        return "", ""
    rows: dict[str, tuple[str, ...]] = {}
    for term in ordered_terms(line.body.expression):
        sign, occurrence = ("", term) if is_slot(term) else ("-", -term)
        source = lines.get(slot_name(occurrence)) if is_slot(occurrence) else None
        if source is None or not isinstance(source.body, Structured):
            return "", ""
        rows[sign + source.body.row] = source.body.operands
    if rows.keys() != {"logsumexp", "-pick"} or rows["logsumexp"] != rows["-pick"][:1]:
        return "", ""
    scores, chosen = rows["-pick"]
    return (_made(facts, scores), chosen) if chosen in facts.sample else ("", "")
