"""What a Streamlit page says when it fails: never a trace, and nothing as markup."""

import re

from streamlit.testing.v1 import AppTest


def _fault():
    from vendorrisk.server import on_script_error

    assert on_script_error(ValueError("the secret detail"))


def _refusal():
    from vendorrisk.access import NotFound
    from vendorrisk.server import on_script_error

    assert on_script_error(NotFound("The **vendor** <b>Evil</b>"))


def _database_away():
    from vendorrisk.server import on_script_error
    from vendorrisk.usecases.errors import StoreUnavailable

    assert on_script_error(StoreUnavailable("missing", "There is no database at /a/path.", "Fix."))


def test_a_fault_shows_its_reference_and_logs_the_rest(caplog, monkeypatch):
    monkeypatch.setattr("vendorrisk.server.faults.log.propagate", True)

    page = AppTest.from_function(_fault).run()

    reference = re.search(r"reference ([0-9a-f]{8})\.", page.text[0].value).group(1)
    assert "secret detail" not in page.text[0].value + page.error[0].value
    assert f"Fault {reference}" in caplog.text
    assert "the secret detail" in caplog.text
    assert not page.exception


def test_a_refusal_says_its_sentence_as_plain_text(caplog, monkeypatch):
    monkeypatch.setattr("vendorrisk.server.faults.log.propagate", True)

    page = AppTest.from_function(_refusal).run()

    assert page.text[0].value.startswith("The **vendor** <b>Evil</b> was not found.")
    assert "Evil" not in page.error[0].value
    assert "Fault" not in caplog.text


def test_an_unreachable_database_is_not_described_to_readers(caplog, monkeypatch):
    monkeypatch.setattr("vendorrisk.server.faults.log.propagate", True)

    page = AppTest.from_function(_database_away).run()

    assert "/a/path" not in page.text[0].value
    assert "is safe" in page.text[0].value
    assert "/a/path" in caplog.text
