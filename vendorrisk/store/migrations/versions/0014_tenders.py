"""Sealed tenders and their bids, which stay as they were published."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Of a published tender only these change; the title and the keys only when its time is over.
MOVING = (
    "deadline",
    "unsealed_by",
    "unsealed_at",
    "locked_by",
    "locked_at",
    "released_key",
    "title",
    "sealed_key",
)
FILLED_ONCE = ("unsealed_by", "unsealed_at", "locked_by", "locked_at")


def upgrade() -> None:
    _tables()
    postgresql = op.get_bind().dialect.name == "postgresql"
    same = "IS NOT DISTINCT FROM" if postgresql else "IS"
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("tender")]
    kept = [f"NEW.{name} {same} OLD.{name}" for name in columns if name not in MOVING]
    kept += [f"(OLD.{n} IS NULL OR NEW.{n} {same} OLD.{n})" for n in FILLED_ONCE]
    kept.append("NEW.deadline >= OLD.deadline")
    working = " AND ".join(
        [
            *kept,
            f"NEW.title {same} OLD.title",
            # Not which bytes: they change with the master key, and open only what they are about.
            "NEW.sealed_key IS NOT NULL",
            "(OLD.released_key IS NULL OR NEW.released_key IS NOT NULL)",
        ]
    )
    ending = " AND ".join(
        [*kept, "NEW.title = ''", "NEW.sealed_key IS NULL", "NEW.released_key IS NULL"]
    )
    bid = " AND ".join(
        [
            f"NEW.{name} {same} OLD.{name}"
            for name in ("assessment_id", "tender_id", "engagement_id")
        ]
        + ["(OLD.pseudonym = '' OR NEW.pseudonym = OLD.pseudonym)", "(NEW.late OR NOT OLD.late)"]
    )
    published = "(SELECT published_at FROM tender WHERE id = {row}.tender_id) IS NOT NULL"
    if postgresql:
        _postgresql(working, ending, bid)
        return
    refuse = "BEGIN SELECT RAISE(ABORT, '{} never changes'); END"
    op.execute(  # the names are those above
        "CREATE TRIGGER tender_keep BEFORE UPDATE ON tender WHEN OLD.published_at IS NOT NULL"  # noqa: S608
        f" AND NOT ({working}) AND NOT (({ending}) AND EXISTS (SELECT 1 FROM purge_pass))"
        f" {refuse.format('tender')}"
    )
    op.execute(
        "CREATE TRIGGER tender_stay BEFORE DELETE ON tender WHEN OLD.published_at IS NOT NULL"
        f" {refuse.format('tender')}"
    )
    op.execute(
        f"CREATE TRIGGER tender_bid_keep BEFORE UPDATE ON tender_bid WHEN NOT ({bid})"
        f" {refuse.format('tender_bid')}"
    )
    for name, when, row in (("add", "INSERT", "NEW"), ("stay", "DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER tender_bid_{name} BEFORE {when} ON tender_bid"
            f" WHEN {published.format(row=row)} {refuse.format('tender_bid')}"
        )


def _postgresql(working: str, ending: str, bid: str) -> None:
    call = "EXECUTE FUNCTION never_changes()"
    op.execute("""
        CREATE FUNCTION published_bids_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE its text;
        BEGIN
            IF TG_OP = 'DELETE' THEN its := OLD.tender_id; ELSE its := NEW.tender_id; END IF;
            IF (SELECT published_at FROM tender WHERE id = its) IS NOT NULL THEN
                RAISE EXCEPTION '% never changes', TG_TABLE_NAME;
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER tender_keep BEFORE UPDATE ON tender FOR EACH ROW"
        f" WHEN (OLD.published_at IS NOT NULL AND NOT ({working}) AND NOT ({ending})) {call}"
    )
    op.execute(
        "CREATE TRIGGER tender_blank BEFORE UPDATE ON tender FOR EACH ROW"
        f" WHEN (OLD.published_at IS NOT NULL AND NOT ({working}) AND ({ending}))"
        " EXECUTE FUNCTION needs_purge_pass()"
    )
    op.execute(
        "CREATE TRIGGER tender_stay BEFORE DELETE ON tender FOR EACH ROW"
        f" WHEN (OLD.published_at IS NOT NULL) {call}"
    )
    op.execute(
        "CREATE TRIGGER tender_bid_keep BEFORE UPDATE ON tender_bid FOR EACH ROW"
        f" WHEN (NOT ({bid})) {call}"
    )
    for name, when in (("add", "INSERT"), ("stay", "DELETE")):
        op.execute(
            f"CREATE TRIGGER tender_bid_{name} BEFORE {when} ON tender_bid FOR EACH ROW"
            " EXECUTE FUNCTION published_bids_stay()"
        )
    for table in ("tender", "tender_bid"):
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}"
        )


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    people = ("created_by", "published_by", "unsealed_by", "locked_by")
    op.create_table(
        "tender",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("questionnaire_id", sa.String(), nullable=False),
        sa.Column("questionnaire_version", sa.Integer(), nullable=False),
        sa.Column("questionnaire_digest", sa.String(), nullable=False),
        sa.Column("rubric_digest", sa.String(), nullable=False),
        sa.Column("deadline", moment, nullable=False),
        sa.Column("late_rule", sa.String(), nullable=False),
        sa.Column("pseudonymous", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("published_at", moment, nullable=True),
        sa.Column("unsealed_by", sa.String(), nullable=True),
        sa.Column("unsealed_at", moment, nullable=True),
        sa.Column("locked_by", sa.String(), nullable=True),
        sa.Column("locked_at", moment, nullable=True),
        sa.Column("sealed_key", sa.Text(), nullable=True),
        sa.Column("released_key", sa.Text(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_tender_{name}"))
            for name in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender")),
    )
    op.create_table(
        "tender_bid",
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("tender_id", sa.String(), nullable=False),
        sa.Column("engagement_id", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_tender_bid_{table}_id")
            )
            for table in ("assessment", "tender", "engagement")
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_tender_bid")),
    )
    op.create_index(op.f("ix_tender_bid_tender_id"), "tender_bid", ["tender_id"])
