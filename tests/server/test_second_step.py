"""The second step in the browser: nothing works without it, and each form does what it says."""

import html
import re

import pyotp
import pytest
from starlette.routing import Route

from tests.server.conftest import ADDRESS, PASSWORD, make_application, post
from vendorrisk.access import SECOND_FACTOR_ROLES, Role
from vendorrisk.identity import hash_token
from vendorrisk.server import routes
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people, second_factor, setup

PAGES = ["/", "/people", "/account", "/account/confirm", "/brief/1", "/evidence/1"]


@pytest.fixture
def app(server, sqlite_url, tmp_path, clock, monkeypatch):
    """The application behind the server, which asks for second factors."""
    mine = make_application(sqlite_url, tmp_path, clock, second_factor_for=SECOND_FACTOR_ROLES)
    monkeypatch.setattr(running, "_installed", mine)
    return mine


@pytest.fixture
def halfway(client, app):
    """A browser in which the first administrator has just chosen a password."""
    link = setup.setup_link(app)
    post(client, "/setup", code=link, name="Ada Grant", email="ada@example.org", password=PASSWORD)
    return client


def whole(client, app):
    return people.actor_of(app, hash_token(client.cookies.get(SESSION_COOKIE, "")))


def enrol(client, clock):
    """Set up an authenticator app as a person does; gives its secret and the recovery codes."""
    page = client.get("/second-step/app?next=/people").text
    secret = re.search(r'secret-text">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    assert "<svg" in page
    sent = post(client, "/second-step/app", code=pyotp.TOTP(secret).at(clock()), next="/people")
    assert sent.status_code == 200, sent.text
    assert 'href="/people"' in sent.text
    codes = re.findall(r'class="reference">([^<]+)</li>', sent.text)
    assert len(codes) == 10
    return secret, codes


@pytest.mark.parametrize("path", PAGES)
def test_without_the_second_step_every_page_leads_to_it(halfway, path):
    led = halfway.get(path)

    assert led.status_code == 303
    assert led.headers["Location"].startswith("/second-step")


@pytest.mark.parametrize(
    "path", ["/media/x", "/component/x", "/_stcore/metrics", "/_stcore/upload_file/a/b"]
)
def test_without_the_second_step_streamlits_routes_are_closed(halfway, path):
    assert halfway.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/account", "/account/confirm"])
def test_without_the_second_step_nothing_can_be_posted(halfway, app, path):
    form = re.search(r'form_token" value="([^"]+)"', halfway.get("/password").text)[1]
    sent = halfway.post(path, data={"form_token": form, "do": "name"}, headers={"Origin": ADDRESS})

    assert sent.status_code == 403
    assert whole(halfway, app) is None


def test_whoever_has_nothing_is_led_to_set_it_up_and_then_on(halfway, app, clock):
    choice = halfway.get("/second-step?next=/people").text
    assert 'href="/second-step/app?next=%2Fpeople"' in choice
    assert 'href="/second-step/passkey?next=%2Fpeople"' in choice
    before = halfway.cookies.get(SESSION_COOKIE)

    enrol(halfway, clock)

    assert whole(halfway, app).roles == {Role.ADMINISTRATOR}
    assert halfway.cookies.get(SESSION_COOKIE) != before, "a new token"
    assert halfway.get("/people").status_code == 200


def test_the_second_step_takes_a_code_and_leads_to_where_one_wanted_to_go(halfway, app, clock):
    secret, _ = enrol(halfway, clock)
    halfway.cookies.clear()
    clock.forward(minutes=1)
    sent = post(halfway, "/sign-in", email="ada@example.org", password=PASSWORD, next="/people")
    assert sent.headers["Location"] == "/people"
    led = halfway.get("/people")
    assert led.headers["Location"] == "/second-step?next=/people"

    wrong = post(halfway, "/second-step", code="000000", next="/people")
    assert wrong.status_code == 422
    assert 'id="code-problem"' in wrong.text
    assert "000000" not in wrong.text
    right = post(halfway, "/second-step", code=pyotp.TOTP(secret).at(clock()), next="/people")

    assert (right.status_code, right.headers["Location"]) == (303, "/people")
    assert whole(halfway, app).name == "Ada Grant"


def test_a_recovery_code_gets_in_too_and_a_wrong_one_is_told_beside_its_field(halfway, app, clock):
    _, codes = enrol(halfway, clock)
    halfway.cookies.clear()
    post(halfway, "/sign-in", email="ada@example.org", password=PASSWORD, next="/")

    wrong = post(halfway, "/second-step", recovery="aaaa-bbbb-cccc", next="/")
    assert 'id="recovery-problem"' in wrong.text
    assert '<details class="next" open>' in wrong.text
    right = post(halfway, "/second-step", recovery=codes[0], next="//evil.example")

    assert right.headers["Location"] == "/"
    assert whole(halfway, app) is not None


def test_somebody_else_can_sign_in_instead(halfway, app, clock):
    before = halfway.cookies.get(SESSION_COOKIE)
    page = halfway.get("/second-step").text
    token = re.search(
        r'action="/second-step/leave".*?form_token" value="([^"]+)"', page, re.DOTALL
    )[1]

    sent = halfway.post(
        "/second-step/leave", data={"form_token": token}, headers={"Origin": ADDRESS}
    )

    assert sent.headers["Location"] == "/sign-in"
    assert second_factor.halfway_of(app, hash_token(before)) is None
    assert halfway.get("/second-step").headers["Location"] == "/sign-in"


def test_strangers_are_led_to_sign_in(halfway):
    client = halfway
    client.cookies.clear()
    for path in ("/second-step", "/second-step/app", "/second-step/passkey"):
        assert client.get(path).headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "[]",
        "{}",
        "null",
        '{"id": 7}',
        '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
        '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": '
        '{"clientDataJSON": "AAAA", "attestationObject": "AAAA", "authenticatorData": "AA", '
        '"signature": "AA"}}',
    ],
)
def test_what_is_no_passkey_is_refused_in_a_sentence(halfway, app, clock, credential):
    made = post(halfway, "/second-step/passkey", credential=credential, next="/")
    assert made.status_code == 422
    assert "was not accepted" in made.text
    enrol(halfway, clock)
    halfway.cookies.clear()
    post(halfway, "/sign-in", email="ada@example.org", password=PASSWORD, next="/")

    given = post(halfway, "/second-step", credential=credential, next="/")

    assert given.status_code == 422
    assert whole(halfway, app) is None


def test_the_account_tells_and_changes_what_is_ones_own(halfway, app, clock):
    enrol(halfway, clock)
    page = halfway.get("/account").text
    assert "Authenticator app" in page
    assert "10 of 10 left" in page
    assert "this one" in page

    named = post(halfway, "/account", do="name", name="Ada G. Grant")
    assert named.headers["Location"] == "/account?done=name"
    assert "Ada G. Grant" in halfway.get("/account").text
    empty = post(halfway, "/account", do="name", name=" ")
    assert empty.status_code == 422
    codes = post(halfway, "/account", do="codes")
    assert len(re.findall(r'class="reference">', codes.text)) == 10


def test_changing_the_password_begins_a_new_session_and_ends_all_others(halfway, app, clock):
    enrol(halfway, clock)
    before = halfway.cookies.get(SESSION_COOKIE)

    wrong = post(
        halfway, "/account", do="password", current="wrong", password="nine amber kites up"
    )
    weak = post(halfway, "/account", do="password", current=PASSWORD, password="password1234")
    right = post(
        halfway, "/account", do="password", current=PASSWORD, password="nine amber kites up"
    )

    assert (wrong.status_code, weak.status_code, right.status_code) == (422, 422, 303)
    assert 'id="current-problem"' in wrong.text
    assert people.actor_of(app, hash_token(before)) is None
    assert halfway.cookies.get(SESSION_COOKIE) != before
    assert whole(halfway, app).name == "Ada Grant", "the second factor is not asked for again"


def test_what_changes_the_way_in_asks_for_the_password_again(halfway, app, clock):
    enrol(halfway, clock)
    clock.forward(minutes=20)

    led = halfway.get("/second-step/app")
    assert led.headers["Location"] == "/account/confirm?next=%2Fsecond-step%2Fapp"
    assert post(halfway, "/account", do="codes").headers["Location"].startswith("/account/confirm")
    wrong = post(halfway, "/account/confirm", password="wrong", next="/second-step/app")
    assert wrong.status_code == 422
    sent = post(halfway, "/account/confirm", password=PASSWORD, next="/second-step/app")

    assert sent.headers["Location"] == "/second-step/app"
    assert halfway.get("/second-step/app").status_code == 200


def test_sessions_are_ended_one_by_one_or_all_others(halfway, app, clock):
    _, codes = enrol(halfway, clock)
    mine = halfway.cookies.get(SESSION_COOKIE)
    others = []
    for code in codes[:2]:
        half = people.sign_in(app, "ada@example.org", PASSWORD, device="Firefox on Linux")
        others.append(
            second_factor.give_code(app, hash_token(half), code, device="Firefox on Linux")
        )
    page = html.unescape(halfway.get("/account").text)
    assert page.count("Firefox on Linux</strong>") == 2
    ids = re.findall(r'value="end-session">\s*<input type="hidden" name="id" value="(\w+)"', page)

    post(halfway, "/account", do="end-session", id=ids[0])
    still = [people.actor_of(app, hash_token(other)) is not None for other in others]
    assert sorted(still) == [False, True]
    post(halfway, "/account", do="end-others")

    assert all(people.actor_of(app, hash_token(other)) is None for other in others)
    assert people.actor_of(app, hash_token(mine)) is not None


def test_what_the_account_does_not_offer_is_not_found(halfway, app, clock):
    enrol(halfway, clock)
    assert post(halfway, "/account", do="nothing such").status_code == 404
    assert post(halfway, "/account", do="end-session", id="nobody's").status_code == 404


WITHOUT_SECOND_FACTOR = {
    "/setup",
    "/sign-in",
    "/sign-in/with/{provider}",
    "/sign-in/back/{provider}",
    "/second-step",
    "/second-step/app",
    "/second-step/passkey",
    "/password",
    "/invitation",
    "/healthz",
    "/.well-known/security.txt",
}
"""What strangers reach as well, and the second step itself; `/sign-out` has nobody to sign out."""


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            route.path
            for route in routes()
            if isinstance(route, Route) and "GET" in (route.methods or ())
        }
        - WITHOUT_SECOND_FACTOR
    ),
)
def test_every_other_address_is_closed_to_a_half_session(halfway, app, path):
    asked = re.sub(r"\{[^}]*\}", "x", path)

    answer = halfway.get(asked)

    assert answer.status_code == 303, path
    assert answer.headers["Location"].startswith(("/second-step", "/sign-in"))
