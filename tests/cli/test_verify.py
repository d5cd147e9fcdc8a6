"""`hdsl verify`: the verb; the certificate itself is tested in verify/."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from hdsl.cli.main import status
from hdsl.verify import certificate, lines, page


@pytest.mark.parametrize("ok", [True, False])
def test_the_exit_code_is_the_verdict(
    ok: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, int, bool]] = []

    def certify(compiler: object, *, seed: int, pullback: bool) -> SimpleNamespace:
        asked.append((compiler.model.name, seed, pullback))  # type: ignore[attr-defined]
        return SimpleNamespace(ok=ok, model="m", verdict="so it is", as_json=lambda: json.dumps({"ok": ok}))

    monkeypatch.setattr(certificate, "certify", certify)
    monkeypatch.setattr(lines, "certificate_lines", lambda made: ["one", "two"])
    monkeypatch.setattr(page, "certificate_html", lambda made, compiler, command: "<html>")
    code = 0 if ok else 1
    assert status(["verify", "iris_linear", "--seed", "3"]) == code
    assert capsys.readouterr().out == "one\ntwo\n"
    assert status(["verify", "iris_linear", "--format", "json", "--pullback"]) == code
    assert json.loads(capsys.readouterr().out) == {"ok": ok}
    assert status(["verify", "iris_linear", "--report", str(tmp_path / "c.txt")]) == code
    assert (tmp_path / "c.txt").read_text() == "one\ntwo\n"
    assert capsys.readouterr().out == "m: so it is\n"
    for layout, options in (("html", ["--report", "c.html"]), ("json", ["--report", "c.json"])):
        assert status(["verify", "iris_linear", options[0], str(tmp_path / options[1])]) == code
        assert (tmp_path / options[1]).read_text() == {"html": "<html>", "json": json.dumps({"ok": ok}) + "\n"}[layout]
    assert status(["verify", "iris_linear", "--format", "text", "--report", str(tmp_path / "c.html")]) == code
    assert (tmp_path / "c.html").read_text() == "one\ntwo\n"
    assert asked[:3] == [("iris_linear", 3, False), ("iris_linear", 0, True), ("iris_linear", 0, False)]


def test_a_gradient_that_is_not_there_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["verify", "deep_delayed", "--pullback"]) == 2
    told = "--pullback: the output `y` of deep_delayed depends on no real input, so nothing is pulled back"
    assert told in capsys.readouterr().err
