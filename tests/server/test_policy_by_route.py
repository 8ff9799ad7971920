"""The policy table walked through the addresses that give something away: every role, every one."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from vendorrisk.access import POLICY, STAFF_ROLES, VENDOR_ROLES, Action, Actor, Role
from vendorrisk.server import routes
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import people

GUARDED = {
    "/evidence/{evidence_id}": Action.OPEN_EVIDENCE,
    "/submission/{assessment_id}.json": Action.OWN_COPY,
    "/brief/{assessment_id}": Action.BRIEF,
}
"""Addresses that name something of somebody's, and the action that each is."""

FOR_ANYBODY = {
    "/{page:page_name}",
    "/sign-in/with/{provider}",
    "/sign-in/back/{provider}",
    "/sign-out/by/{provider}",
}
"""What names a page, which looks after itself, or a provider that stands on the sign-in page."""


def test_every_address_that_names_something_is_walked() -> None:
    naming = {
        route.path for route in routes() if isinstance(route, Route) and route.param_convertors
    }
    assert naming - FOR_ANYBODY == set(GUARDED)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", GUARDED)
def test_an_address_answers_as_the_table_says(client, monkeypatch, role, path):
    action = GUARDED[path]
    if role in STAFF_ROLES:
        actor = Actor("person", "p", "Kit Moss", frozenset({role}))
        expected = 404 if role in POLICY[action] else 403
    else:
        actor = Actor("contact", "c", "Jo Field", frozenset({role}), assessment_id="mine")
        to_vendors = not POLICY[action].isdisjoint(VENDOR_ROLES)
        expected = 403 if to_vendors and role not in POLICY[action] else 404
    monkeypatch.setattr(people, "actor_of", lambda *_: actor)
    client.cookies.set(SESSION_COOKIE, "t" * 43)

    sent = client.get(path.format(evidence_id="mine", assessment_id="mine"))

    assert sent.status_code == expected
    assert ("it takes" in sent.text) == (expected == 403)
    if role in VENDOR_ROLES:
        another = client.get(path.format(evidence_id="theirs", assessment_id="theirs"))
        assert "theirs" not in another.text
        assert another.status_code == (
            403 if (expected, action) == (403, Action.OPEN_EVIDENCE) else 404
        )
