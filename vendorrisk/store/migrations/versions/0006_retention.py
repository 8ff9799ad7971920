"""Holds, receipts, and a pass for the one transaction that deletes what never changes otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# These may be deleted whole.
DELETED = ("answer_revision", "review_revision", "evidence")

# Of these only words may be blanked or shortened; the rest of the row stays as it was.
BLANKED = {
    "submission": ("snapshot", "signed_by_name", "signed_by_role", "return_reason"),
    "decision": ("reasons",),
    "decision_condition": ("text", "owner", "proof"),
}

# As in the first schema: these columns are filled once, together.
FILLED_ONCE = {
    "submission": ("returned_at", "returned_by", "return_reason"),
    "decision": (),
    "decision_condition": ("closed_at", "closed_by"),
    "deletion_receipt": ("files_gone_at",),
}


def upgrade() -> None:
    _tables()
    postgresql = op.get_bind().dialect.name == "postgresql"
    same = "IS NOT DISTINCT FROM" if postgresql else "IS"
    if postgresql:
        op.execute("""
            CREATE FUNCTION needs_purge_pass() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NOT EXISTS (SELECT 1 FROM purge_pass) THEN
                    RAISE EXCEPTION '% never changes', TG_TABLE_NAME;
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            END $$
        """)
    for table in DELETED:
        if postgresql:
            op.execute(f"DROP TRIGGER {table}_stay ON {table}")
            op.execute(
                f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table} FOR EACH ROW"
                " EXECUTE FUNCTION needs_purge_pass()"
            )
        else:
            op.execute(f"DROP TRIGGER {table}_stay")
            op.execute(  # the names are those above
                f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table}"  # noqa: S608
                " WHEN NOT EXISTS (SELECT 1 FROM purge_pass)"
                f" BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
            )
    for table, words in BLANKED.items():
        filling = _filling(table, same)
        blanking = _unchanged(table, words, same)
        if postgresql:
            op.execute(f"DROP TRIGGER {table}_keep ON {table}")
            op.execute(
                f"CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} FOR EACH ROW"
                f" WHEN (NOT ({filling}) AND NOT ({blanking})) EXECUTE FUNCTION never_changes()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_blank BEFORE UPDATE ON {table} FOR EACH ROW"
                f" WHEN (NOT ({filling}) AND ({blanking})) EXECUTE FUNCTION needs_purge_pass()"
            )
        else:
            op.execute(f"DROP TRIGGER {table}_keep")
            op.execute(  # the names are those above
                f"CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} WHEN NOT ({filling})"  # noqa: S608
                f" AND NOT (({blanking}) AND EXISTS (SELECT 1 FROM purge_pass))"
                f" BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
            )
    _receipts(postgresql, _filling("deletion_receipt", same))


def _receipts(postgresql: bool, filling: str) -> None:
    table = "deletion_receipt"
    if postgresql:
        call = "EXECUTE FUNCTION never_changes()"
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (NOT ({filling})) {call}"
        )
        op.execute(f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table} FOR EACH ROW {call}")
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}"
        )
    else:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} WHEN NOT ({filling}) {refuse}"
        )
        op.execute(f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table} {refuse}")


def _filling(table: str, same: str) -> str:
    once = FILLED_ONCE[table]
    if not once:
        return "1 = 0"
    filled = [f"OLD.{name} IS NULL AND NEW.{name} IS NOT NULL" for name in once]
    return " AND ".join([*filled, _unchanged(table, once, same)])


def _unchanged(table: str, but: tuple[str, ...], same: str) -> str:
    columns = sa.inspect(op.get_bind()).get_columns(table)
    rest = [column["name"] for column in columns if column["name"] not in but]
    return " AND ".join(f"NEW.{name} {same} OLD.{name}" for name in rest)


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", moment, nullable=False),
        sa.Column("lift_reason", sa.Text(), nullable=True),
        sa.Column("lift_asked_by", sa.String(), nullable=True),
        sa.Column("lift_asked_at", moment, nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("lifted_at", moment, nullable=True),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_legal_hold_{name}"))
            for name in ("set_by", "lift_asked_by", "lifted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_table(
        "deletion_receipt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("data_class", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=True),
        sa.Column("since", moment, nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("stores", sa.Text(), nullable=False),
        sa.Column("files_gone_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_deletion_receipt_assessment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion_receipt")),
    )
    op.create_index(
        op.f("ix_deletion_receipt_assessment_id"), "deletion_receipt", ["assessment_id"]
    )
    op.create_table(
        "purge_pass",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("never", sa.Integer(), nullable=False),
        sa.CheckConstraint("never = 0", name=op.f("ck_purge_pass_never_zero")),
        sa.ForeignKeyConstraint(
            ["never"],
            ["installation.id"],
            name=op.f("fk_purge_pass_never"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purge_pass")),
    )
