"""From a click to saved and drawn, in Chromium: a questionnaire's page beside a bare Streamlit one.

Both are timed inside the browser. On the page of a questionnaire an answer counts as there once
the card says that it is saved, the script has ended and the next frame is drawn; on the bare page
once the text below the radio has followed. Both servers run with the same options.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.content import SHIPPED, library_with_large
from benchmarks.office import Office, open_office
from benchmarks.timing import Times
from tests.browser.served import chromium
from vendorrisk.server.sessions import SESSION_COOKIE

ROOT = Path(__file__).parents[1]
CLICKS = 120
WARM_UP = 15
PATIENCE = 60_000

_READY = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
)
# Clicks a choice that is not chosen, of one card after the other, and waits for what follows.
_CLICK = """
async ([number, bare]) => {
  const app = document.querySelector("[data-testid=stApp]");
  const groups = [...document.querySelectorAll(bare ? "[role=radiogroup]" : "fieldset.answer")];
  const group = groups[number % groups.length];
  const choices = [...group.querySelectorAll("input[type=radio]")].slice(0, 4);
  const at = choices.findIndex((choice) => choice.checked);
  const next = choices[(at + 1) % choices.length];
  const said = bare ? `Chosen: ${next.closest("label").innerText.trim()}` : "Saved";
  const teller = bare ? app : group.querySelector("[role=status]");
  const there = () =>
    app.dataset.testScriptState === "notRunning" && teller.textContent.includes(said);
  const begun = performance.now();
  next.click();
  await new Promise((resolve) => {
    const look = () => (there() ? resolve() : setTimeout(look));
    setTimeout(look);
  });
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}
"""


def run() -> Iterator[str]:
    """Lines with what was measured, the bare page first."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        large = library_with_large(folder)
        bare = _bare(folder)
        yield str(bare)
        for name, questionnaires in (("core", SHIPPED), ("large", large)):
            data = folder / name
            data.mkdir()
            ours = _questionnaire(open_office(data, questionnaires, name), name)
            yield str(ours)
            yield ours.beside(bare)


def _bare(folder: Path) -> Times:
    script = str(ROOT / "benchmarks" / "bare_page.py")
    settings = {
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_ADDRESS": "localhost",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "STREAMLIT_RUNNER_POST_SCRIPT_GC": "false",
    }
    # Started elsewhere, because Streamlit would read the project's settings here.
    with _server(script, folder, settings) as origin, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(origin)
        page.wait_for_selector(f"{_READY} [role=radiogroup]", timeout=PATIENCE)
        return Times("a bare page with one radio", _clicks(page, bare=True))


def _questionnaire(office: Office, name: str) -> Times:
    questionnaire = office.app.content(name).questionnaire
    section = max(questionnaire.sections, key=lambda section: len(section.questions))
    settings = office.app.settings
    office.app.store.close()
    given = {
        "VENDORRISK_DATA": str(settings.data),
        "VENDORRISK_QUESTIONNAIRES": str(settings.questionnaires),
    }
    with _server("app.py", ROOT, given) as origin, chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": SESSION_COOKIE, "value": office.session, "url": origin}])
        page = context.new_page()
        page.goto(f"{origin}/questionnaire?section={section.id}")
        page.wait_for_selector(f"{_READY} fieldset.answer input", timeout=PATIENCE)
        times = _clicks(page, bare=False)
    asked, here = len(questionnaire.questions), len(section.questions)
    return Times(f"a page with {here} of {asked} questions", times)


def _clicks(page: Page, *, bare: bool) -> list[float]:
    page.set_default_timeout(PATIENCE)
    times = []
    for number in range(CLICKS + WARM_UP):
        took = page.evaluate(_CLICK, [number, bare])
        if number >= WARM_UP:
            times.append(took)
        page.wait_for_selector(_READY)
        page.wait_for_timeout(100)  # a person takes a breath, too
    return times


@contextmanager
def _server(script: str, folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """A Streamlit server on a free port; gives its origin."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, **settings, "STREAMLIT_SERVER_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    origin = f"http://localhost:{port}"
    try:
        _wait_for(f"{origin}/_stcore/health", process)
        yield origin
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError("the server ended before it served anything")
