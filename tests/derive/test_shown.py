"""Products show themselves by a printer from above, and by nothing where there is none."""

from __future__ import annotations

from hdsl.derive.shown import Shown


def test_without_a_printer(monkeypatch):
    monkeypatch.setattr(Shown, "printer", None)
    assert Shown()._repr_html_() is None
    assert Shown()._repr_markdown_() is None
    assert Shown()._repr_latex_() is None


def test_the_printer_is_told_the_product_and_the_layout(monkeypatch):
    monkeypatch.setattr(Shown, "printer", lambda product, layout: f"{type(product).__name__} {layout}")
    assert Shown()._repr_html_() == "Shown html"
    assert Shown()._repr_markdown_() == "Shown markdown"
    assert Shown()._repr_latex_() == "Shown latex"
