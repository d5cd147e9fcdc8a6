"""The pages of models, each made once for all tests that print it: printing changes nothing of a page."""

from __future__ import annotations

from functools import cache

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.page import Page
from hdsl.terms.notation import Form
from hdsl.terms.spelling import Style


def page_of(compiler: Compiler, style: Style = "text", form: Form = "matrix") -> Page:
    """What `derivation_page` gives of a compiler."""
    return _made(compiler, style, form)


@cache
def _made(compiler: Compiler, style: Style, form: Form) -> Page:
    return derivation_page(compiler.equations, compiler.step, style, form=form)
