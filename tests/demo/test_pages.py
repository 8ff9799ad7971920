"""A demo's pages say that it is one, offer no upload, and stop at its end."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import Clock
from tests.demo.conftest import Serve
from vendorrisk.demo.making import Made
from vendorrisk.identity import hash_token
from vendorrisk.ui.navigation import path
from vendorrisk.usecases import application as running
from vendorrisk.usecases import invitations, people
from vendorrisk.usecases.application import Application

pytestmark = pytest.mark.slow

MADE_UP = "every vendor, person and answer here is made up. It deletes itself on 10 December 2026."


@pytest.fixture
def served(folder, serve: Serve, last_day: Clock, monkeypatch) -> Application:
    """The small demo in its last moment, as the process's application."""
    app = serve(folder, last_day)
    monkeypatch.setattr(running, "_installed", app)
    return app


def opened(session: str | None = None, page: str | None = None) -> AppTest:
    at = AppTest.from_file(path("main"), default_timeout=30)
    if session is not None:
        at.user = {"session": hash_token(session)}
    at.run()
    return at if page is None else at.switch_page(path(page)).run()


def marked(at: AppTest) -> bool:
    assert not at.exception
    return any(MADE_UP in text.value for text in at.markdown)


def uploads(at: AppTest) -> bool:
    asked = [box.label for box in at.selectbox]
    return bool(at.get("file_uploader")) or "What is it?" in asked


@pytest.mark.parametrize("role", range(5))
def test_every_role_is_told_on_its_first_page(role, served: Application, made: Made):
    one = made.credentials[role]
    assert marked(opened(people.sign_in(served, one.email, one.password)))


@pytest.mark.parametrize("page", ["welcome", "questionnaire", "evidence", "submit"])
def test_a_vendor_is_told_on_every_page_and_offered_no_upload(
    page, served: Application, made: Made
):
    at = opened(invitations.exchange(served, made.guests[0].code), page)
    assert marked(at)
    assert not uploads(at)
    if page == "evidence":
        assert any("takes no files" in caption.value for caption in at.caption)


def test_a_stranger_is_told_too(served: Application):
    assert marked(opened())


def test_a_real_installation_says_nothing_of_a_demo_and_takes_files(
    folder, serve: Serve, last_day: Clock, made: Made, monkeypatch
):
    app = serve(folder, last_day, demo=False)
    monkeypatch.setattr(running, "_installed", app)
    at = opened(invitations.exchange(app, made.guests[0].code), "evidence")
    assert not marked(at)
    assert uploads(at)
    assert not any("demo" in caption.value for caption in at.caption)


def test_a_page_that_is_still_open_at_the_end_shows_only_that_it_is_over(
    folder, served: Application, made: Made, last_day: Clock
):
    at = opened(invitations.exchange(served, made.guests[0].code), "questionnaire")
    last_day.forward(seconds=1)
    at.run()
    assert not at.exception
    assert [title.value for title in at.title] == ["This demo has ended"]
    assert not folder.exists()
