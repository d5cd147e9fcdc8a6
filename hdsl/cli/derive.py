"""`hdsl derive`: the derivation, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hdsl.cli.arguments import Verb, open_model, settings_option
from hdsl.diagnostics.suggest import nearest

if TYPE_CHECKING:
    from hdsl.show.page import Page

FORMATS = ("text", "latex", "markdown", "html", "json", "mathml")


@click.command(
    "derive",
    cls=Verb,
    short_help="Show the derivation, step by step.",
    epilog="Example: hdsl derive sunspots --only costate.h --format latex",
)
@click.argument("model")
@click.option("--format", "layout", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--form", type=click.Choice(["matrix", "index"]), default="matrix", show_default=True,
              help="Equations in matrices where they can be, or with every index.")
@click.option("--only", metavar="NAME", help="One equation and what it reads: costate.h, costate.W, state.h, step.z.h.")
@click.option("--why", metavar="NAME", help="Each summand of one equation, with the lines that it is there for: costate.h, "
              "param.W, step.z.h, adjoint.a, or a definition.")
@settings_option
def command(
    model: str,
    layout: str,
    form: str,
    only: str | None,
    why: str | None,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> None:
    """Show J, H, stationarity, H′, Hamilton's equations and the discrete step, with the lines they come from."""
    opened = open_model(model, settings, dims, delay)
    if why is not None:
        click.echo(_reasons(opened, why, layout), nl=False)
        return
    from hdsl.show.derivation import derivation_page

    def page(style: Any) -> Page:
        whole = derivation_page(opened.product("equations"), opened.product("step"), style, form=form)  # type: ignore[arg-type]
        if only is None:
            return whole
        if only not in whole.paths:
            guess = nearest(only, whole.paths)
            meant = f"did you mean `{guess}`?" if guess else f"there are {', '.join(whole.paths)}"
            raise click.UsageError(f"there is no equation `{only}`; {meant}")
        return whole.only(only)

    click.echo(printed(layout, page), nl=False)


def _reasons(opened: Any, path: str, layout: str) -> str:
    from hdsl.show.why import WHY_FORMATS

    if layout not in WHY_FORMATS:
        raise click.UsageError(f"--why is shown as {', '.join(WHY_FORMATS)}; found --format {layout}")
    try:
        return WHY_FORMATS[layout](opened.why(path))
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None


def printed(layout: str, page: Any) -> str:
    """A derivation in one of `FORMATS`; ``page`` makes its page in a style, text or latex."""
    if layout == "text":
        from hdsl.show.text import page_text

        return page_text(page("text"))
    if layout == "latex":
        from hdsl.show.latex import page_latex

        return page_latex(page("latex"))
    if layout == "markdown":
        from hdsl.show.markdown import page_markdown

        return page_markdown(page("latex"))
    if layout == "json":
        from hdsl.show.json import page_json

        return page_json(page("text"), page("latex"))
    if layout == "mathml":
        from hdsl.show.mathml import mathml

        return "".join(f"{mathml(str(equation), 'block')}\n" for row in page("latex").rows for equation in row.equations)
    from hdsl.show.html import page_html

    return page_html(page("latex"))
