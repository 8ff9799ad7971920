"""Events that bind the rows they tell of, and whose words can be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Everything of an event but its words stays as it was.
KEPT = (
    "id",
    "chain",
    "number",
    "at",
    "actor_kind",
    "actor_id",
    "action",
    "subject_kind",
    "subject_id",
    "assessment_id",
    "nonce",
    "changes",
    "said",
    "previous_hash",
    "hash",
)


def upgrade() -> None:
    for name, kind in (
        ("origin", sa.String()),
        ("nonce", sa.String()),
        ("changes", sa.Text()),
        ("said", sa.String()),
    ):
        op.add_column("audit_event", sa.Column(name, kind, nullable=True))
    # Whoever writes next binds every row there is, as in a database that was never bound.
    op.execute("UPDATE installation SET key_id = NULL")
    postgresql = op.get_bind().dialect.name == "postgresql"
    same = "IS NOT DISTINCT FROM" if postgresql else "IS"
    conditions = [f"NEW.{name} {same} OLD.{name}" for name in KEPT]
    conditions += [
        "NEW.nonce IS NOT NULL",
        "NEW.actor_name = ''",
        "NEW.origin = ''",
        "NEW.details = '{}'",
    ]
    erasing = " AND ".join(conditions)
    if postgresql:
        op.execute("DROP TRIGGER audit_event_keep ON audit_event")
        op.execute(
            "CREATE TRIGGER audit_event_keep BEFORE UPDATE ON audit_event FOR EACH ROW"
            f" WHEN (NOT ({erasing})) EXECUTE FUNCTION never_changes()"
        )
    else:
        op.execute("DROP TRIGGER audit_event_keep")
        op.execute(
            f"CREATE TRIGGER audit_event_keep BEFORE UPDATE ON audit_event WHEN NOT ({erasing})"
            " BEGIN SELECT RAISE(ABORT, 'audit_event never changes'); END"
        )
