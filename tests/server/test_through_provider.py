"""Signing in through a provider: a real one in a process of its own, and answers that lie."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from tests.server import conftest
from tests.server import identity_provider as idp
from tests.server.conftest import ADDRESS, PASSWORD, make_application
from tests.server.forged_tokens import KEY, OTHER, by_public_key, unsigned
from vendorrisk import oidc
from vendorrisk.access import EVERYTHING, SECOND_FACTOR_ROLES, Role
from vendorrisk.document import InvalidContent
from vendorrisk.identity import hash_token
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.server.through_provider import COOKIE
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people, second_factor, setup

BACK = f"{ADDRESS}/sign-in/back/council"

FILE = """
providers:
  - id: council
    name: Example Council
    issuer: {issuer}
    client_id: vendorrisk
    client_secret_file: secret.txt
    scopes: [email, profile, groups]
    email_domains: [example.org]
    confirms_emails: true
    takes_over: {takes_over}
    roles:
      claim: groups
      map:
        vendor-reviewers: [reviewer]
        vendor-buyers: procurement_officer
    second_factor:
      amr: {amr}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[idp.IdentityProvider]:
    with idp.running_provider(BACK) as here:
        yield here


@pytest.fixture
def configure(server, sqlite_url, tmp_path, clock, monkeypatch, provider):
    """An application that lets people in through the provider, and one administrator beside it."""

    def go(*, amr="[mfa]", takes_over="false", **changes):
        path = tmp_path / "providers.yaml"
        path.write_text(FILE.format(issuer=provider.issuer, amr=amr, takes_over=takes_over))
        (tmp_path / "secret.txt").write_text(f"{idp.CLIENT_SECRET}\n")
        mine = make_application(sqlite_url, tmp_path, clock, providers=path, **changes)
        monkeypatch.setattr(running, "_installed", mine)
        if setup.setup_needed(mine):
            setup.complete_setup(
                mine, setup.setup_link(mine), "Ada Grant", "ada@example.org", PASSWORD
            )
        server.cookies.clear()
        return mine

    yield go
    server.cookies.clear()
    from vendorrisk.usecases import providers

    providers._read.cache_clear()


def sent_to(client, following="/people"):
    """The address at the provider that the sign-in page's button leads to."""
    page = client.get(f"/sign-in?next={following}").text
    link = re.search(r'href="(/sign-in/with/council[^"]*)"', page)[1]
    return client.get(link).headers["Location"]


def through(client, provider, who):
    """Sign in as a person does; gives the response to coming back."""
    back = provider.answers(sent_to(client), who)
    return client.get(back)


def whole(client, app):
    return people.actor_of(app, hash_token(client.cookies.get(SESSION_COOKIE, "")))


def declined(response):
    return response.status_code == 422 and "did not work" in response.text


def test_somebody_known_to_the_provider_comes_in_with_the_roles_it_gives(
    configure, server, provider
):
    app = configure()

    sent = through(server, provider, "rosa")

    assert (sent.status_code, sent.headers["Location"]) == (303, "/people")
    rosa = whole(server, app)
    assert (rosa.name, rosa.roles) == ("Rosa Vale", {Role.REVIEWER})
    assert COOKIE not in server.cookies, "what was asked is answered"
    page = server.get("/account").text
    assert "through Example Council" in page
    assert "Present password" not in page


def test_the_request_has_state_nonce_and_a_challenge_and_the_cookie_is_sealed(
    configure, server, provider
):
    configure()
    address = sent_to(server)
    asked = parse_qs(urlsplit(address).query)
    again = parse_qs(urlsplit(sent_to(server)).query)

    assert address.startswith(provider.issuer)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    for fresh in ("state", "nonce", "code_challenge"):
        assert len(asked[fresh][0]) >= 43
        assert asked[fresh] != again[fresh]
    kept = base64.urlsafe_b64decode(server.cookies[COOKIE])
    assert all(asked[secret][0].encode() not in kept for secret in ("state", "nonce"))
    assert idp.CLIENT_SECRET not in address


def test_who_comes_back_is_the_same_person_with_the_roles_of_today(configure, server, provider):
    app = configure()
    through(server, provider, "rosa")
    first, before = whole(server, app), server.cookies[SESSION_COOKIE]
    with app.store.begin(EVERYTHING) as work:
        work.set_roles(first.id, [Role.AUDITOR])
        work.record(first, "change_roles", "person", first.id)
    server.cookies.clear()

    through(server, provider, "rosa")

    assert whole(server, app).id == first.id
    assert whole(server, app).roles == {Role.REVIEWER}
    assert people.actor_of(app, hash_token(before)) is None, "roles changed, so it ended"


def test_whoever_has_no_role_there_comes_in_nowhere_and_loses_what_they_had(
    configure, server, provider, monkeypatch
):
    app = configure()
    refused = through(server, provider, "nia")
    assert refused.status_code == 422
    assert "gives you no role" in refused.text
    assert whole(server, app) is None

    through(server, provider, "rosa")
    session = server.cookies[SESSION_COOKIE]
    server.cookies.clear()
    monkeypatch.setattr(oidc, "_values", lambda *_: [])
    refused = through(server, provider, "rosa")

    assert "gives you no role" in refused.text
    assert people.actor_of(app, hash_token(session)) is None
    with app.store.read(EVERYTHING) as work:
        assert work.person_by_email("rosa@example.org").roles == frozenset()


def test_an_address_of_another_domain_does_not_come_in(configure, server, provider):
    app = configure()

    refused = through(server, provider, "eve")

    assert refused.status_code == 422
    assert "no confirmed e-mail address" in refused.text
    with app.store.read(EVERYTHING) as work:
        assert work.person_by_email("eve@elsewhere.example") is None


def test_whoever_an_administrator_parted_from_stays_out(configure, server, provider):
    app = configure()
    through(server, provider, "rosa")
    rosa = whole(server, app)
    admin = people.actor_of(app, hash_token(people.sign_in(app, "ada@example.org", PASSWORD)))
    people.deactivate(app, admin, rosa.id)
    assert whole(server, app) is None

    refused = through(server, provider, "rosa")

    assert refused.status_code == 422
    assert "has ended" in refused.text
    assert whole(server, app) is None


def test_an_account_with_a_password_is_taken_over_only_where_that_is_set(
    configure, server, provider
):
    app = configure()
    refused = through(server, provider, "ada")
    assert "signs in with a password" in refused.text
    assert people.sign_in(app, "ada@example.org", PASSWORD)

    from vendorrisk.usecases import providers

    providers._read.cache_clear()
    app = configure(takes_over="true")
    through(server, provider, "ada")

    assert whole(server, app).roles == {Role.REVIEWER}
    with pytest.raises(people.Refusal):
        people.sign_in(app, "ada@example.org", PASSWORD)


def test_a_colleague_who_waits_for_a_password_gets_their_account(configure, server, provider):
    app = configure()
    admin = people.actor_of(app, hash_token(people.sign_in(app, "ada@example.org", PASSWORD)))
    link = people.add_person(app, admin, "Ben C.", "ben@example.org", [Role.AUDITOR])

    through(server, provider, "ben")

    assert whole(server, app).id == link.person.id
    assert whole(server, app).roles == {Role.PROCUREMENT_OFFICER}
    with pytest.raises(people.Refusal):
        people.choose_password(app, link.token, "another fine phrase")


def test_a_second_factor_is_asked_for_here_unless_the_provider_says_it_was_given(
    configure, server, provider, clock
):
    app = configure(second_factor_for=SECOND_FACTOR_ROLES)
    through(server, provider, "rosa")
    assert whole(server, app) is None
    half = hash_token(server.cookies[SESSION_COOKIE])
    assert second_factor.halfway_of(app, half).email == "rosa@example.org"
    made = second_factor.begin_app(app, half)
    token = second_factor.confirm_app(app, half, pyotp.TOTP(made.secret).at(clock())).token
    assert people.actor_of(app, hash_token(token)).roles == {Role.REVIEWER}

    from vendorrisk.usecases import providers

    providers._read.cache_clear()
    app = configure(second_factor_for=SECOND_FACTOR_ROLES, amr="[pwd]")
    through(server, provider, "rosa")

    assert whole(server, app).roles == {Role.REVIEWER}


def test_whoever_has_no_password_proves_who_they_are_by_signing_in_again(
    configure, server, provider, clock
):
    app = configure()
    through(server, provider, "ben")
    assert server.get("/second-step/app").status_code == 200
    clock.forward(minutes=16)

    led = server.get("/second-step/app")
    told = server.get(led.headers["Location"])
    assert (told.status_code, "sign in again" in told.text) == (403, True)
    server.cookies.clear()

    through(server, provider, "ben")
    assert whole(server, app) is not None
    assert server.get("/second-step/app").status_code == 200


def test_a_session_through_a_provider_lasts_twelve_hours(configure, server, provider, clock):
    app = configure()
    through(server, provider, "ben")
    clock.forward(hours=11, minutes=59)
    assert whole(server, app) is not None
    clock.forward(minutes=2)

    assert whole(server, app) is None


def test_an_answer_counts_only_in_the_browser_that_asked_and_only_once(configure, server, provider):
    app = configure()
    back = provider.answers(sent_to(server), "rosa")
    mine = server.cookies[COOKIE]
    server.cookies.clear()
    assert declined(server.get(back)), "a stranger's browser, led here by somebody's link"
    sent_to(server)
    assert declined(server.get(back)), "asked for something else meanwhile"
    server.cookies.set(COOKIE, mine, path="/sign-in")
    assert server.get(back).status_code == 303
    server.cookies.clear()
    server.cookies.set(COOKIE, mine, path="/sign-in")

    assert declined(server.get(back)), "the provider takes its code once"
    assert whole(server, app) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=x&code=y",
        "error=access_denied",
        "code=x",
        f"code={'x' * 9000}&state={'y' * 9000}",
    ],
)
def test_an_answer_that_nobody_gave_is_declined_without_detail(configure, server, query):
    configure()
    sent_to(server)

    response = server.get(f"/sign-in/back/council?{query}")

    assert declined(response)
    assert "report it with the reference" in response.text
    assert "access_denied" not in response.text


def test_many_answers_that_do_not_hold_are_slowed_down(configure, server, provider):
    configure()
    for _ in range(25):
        response = server.get("/sign-in/back/council?state=x&code=y")

    assert "Too many failed tries" in response.text


def test_a_provider_that_is_not_configured_does_not_exist(configure, server):
    configure()
    assert server.get("/sign-in/with/other").status_code == 404
    assert server.get("/sign-in/back/other?code=x").status_code == 404


# Tokens that lie --------------------------------------------------------------------------------

ISSUER = "https://login.example.org"
LIAR = oidc.Provider(
    id="council",
    name="Council",
    issuer=ISSUER,
    client_id="vendorrisk",
    client_secret="secret",
    email_domains=frozenset({"example.org"}),
    roles_claim="realm.roles",
    roles={"r": frozenset({Role.REVIEWER})},
    strong_acr=frozenset({"high"}),
)
NOW = 1_800_000_000
TRUE = {
    "iss": ISSUER,
    "aud": "vendorrisk",
    "sub": "42",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "n",
    "email": "rosa@example.org",
    "email_verified": True,
    "name": "Rosa Vale",
    "realm": {"roles": ["r", "s", 7]},
}


@pytest.fixture
def published(monkeypatch):
    """The liar's public keys and addresses, as if it had been asked."""
    about = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
    }
    keys = KeySet([KEY]).as_dict(private=False)
    told = {f"{ISSUER}/.well-known/openid-configuration": about, f"{ISSUER}/keys": keys}
    monkeypatch.setattr(oidc, "_document", lambda provider, place, *, fresh: told[place])
    return told


def signed(claims, key=KEY, **header):
    return jwt.encode({"alg": "RS256", "kid": "a", **header}, claims, key)


def verified(token):
    return oidc._verified(LIAR, token, "n", lambda: NOW)


def test_a_true_token_is_believed(published):
    claimed = oidc._claimed(LIAR, verified(signed(TRUE)))

    assert claimed == oidc.Claimed(
        "42", "rosa@example.org", "Rosa Vale", frozenset({Role.REVIEWER}), False
    )


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["vendorrisk", "another"]},
        {"aud": ["vendorrisk", "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": []},
        {"nonce": "m"},
        {"nonce": None},
        {"exp": NOW - 120},
        {"iat": NOW + 3600},
        {"sub": ""},
        {"sub": 42},
        {"sub": "x" * 300},
    ],
)
def test_a_token_with_a_claim_that_does_not_fit_is_declined(published, lie):
    with pytest.raises(oidc.Declined):
        verified(signed({**TRUE, **lie}))


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "exp", "iat", "nonce"])
def test_a_token_without_what_it_must_say_is_declined(published, missing):
    with pytest.raises(oidc.Declined):
        verified(signed({name: value for name, value in TRUE.items() if name != missing}))


def test_only_the_providers_own_signature_counts(published):
    by_secret = jwt.encode({"alg": "HS256"}, TRUE, OctKey.import_key("secret-secret-secret-secret"))
    good = signed(TRUE)
    changed = good[:-6] + ("AAAAAA" if not good.endswith("AAAAAA") else "BBBBBB")
    for token in (
        signed(TRUE, OTHER),
        unsigned(TRUE),
        by_secret,
        by_public_key(TRUE),
        changed,
        "",
        "x.y.z",
    ):
        with pytest.raises(oidc.Declined):
            verified(token)


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email_verified": True}, "rosa@example.org"),
        ({"email_verified": False}, ""),
        ({"email_verified": "true"}, ""),
        ({"email_verified": None}, ""),
        ({"email": ["rosa@example.org"]}, ""),
    ],
)
def test_an_address_that_is_not_confirmed_is_none(claims, email):
    assert oidc._claimed(LIAR, {**TRUE, **claims}).email == email


def test_a_provider_that_names_another_or_unsafe_places_is_declined(published):
    place = f"{ISSUER}/.well-known/openid-configuration"
    published[place] = {**published[place], "issuer": "https://evil.example"}
    with pytest.raises(oidc.Declined):
        oidc.begin(LIAR, BACK)
    published[place] = {
        **published[place],
        "issuer": ISSUER,
        "authorization_endpoint": "http://login.example.org/authorize",
    }
    with pytest.raises(oidc.Declined):
        oidc.begin(LIAR, BACK)


def test_an_answer_of_another_issuer_is_declined(published):
    _, asked = oidc.begin(LIAR, BACK)
    answer = {"state": asked.state, "code": "x", "iss": "https://evil.example"}
    with pytest.raises(oidc.Declined):
        oidc.finish(LIAR, BACK, asked, answer)
    with pytest.raises(oidc.Declined):
        oidc.finish(LIAR, BACK, replace(asked, provider="other"), {"state": asked.state})


# The file ---------------------------------------------------------------------------------------


def test_every_problem_of_the_file_is_told_at_once(tmp_path):
    path = tmp_path / "providers.yaml"
    path.write_text(
        """
providers:
  - id: Not Good
    name: Council
    issuer: http://login.example.org
    client_id: vendorrisk
    client_secret: in the file
    email_domains: []
    roles: {claim: groups, map: {admins: emperor}}
"""
    )
    with pytest.raises(InvalidContent) as invalid:
        oidc.read_providers(path, {})
    said = "\n".join(map(str, invalid.value.problems))

    for word in ("small letters", "https://", "client_secret_file", "emperor", "email_domains"):
        assert word in said, said
    assert "in the file" not in said
    assert all(problem.place is not None for problem in invalid.value.problems)


def test_secrets_come_from_files_or_the_environment_and_are_never_shown(tmp_path):
    path = tmp_path / "providers.yaml"
    path.write_text(
        FILE.format(issuer=ISSUER, amr="[mfa]", takes_over="false").replace(
            "client_secret_file: secret.txt", "client_secret_env: COUNCIL_SECRET"
        )
    )
    [read] = oidc.read_providers(path, {"COUNCIL_SECRET": "hush"})
    assert read.client_secret == "hush"
    assert "hush" not in repr(read)
    with pytest.raises(InvalidContent):
        oidc.read_providers(path, {})


def test_the_example_of_the_documentation_can_be_read(tmp_path):
    page = (conftest.ROOT / "docs" / "operations.md").read_text()
    [example] = re.findall(r"```yaml\n(providers:.*?)```", page, re.DOTALL)
    (tmp_path / "providers.yaml").write_text(example)
    (tmp_path / "council.secret").write_text("hush")

    [read] = oidc.read_providers(tmp_path / "providers.yaml", {})

    assert read.roles["vendor-risk-security"] == {Role.REVIEWER, Role.AUDITOR}
    assert read.strong_amr == {"mfa", "hwk"}
