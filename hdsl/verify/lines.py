"""Lines: a certificate as text. One line an equation, a column a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hdsl.derive.step import ORDERS
from hdsl.verify.certificate import Certificate
from hdsl.verify.continuous import BATCHES
from hdsl.verify.judgement import REASONS, TOLERANCES, Group, Judge, Row

TITLES: Mapping[Group, str] = {
    "equations": "Hamilton's equations",
    "step": "one step of the generated module",
    "pullback": "the gradient to its inputs",
}
WIDTH = 64
COLUMN = 13


def certificate_lines(certificate: Certificate) -> list[str]:
    """The certificate, a line of text an entry."""
    lines = [headline(certificate), conditions(certificate)]
    for group, title in TITLES.items():
        own = [row for row in certificate.rows if row.group == group]
        if own:
            lines += ["", *_table(title, own)]
    lines.append("")
    if certificate.judges:
        lines.append("relative errors, and exponents as they were measured, the worst of all points, judged by")
    lines += [f"  {judge:<12} {bound(judge):<16} {REASONS[judge]}" for judge in certificate.judges]
    lines += [f"  {note}" for note in certificate.notes]
    lines += [f"  not judged: {fault}" for fault in certificate.faults]
    for row in certificate.rows:
        if not row.ok:
            lines.append(f"  wrong: {row.equation}  by {row.judge} {row.shown}{row.remark and ': '}{row.remark}")
    return [*lines, "", f"{certificate.model}: {certificate.verdict}"]


def headline(certificate: Certificate) -> str:
    """What was judged."""
    sizes = "".join(f", {name} = {number}" for name, number in certificate.sizes.items())
    how = f"{certificate.order} order" if certificate.order in ORDERS else certificate.order
    return f"{certificate.model}: {how}{sizes}"


def conditions(certificate: Certificate) -> str:
    """At how many points, and which."""
    batches = " and ".join(map(str, BATCHES))
    return f"float64, batches of {batches}, {certificate.points} random points each, seed {certificate.seed}"


def bound(judge: Judge) -> str:
    """What a judge allows."""
    if judge in ("change", "remainder", "order"):
        return f"within {TOLERANCES[judge]:g}"
    return f"at most {TOLERANCES[judge]:.0e}"


def by_equation(rows: Sequence[Row]) -> dict[str, dict[Judge, Row]]:
    """The rows of each equation by its name, in their order."""
    found: dict[str, dict[Judge, Row]] = {}
    for row in rows:
        found.setdefault(row.name, {})[row.judge] = row
    return found


def columns(rows: Sequence[Row]) -> list[Judge]:
    """The judges of some rows, in the order of their columns."""
    return [judge for judge in TOLERANCES if any(row.judge == judge for row in rows)]


def _table(title: str, rows: Sequence[Row]) -> list[str]:
    """A line an equation, a column a judge; a long equation has a line before its errors."""
    judges = columns(rows)
    width = min(WIDTH, max(len(title), *(len(row.equation) + 2 for row in rows)))
    lines = [f"{title:<{width}}" + "".join(f"{judge:>{COLUMN}}" for judge in judges)]
    for found in by_equation(rows).values():
        equation = "  " + next(iter(found.values())).equation
        if len(equation) > width:
            lines.append(equation)
            equation = ""
        told = [found[judge].shown if judge in found else "·" for judge in judges]
        mark = "" if all(row.ok for row in found.values()) else "   wrong"
        lines.append(f"{equation:<{width}}" + "".join(f"{text:>{COLUMN}}" for text in told) + mark)
    return lines
