"""Pages as a browser lays them out: nothing is wider than the screen, all is drawn, nothing is asked of a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hdsl.cli.main import status

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROBE = """
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement, seen = (what) => [...page.querySelectorAll(what)];
  const box = (element) => { const r = element.getBoundingClientRect(); return [r.left, r.right, r.width, r.height]; };
  const size = (element) => parseFloat(frame.contentWindow.getComputedStyle(element).fontSize);
  document.body.innerHTML = JSON.stringify({
    width: root.scrollWidth,
    plots: seen("figure svg").map(box),
    formulas: seen("math").map(box),
    blocks: seen("h1, h2, h3, p, .scroll, figure > div, dl, footer").map(box),
    text: Math.min(...seen("p, li, td, th, dd, dt, figcaption, footer, span").map(size)),
    headings: seen("h2").map((heading) => heading.textContent),
    asked: frame.contentWindow.performance.getEntriesByType("resource").map((entry) => entry.name),
  });
});
frame.srcdoc = document.getElementById("page").textContent;
"""


def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    assert found, f"these tests need one of {', '.join(BROWSERS)}, for example from Debian's package chromium"
    return found


def ran(folder: Path, *arguments: str) -> str:
    given = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run([browser(), *given, *arguments], capture_output=True, text=True, timeout=180, check=True)
    return done.stdout


def laid_out(folder: Path, page: Path, width: int) -> dict[str, Any]:
    """Where things stand on a page shown that wide, in CSS pixels."""
    held = json.dumps(page.read_text(encoding="utf-8")).replace("<", "\\u003c")
    probe = PROBE.replace('document.getElementById("page").textContent', held)
    frame = f'<iframe width="{width}" height="4000" style="border: 0"></iframe>'
    (folder / "probe.html").write_text(f'<meta charset="utf-8"><body>{frame}<script>{probe}</script>', encoding="utf-8")
    dumped = ran(folder, "--virtual-time-budget=20000", "--dump-dom", (folder / "probe.html").as_uri())
    body = re.search(r"<body>(\{.*\})</body>", dumped, re.DOTALL)
    assert body, dumped[-500:]
    found: dict[str, Any] = json.loads(html.unescape(body[1]))
    return found


@pytest.fixture(scope="module", params=["sunspots", "iris_mlp"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("report") / "run.html"
    assert status(["run", request.param, "--report", str(page), "--record", "H"]) == 0
    return page


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_a_report_fits_its_screen(report: Path, tmp_path: Path, width: int) -> None:
    found = laid_out(tmp_path, report, width)
    assert found["width"] <= width
    assert found["headings"] == ["Results", "Curves", "Model", "Derivation", "This run"]
    assert all(left >= 0 and right <= width for left, right, _, _ in found["blocks"])
    assert found["plots"] and all(drawn >= 320 - 32 and high > 100 for _, _, drawn, high in found["plots"])
    assert len(found["formulas"]) > 20 and all(wide > 3 and high > 3 for _, _, wide, high in found["formulas"])
    assert found["text"] >= 11
    assert found["asked"] == []


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_of_a_value_that_is_not_finite_fits_too(tmp_path: Path, width: int) -> None:
    page = tmp_path / "wrong.html"
    assert status(["run", "sunspots", "--set", "beta=1e9", "--report", str(page)]) == 1
    found = laid_out(tmp_path, page, width)
    assert found["width"] <= width and found["asked"] == []
    assert found["headings"] == ["What led to it", "Model", "Derivation", "This run"]
    assert len(found["plots"]) == 4 and all(right <= width for _, right, _, _ in found["blocks"])


def test_a_report_goes_onto_paper(report: Path, tmp_path: Path) -> None:
    ran(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'run.pdf'}", report.as_uri())
    printed = (tmp_path / "run.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
