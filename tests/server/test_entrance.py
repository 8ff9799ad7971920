"""The ways in and out: what each accepts, what it refuses, and what it sets in the browser."""

import re

import pytest

from tests.server.conftest import ADDRESS, PASSWORD, post
from vendorrisk.access import Role
from vendorrisk.identity import hash_token
from vendorrisk.server.entrance import safe_path
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import people, setup

FORMS = ["/setup", "/sign-in", "/password", "/invitation", "/sign-out"]


def session_of(client, app):
    token = client.cookies.get(SESSION_COOKIE)
    return people.actor_of(app, hash_token(token)) if token else None


def test_a_fresh_installation_leads_everybody_to_the_set_up_page(client):
    assert client.get("/").headers["Location"] == "/sign-in"
    assert client.get("/sign-in").headers["Location"] == "/setup"
    assert "become the first administrator" in client.get("/setup").text


def test_what_a_field_demands_and_explains_reaches_browsers_and_screen_readers(client):
    fields = re.findall(r"<input id=[^>]+>", client.get("/setup").text)

    assert len(fields) == 4
    for found in fields:
        words = set(found[:-1].split())
        assert "required" in words, found
        hint = re.search(r'aria-describedby="([^"]+)"', found)
        assert (hint is not None and hint[0] in words) or 'name="name"' in words, found


def test_the_set_up_link_makes_the_first_administrator_and_signs_them_in(client, app):
    link = f" {ADDRESS}/setup#{setup.setup_link(app)}"  # pasted as it was sent, not its code alone

    sent = post(
        client, "/setup", code=link, name="Ada Grant", email="ada@example.org", password=PASSWORD
    )

    assert (sent.status_code, sent.headers["Location"]) == (303, "/")
    assert session_of(client, app).roles == {Role.ADMINISTRATOR}
    assert client.get("/setup").headers["Location"] == "/sign-in"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client, app):
    link = setup.setup_link(app)

    sent = post(
        client, "/setup", code=link, name="Ada Grant", email="ada@example.org", password=PASSWORD
    )
    cookie = next(c for c in sent.headers.get_list("set-cookie") if c.startswith(SESSION_COOKIE))

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_what_is_wrong_in_a_form_is_said_beside_its_field_and_the_rest_is_kept(client, app):
    link = setup.setup_link(app)

    sent = post(
        client, "/setup", code=link, name="Ada Grant", email="ada@example.org", password="a"
    )

    assert sent.status_code == 422
    assert 'id="password-problem"' in sent.text
    assert 'value="Ada Grant"' in sent.text
    assert f'value="{link}"' in sent.text
    assert 'role="alert"' in sent.text
    assert SESSION_COOKIE not in client.cookies


def test_a_set_up_link_that_is_wrong_expired_or_used_makes_nobody(client, app, clock):
    mine = {"name": "Ada Grant", "email": "ada@example.org", "password": PASSWORD}
    wrong = post(client, "/setup", code="x" * 43, **mine)
    expired_link = setup.setup_link(app)
    clock.forward(hours=25)
    expired = post(client, "/setup", code=expired_link, **mine)
    link = setup.setup_link(app)
    form = re.search(r'form_token" value="([^"]+)"', client.get("/setup").text).group(1)
    first = client.post(
        "/setup", data={"form_token": form, "code": link, **mine}, headers={"Origin": ADDRESS}
    )
    client.cookies.delete(SESSION_COOKIE)
    second = client.post(
        "/setup",
        data={"form_token": form, "code": link, **mine, "email": "eve@example.org"},
        headers={"Origin": ADDRESS},
    )

    assert [sent.status_code for sent in (wrong, expired, first, second)] == [422, 422, 303, 422]
    assert SESSION_COOKIE not in client.cookies
    assert all('role="alert"' in sent.text for sent in (wrong, expired, second))


def test_signing_in_begins_a_session_and_leads_on(client, app, administrator):
    client.get("/sign-in", params={"next": "/engagement?engagement=7"})

    sent = post(
        client,
        "/sign-in",
        email="ada@example.org",
        password=PASSWORD,
        next="/engagement?engagement=7",
    )

    assert (sent.status_code, sent.headers["Location"]) == (303, "/engagement?engagement=7")
    assert session_of(client, app).name == "Ada Grant"


def test_a_wrong_address_and_a_wrong_password_are_refused_alike(client, administrator):
    nobody = post(client, "/sign-in", email="eve@example.org", password=PASSWORD, next="/")
    wrong = post(client, "/sign-in", email="ada@example.org", password="wrong", next="/")

    def says(page):
        return re.search(r'<div class="alert".*?</div>', page.text, re.DOTALL).group()

    assert nobody.status_code == wrong.status_code == 422
    assert says(nobody) == says(wrong)
    assert "wrong" not in re.sub(r'(?s)<div class="alert".*?</div>', "", wrong.text)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "///evil.example",
        "",
    ],
)
def test_signing_in_leads_nowhere_but_this_site(client, administrator, wanted):
    sent = post(client, "/sign-in", email="ada@example.org", password=PASSWORD, next=wanted)

    assert safe_path(wanted) == "/"
    assert (sent.status_code, sent.headers["Location"]) == (303, "/")


def test_a_new_session_ends_the_one_before(client, app, sign_in):
    sign_in(Role.ADMINISTRATOR)
    before = client.cookies.get(SESSION_COOKIE)
    client.cookies.clear()
    form = re.search(r'form_token" value="([^"]+)"', client.get("/sign-in").text).group(1)
    client.cookies.set(SESSION_COOKIE, before)

    sent = client.post(
        "/sign-in",
        data={"form_token": form, "email": "ada@example.org", "password": PASSWORD, "next": "/"},
        headers={"Origin": ADDRESS},
    )

    assert sent.status_code == 303
    assert people.actor_of(app, hash_token(before)) is None


def test_signing_out_ends_the_session_everywhere(client, app, sign_in):
    sign_in(Role.REVIEWER)
    token = client.cookies.get(SESSION_COOKIE)

    sent = post(client, "/sign-out")

    assert sent.headers["Location"] == "/sign-in?signed-out"
    assert people.actor_of(app, hash_token(token)) is None
    assert client.get("/").headers["Location"] == "/sign-in"


def test_a_link_alone_signs_nobody_out(client, app, sign_in):
    actor = sign_in(Role.REVIEWER)

    page = client.get("/sign-out")

    assert actor.name in page.text
    assert session_of(client, app) == actor


def test_a_colleague_chooses_a_password_once(client, app, administrator):
    link = people.add_person(app, administrator[0], "Kit Moss", "kit@example.org", [Role.REVIEWER])

    weak = post(client, "/password", code=link.token, password="password1234")
    sent = post(client, "/password", code=link.token, password=PASSWORD)
    client.cookies.delete(SESSION_COOKIE)
    again = post(client, "/password", code=link.token, password="another fine phrase")

    assert weak.status_code == 422
    assert (sent.status_code, sent.headers["Location"]) == (303, "/")
    assert again.status_code == 422
    assert SESSION_COOKIE not in client.cookies


def test_an_invitation_that_never_was_opens_nothing(client, administrator):
    for code in ("x" * 43, "", "../../etc/passwd", "'; DROP TABLE person; --", "ü" * 200):
        sent = post(client, "/invitation", code=code)

        assert sent.status_code == 422
        assert SESSION_COOKIE not in client.cookies
        assert 'data-paste="again"' in sent.text  # the script leaves the code to be replaced


def test_guessing_codes_is_slowed_down_and_time_forgives(client, app, administrator, clock):
    link = people.add_person(app, administrator[0], "Kit Moss", "kit@example.org", [Role.REVIEWER])
    for at in range(30):
        path = ("/invitation", "/password")[at % 2]
        sent = post(client, path, code=f"{at:043}", password=PASSWORD)
    waiting = post(client, "/password", code=link.token, password=PASSWORD)
    assert "Too many failed tries" in sent.text
    assert "Too many failed tries" in waiting.text

    clock.forward(minutes=15, seconds=1)

    assert post(client, "/password", code=link.token, password=PASSWORD).status_code == 303


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://localhost.evil.example:8501"]
)
def test_a_post_from_elsewhere_is_refused_before_it_is_read(client, sign_in, path, origin):
    sign_in(Role.ADMINISTRATOR)
    headers = {} if origin is None else {"Origin": origin}

    sent = client.post(path, data={"form_token": "x"}, headers=headers)

    assert sent.status_code == 403
    assert client.get("/").status_code == 200  # still signed in


@pytest.mark.parametrize("path", FORMS)
def test_a_post_without_the_forms_own_token_is_refused(client, app, sign_in, path):
    actor = sign_in(Role.ADMINISTRATOR)
    other = re.search(r'form_token" value="([^"]+)"', client.get("/password").text).group(1)
    good = {"Origin": ADDRESS}

    missing = client.post(path, data={"code": "x"}, headers=good)
    guessed = client.post(path, data={"form_token": "0" * 64}, headers=good)
    strange = client.post(path, data={"form_token": "ü"}, headers=good)
    json = client.post(path, json={"form_token": other}, headers=good)
    large = client.post(path, data={"form_token": other, "code": "x" * 20_000}, headers=good)

    assert {s.status_code for s in (missing, guessed, strange, json, large)} == {403}
    if path != "/password":
        assert client.post(path, data={"form_token": other}, headers=good).status_code == 403
    assert session_of(client, app) == actor


def test_what_was_typed_comes_back_as_text_never_as_markup(client, app):
    hostile = '"><script>alert(1)</script>'

    sent = post(client, "/setup", code=hostile, name=hostile, email=hostile, password="a")

    assert sent.status_code == 422
    assert "<script>alert" not in sent.text
    assert "&lt;script&gt;alert(1)" in sent.text


def test_no_code_ever_stands_in_an_address(client, app):
    link = setup.setup_link(app)
    sent = post(
        client, "/setup", code=link, name="Ada Grant", email="ada@example.org", password=PASSWORD
    )

    assert link not in sent.headers["Location"]
    assert client.cookies.get(SESSION_COOKIE) not in sent.headers["Location"]
