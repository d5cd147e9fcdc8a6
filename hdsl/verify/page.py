"""Page: a certificate as one HTML file, in the style of the other pages, its equations as MathML."""

from __future__ import annotations

from dataclasses import dataclass

from hdsl.compiler import VERSION, Compiler
from hdsl.emit.content import content_hash
from hdsl.show.html import fill
from hdsl.verify.certificate import Certificate
from hdsl.verify.judgement import REASONS, Judge
from hdsl.verify.lines import TITLES, bound, by_equation, columns, conditions
from hdsl.verify.spelt import spelt


@dataclass(frozen=True)
class Line:
    """An equation: words with formulas in them, or plain text where nothing spells it, and what each judge says."""

    words: str
    cells: tuple[str, ...]
    remarks: tuple[str, ...]
    ok: bool


@dataclass(frozen=True)
class Table:
    """A group of equations, a column a judge."""

    title: str
    judges: tuple[Judge, ...]
    lines: tuple[Line, ...]


def certificate_html(certificate: Certificate, compiler: Compiler, command: str = "") -> str:
    """The certificate of a compiler's model as one HTML file that needs no network; the same for the same certificate.

    Args:
        command: makes it again.
    """
    return fill(
        "certificate.html",
        certificate=certificate,
        model=compiler.model,
        conditions=conditions(certificate),
        tables=_tables(certificate, compiler),
        judges=[(judge, bound(judge), REASONS[judge]) for judge in certificate.judges],
        command=command,
        version=VERSION,
        content=content_hash(compiler.model),
    )


def _tables(certificate: Certificate, compiler: Compiler) -> list[Table]:
    words = spelt(compiler, "latex", any(row.group == "pullback" for row in certificate.rows))
    made = []
    for group, title in TITLES.items():
        own = [row for row in certificate.rows if row.group == group]
        judges = columns(own)
        lines = []
        for name, rows in by_equation(own).items():
            cells = tuple(rows[judge].shown if judge in rows else "·" for judge in judges)
            remarks = tuple(row.remark for row in rows.values() if row.remark)
            lines.append(Line(words[group].get(name, name), cells, remarks, all(row.ok for row in rows.values())))
        if own:
            made.append(Table(title, tuple(judges), tuple(lines)))
    return made
