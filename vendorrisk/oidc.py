"""Signing in through a provider by OpenID Connect: which providers there are, and talking to them.

The authorization code flow with PKCE (RFC 7636), state and nonce. What a provider says of somebody
is believed only from a token that it signed for us, in answer to what we asked.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from vendorrisk.access import STAFF_ROLES, Role
from vendorrisk.content.reading import read_yaml
from vendorrisk.document import Fields, Report

_PATIENCE = 10.0  # seconds that a provider may take for an answer
_REMEMBERED = 3600.0  # seconds for which what a provider says of itself is not asked again
_LEEWAY = 60  # seconds by which clocks may differ
_LARGEST_ANSWER = 1024 * 1024
_SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures by the provider's private key; never `none`, and never one by a shared secret."""

LOGOUT_HOLDS = 20 * 60
"""Seconds for which a logout token is remembered; one of half that age is not taken any more."""

_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Declined(Exception):  # noqa: N818 - it names what the provider, or we, did
    """The provider let nobody in, or said something that cannot be believed. For the log: it holds
    no token and no secret.
    """


class Unreachable(Declined):
    """The provider did not answer us, which says nothing of whoever came from there."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that signs people in. `name` stands on the button, `id` in addresses.

    `roles` maps values of the claim `roles_claim` to roles. `confirms_emails` says that every
    address it tells is confirmed, and `takes_over` that it may sign in whoever has a password
    here. `strong_amr` and `strong_acr` are what it says of a sign-in that had a second factor.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    email_domains: frozenset[str]
    roles_claim: str
    roles: Mapping[str, frozenset[Role]]
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    confirms_emails: bool = False
    takes_over: bool = False
    strong_amr: frozenset[str] = frozenset()
    strong_acr: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a provider's signed answer says of somebody: `subject` is theirs there for good.

    `email` is empty where none was told, or one that is not confirmed. `strong` says that they gave
    a second factor there. `session` is what it calls their session there, empty where it does not.
    """

    subject: str
    email: str
    name: str
    roles: frozenset[Role]
    strong: bool
    session: str = ""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Whom a provider's signed token signs out: `session` is one of theirs there, empty for every
    one of `subject`, who is empty where only the session is named. `id` is the token's own.
    """

    subject: str
    session: str
    id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a provider, to be kept in the browser, sealed, until the answer comes."""

    provider: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


# The file --------------------------------------------------------------------------------------


def read_providers(path: Path, environment: Mapping[str, str]) -> tuple[Provider, ...]:
    """The providers that a YAML file lists; docs/operations.md describes it.

    Secrets come from files or from `environment`. Raises `InvalidContent` with every problem.
    """
    report = Report(path.name)
    record = read_yaml(path, report)
    found: list[Provider] = []
    if record is not None:
        fields = Fields(record, report, "the providers' file")
        for thing in fields.items("providers", required=True):
            provider = _provider(Fields(thing, report, "a provider", at=thing), path, environment)
            if provider is not None:
                if provider.id in {other.id for other in found}:
                    report.error("twice", thing, f"`{provider.id}` stands here twice.")
                found.append(provider)
        fields.done()
    report.raise_errors()
    return tuple(found)


def _provider(fields: Fields, path: Path, environment: Mapping[str, str]) -> Provider | None:
    report, before = fields.report, len(fields.report.errors)
    id_, name = fields.text("id"), fields.text("name")
    if not (id_.isascii() and id_.isalnum() and id_.islower()):
        report.error("bad-id", id_, "An `id` is small letters and digits: it stands in addresses.")
    issuer = fields.text("issuer")
    if not _is_safe(issuer):
        report.error("bad-issuer", issuer, "An `issuer` begins with https:// and has no query.")
    secret = _secret(fields, path, environment)
    roles = Fields(fields.raw("roles", required=True), report, "`roles`", at=fields.at)
    claim = roles.text("claim")
    mapping = {
        str(value): frozenset(_roles(roles_of, report))
        for value, roles_of in roles.entries("map", required=True)
    }
    roles.done()
    strong = fields.mapping("second_factor")
    strongly = Fields(strong, report, "`second_factor`", at=strong or fields.at)
    provider = {
        "client_id": str(fields.text("client_id")),
        "email_domains": frozenset(
            str(domain).casefold() for domain in fields.texts("email_domains", required=True)
        ),
        "scopes": ("openid", *(str(s) for s in fields.texts("scopes") or ("email", "profile"))),
        "confirms_emails": fields.flag("confirms_emails", False),
        "takes_over": fields.flag("takes_over", False),
        "strong_amr": frozenset(map(str, strongly.texts("amr"))),
        "strong_acr": frozenset(map(str, strongly.texts("acr"))),
    }
    strongly.done()
    fields.done()
    if len(report.errors) > before:
        return None
    return Provider(
        id=str(id_),
        name=str(name),
        issuer=str(issuer),
        client_secret=secret,
        roles_claim=str(claim),
        roles=mapping,
        **cast("dict[str, Any]", provider),
    )


def _roles(value: Any, report: Report) -> list[Role]:
    wanted = value if isinstance(value, list) else [value]
    known = {role.value: role for role in STAFF_ROLES}
    for name in wanted:
        if str(name) not in known:
            says = f"`{name}` is no role of staff. There are {', '.join(known)}."
            report.error("not-one-of", name if name is not None else value, says)
    return [known[str(name)] for name in wanted if str(name) in known]


def _secret(fields: Fields, path: Path, environment: Mapping[str, str]) -> str:
    report = fields.report
    file, variable = fields.optional("client_secret_file"), fields.optional("client_secret_env")
    if (file is None) == (variable is None):
        says = "Name the secret by either `client_secret_file` or `client_secret_env`."
        report.error("secret", fields.at, says)
        return ""
    if variable is not None:
        secret = environment.get(variable, "").strip()
        if not secret:
            report.error("secret", variable, f"The environment has no {variable}.")
        return secret
    place = path.parent / str(file)
    try:
        secret = place.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        report.error("secret", file, f"The file {place} cannot be read.")
        return ""
    if not secret:
        report.error("secret", file, f"The file {place} is empty.")
    return secret


def _is_safe(address: str) -> bool:
    """Whether it can be asked without anybody listening: by TLS, or on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return (parts.scheme == "https" or local) and bool(parts.hostname) and not parts.query


# The conversation ------------------------------------------------------------------------------


def begin(provider: Provider, redirect_uri: str) -> tuple[str, Asked]:
    """The address at the provider to send the browser to, and what to keep until it is back.

    Raises `Declined` where the provider cannot be reached or says nothing usable of itself.
    """
    asked = Asked(
        provider.id,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),
    )
    with _session(provider, redirect_uri) as session:
        address, _ = session.create_authorization_url(
            _endpoint(provider, "authorization_endpoint"),
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
        )
    return str(address), asked


def finish(
    provider: Provider,
    redirect_uri: str,
    asked: Asked,
    answer: Mapping[str, str],
    now: Callable[[], float] = time.time,
) -> Claimed:
    """Who it is, by the provider's `answer`: the query with which it sent the browser back.

    Raises `Declined` where the answer is not to what we asked, or anything in it does not hold.
    """
    if asked.provider != provider.id or not secrets.compare_digest(
        answer.get("state", "").encode(), asked.state.encode()
    ):
        raise Declined("the answer is not to what this browser asked")
    if "iss" in answer and answer["iss"] != provider.issuer:  # RFC 9207
        raise Declined("the answer names another issuer")
    if "error" in answer:
        raise Declined(f"the provider answered {answer['error'][:60]!r}")
    if not answer.get("code"):
        raise Declined("the answer has no code")
    with _session(provider, redirect_uri) as session:
        try:
            token = session.fetch_token(
                _endpoint(provider, "token_endpoint"),
                grant_type="authorization_code",
                code=answer["code"],
                code_verifier=asked.verifier,
                timeout=_PATIENCE,
                allow_redirects=False,
            )
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            raise Declined(f"the code was not exchanged: {type(error).__name__}") from error
        claims = _verified(provider, str(token.get("id_token", "")), asked.nonce, now)
        return _claimed(provider, _complete(provider, session, claims))


def signed_out(provider: Provider, token: str, now: Callable[[], float] = time.time) -> SignedOut:
    """Whom a provider's logout token signs out (OpenID Connect Back-Channel Logout 1.0).

    Whether it was used before, the caller knows by its `id`, which has to be remembered for
    `LOGOUT_HOLDS`. Raises `Declined` where anything in it does not hold.
    """
    claims = _decoded(provider, token)
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "values": [provider.client_id]},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Declined(f"the token does not hold: {error}") from error
    if claims["iat"] < now() - LOGOUT_HOLDS / 2:
        raise Declined("the token was made too long ago")
    if "nonce" in claims:  # what an ID token has, so that neither is taken for the other
        raise Declined("the token is of another kind: it has a nonce")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT), dict):
        raise Declined("the token is of another kind: it tells of no signing out")
    told = {name: claims.get(name, "") for name in ("sub", "sid", "jti")}
    if not all(isinstance(value, str) and len(value) <= 255 for value in told.values()):
        raise Declined("the token names nobody")
    if not told["jti"] or not (told["sub"] or told["sid"]):
        raise Declined("the token names nobody")
    return SignedOut(told["sub"], told["sid"], told["jti"])


def _session(provider: Provider, redirect_uri: str) -> OAuth2Session:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope=" ".join(dict.fromkeys(provider.scopes)),
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method=_auth_method(provider),
        default_timeout=_PATIENCE,
    )


def _auth_method(provider: Provider) -> str:
    offered = _about(provider).get("token_endpoint_auth_methods_supported")
    basic, post = "client_secret_basic", "client_secret_post"
    return post if isinstance(offered, list) and basic not in offered and post in offered else basic


def _verified(
    provider: Provider, token: str, nonce: str, now: Callable[[], float]
) -> dict[str, Any]:
    """The claims of an ID token that this provider signed for us in answer to `nonce`."""
    claims = _decoded(provider, token)
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "values": [provider.client_id]},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Declined(f"the token does not hold: {error}") from error
    others = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if (len(others) > 1 or "azp" in claims) and claims.get("azp") != provider.client_id:
        raise Declined("the token was made for another client")
    if not isinstance(claims["sub"], str) or not claims["sub"] or len(claims["sub"]) > 255:
        raise Declined("the token names nobody")
    return claims


def _decoded(provider: Provider, token: str) -> dict[str, Any]:
    problem = ""
    for fresh in (False, True):  # a provider may have changed its keys since we asked for them
        try:
            keys = KeySet.import_key_set(cast(Any, _keys(provider, fresh)))
            return dict(jwt.decode(token, keys, algorithms=_SIGNED_BY).claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            problem = type(error).__name__
    raise Declined(f"the token's signature does not hold: {problem}")


def _complete(provider: Provider, session: OAuth2Session, claims: dict[str, Any]) -> dict[str, Any]:
    """The claims, with what the provider tells only when asked for it with the access token."""
    about = _about(provider)
    if (provider.roles_claim in claims and "email" in claims) or "userinfo_endpoint" not in about:
        return claims
    try:
        answer = session.get(
            _endpoint(provider, "userinfo_endpoint"), timeout=_PATIENCE, allow_redirects=False
        )
        more = answer.json() if answer.status_code == 200 else None
    except (AuthlibBaseError, requests.RequestException, ValueError) as error:
        raise Declined(f"who it is was not told: {type(error).__name__}") from error
    if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
        raise Declined("what was told is of somebody else")
    more.pop("sid", None)  # of what is signed alone
    return {**more, **claims}


def _claimed(provider: Provider, claims: Mapping[str, Any]) -> Claimed:
    email = claims.get("email")
    confirmed = provider.confirms_emails or claims.get("email_verified") is True
    name = claims.get("name") or claims.get("preferred_username")
    amr, acr, session = claims.get("amr"), claims.get("acr"), claims.get("sid")
    return Claimed(
        subject=str(claims["sub"]),
        email=email if isinstance(email, str) and confirmed else "",
        name=name if isinstance(name, str) else "",
        roles=frozenset[Role]().union(
            *(provider.roles.get(value, frozenset()) for value in _values(claims, provider))
        ),
        strong=(isinstance(amr, list) and not provider.strong_amr.isdisjoint(map(str, amr)))
        or (isinstance(acr, str) and acr in provider.strong_acr),
        session=session if isinstance(session, str) and len(session) <= 255 else "",
    )


def _values(claims: Mapping[str, Any], provider: Provider) -> Collection[str]:
    """The values of the claim with the roles; its name may lead through objects by dots."""
    found: Any = claims.get(provider.roles_claim)
    if found is None:
        found = claims
        for part in provider.roles_claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return [found]
    return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []


# What a provider says of itself ----------------------------------------------------------------


_remembered: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
"""What each provider said, and when, by its issuer and the address asked."""


def _about(provider: Provider) -> dict[str, Any]:
    place = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    about = _document(provider, place, fresh=False)
    if about.get("issuer") != provider.issuer:
        raise Declined("it calls itself by another issuer than the one configured")
    return about


def _keys(provider: Provider, fresh: bool) -> dict[str, Any]:
    return _document(provider, _endpoint(provider, "jwks_uri"), fresh=fresh)


def _endpoint(provider: Provider, name: str) -> str:
    place = _about(provider).get(name)
    if not isinstance(place, str) or not _is_safe(place.partition("?")[0]):
        raise Declined(f"it names no safe {name}")
    return place


def _document(provider: Provider, place: str, *, fresh: bool) -> dict[str, Any]:
    key = (provider.issuer, place)
    asked_at, document = _remembered.get(key, (0.0, {}))
    if document and not fresh and time.monotonic() - asked_at < _REMEMBERED:
        return document
    try:
        answer = requests.get(place, timeout=_PATIENCE, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json() if len(answer.content) <= _LARGEST_ANSWER else None
    except (requests.RequestException, ValueError) as error:
        raise Unreachable(f"{place} does not answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Declined(f"{place} gives nothing usable")
    _remembered[key] = time.monotonic(), found
    return found
