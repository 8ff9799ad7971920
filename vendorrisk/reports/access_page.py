"""The page of who may do what, written from the policy table: docs/access.md."""

from __future__ import annotations

from collections.abc import Iterator

from vendorrisk.access import (
    KEPT_OUT,
    POLICY,
    RELATION_SAYS,
    ROLE_DOES,
    ROLE_SAYS,
    STAFF_ROLES,
    VENDOR_ROLES,
    Action,
    Relation,
    Role,
)

COMMAND = "vendorrisk access > docs/access.md"


def access_page() -> str:
    """The page in Markdown: roles, what keeps people out, and every action by role."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Who may do what"
    yield ""
    yield f"This page is written by `{COMMAND}` from `vendorrisk/access.py`,"
    yield "and a test holds it to that. What is not listed is refused. A member of staff is told"
    yield "which role could have done it; to a vendor, whatever is not theirs does not exist."
    yield ""
    yield "## Roles"
    yield ""
    yield "| role | what they do |"
    yield "|---|---|"
    for role in Role:
        yield f"| {ROLE_SAYS[role]} | {ROLE_DOES[role]} |"
    yield ""
    yield "## What keeps people out all the same"
    yield ""
    yield "A role is not enough where one of these stands against it:"
    yield ""
    yield "| | relation | holds for |"
    yield "|---|---|---|"
    for number, relation in enumerate(Relation, 1):
        actions = ", ".join(_says(action) for action in Action if relation in KEPT_OUT[action])
        yield f"| {number} | {RELATION_SAYS[relation]} | {actions} |"
    yield ""
    yield from _table("Staff", STAFF_ROLES)
    yield ""
    yield from _table("Vendors", VENDOR_ROLES)


def _table(title: str, roles: tuple[Role, ...]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| action | " + " | ".join(ROLE_SAYS[role] for role in roles) + " | kept out |"
    yield "|---|" + ":-:|" * (len(roles) + 1)
    for action in Action:
        if POLICY[action].isdisjoint(roles):
            continue
        cells = ["yes" if role in POLICY[action] else "" for role in roles]
        kept = ", ".join(
            str(number) for number, one in enumerate(Relation, 1) if one in KEPT_OUT[action]
        )
        yield f"| {_says(action)} | " + " | ".join(cells) + f" | {kept} |"


def _says(action: Action) -> str:
    return action.value.replace("_", " ")
