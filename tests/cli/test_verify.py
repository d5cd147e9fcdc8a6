"""`hdsl verify`: the verb; the certificate itself is tested in verify/."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from hdsl.cli.main import status
from hdsl.verify import certificate


@pytest.mark.parametrize("ok", [True, False])
def test_the_exit_code_is_the_verdict(
    ok: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, int]] = []

    def certify(compiler: object, *, seed: int) -> SimpleNamespace:
        asked.append((compiler.model.name, seed))  # type: ignore[attr-defined]
        return SimpleNamespace(ok=ok, lines=("one", "two"), as_json=lambda: json.dumps({"ok": ok}))

    monkeypatch.setattr(certificate, "certify", certify)
    code = 0 if ok else 1
    assert status(["verify", "iris_linear", "--seed", "3"]) == code
    assert capsys.readouterr().out == "one\ntwo\n"
    assert status(["verify", "iris_linear", "--format", "json"]) == code
    assert json.loads(capsys.readouterr().out) == {"ok": ok}
    assert status(["verify", "iris_linear", "--report", str(tmp_path / "c.txt")]) == code
    assert (tmp_path / "c.txt").read_text() == "one\ntwo\n"
    assert asked == [("iris_linear", 3), ("iris_linear", 0), ("iris_linear", 0)]
