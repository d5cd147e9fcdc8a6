"""Notebook: a model, its Hamiltonian and its equations as a notebook shows them: the derivation, or the part of it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from hdsl.audit.audit import Audit
from hdsl.derive.equations import Equations, derive_equations
from hdsl.derive.hamiltonian import Hamiltonian, build_hamiltonian
from hdsl.derive.shown import Layout
from hdsl.derive.step import build_step
from hdsl.model.model import Model
from hdsl.show.audit import audit_html, audit_markdown
from hdsl.show.derivation import derivation_page
from hdsl.show.html import fill
from hdsl.show.latex import aligned, worded_latex
from hdsl.show.markdown import plain_markdown, worded_markdown
from hdsl.show.page import HEADINGS, Page

OF_HAMILTONIAN = ("where", "lagrangian", "convention", "robust")
OF_EQUATIONS = ("where", "adjoint", "state", "beginning", "costate", "parameter", "settings")


@singledispatch
def page_of(product: Any) -> Page:
    """The page of a product in the LaTeX spelling. Raises TypeError for what has none."""
    raise TypeError(f"there is no page for {type(product).__name__}")


@page_of.register
def _of_equations(product: Equations) -> Page:
    return derivation_page(product, build_step(product.model), "latex").of(OF_EQUATIONS)


@page_of.register
def _of_hamiltonian(product: Hamiltonian) -> Page:
    return derivation_page(derive_equations(product), build_step(product.model), "latex").of(OF_HAMILTONIAN)


@page_of.register
def _of_model(product: Model) -> Page:
    return derivation_page(derive_equations(build_hamiltonian(product)), build_step(product), "latex")


def shown(product: Any, layout: Layout) -> str | None:
    """What a notebook shows of a product: HTML with MathML, Markdown with formulas between $$, or LaTeX for MathJax.

    An audit is tables and words, of which there is no LaTeX: None.
    """
    if isinstance(product, Audit):
        return {"html": _audit_html, "markdown": audit_markdown, "latex": lambda audit: None}[layout](product)
    return {"html": _html, "markdown": _markdown, "latex": _latex}[layout](page_of(product))


def _audit_html(audit: Audit) -> str:
    return audit_html(audit, alone=False)


def _html(page: Page) -> str:
    return fill("notebook.html", page=page)


def _markdown(page: Page) -> str:
    parts = [f"**{plain_markdown(page.name)}**: {worded_markdown(page.facts)}"]
    for section in page.sections:
        parts.append(f"*{plain_markdown(HEADINGS[section.key])}*")
        if section.words:
            parts.append(worded_markdown(section.words))
        if section.rows:
            parts.append(f"$$\n{aligned(section, 'aligned')}\n$$")
    return "\n\n".join(parts) + "\n"


def _latex(page: Page) -> str:
    """One display for all sections: MathJax reads no document."""
    blocks = []
    for section in page.sections:
        if section.rows:
            blocks.append(rf"\textbf{{{worded_latex(HEADINGS[section.key])}}} \\ {aligned(section, 'aligned')}")
    joined = " \\\\[1ex]\n".join(blocks)
    return f"$$\n\\begin{{array}}{{l}}\n{joined}\n\\end{{array}}\n$$"
