"""Knockouts that a reviewer confirmed, and requests to lift one."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_check",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("looked_at", sa.Text(), nullable=False),
        sa.Column("checked_by", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_rule_check_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_rule_check_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["person.id"], name=op.f("fk_rule_check_checked_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_check")),
    )
    op.create_index(op.f("ix_rule_check_assessment_id"), "rule_check", ["assessment_id"])
    op.create_index(op.f("ix_rule_check_submission_id"), "rule_check", ["submission_id"])
    op.create_table(
        "lifting",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("settled_reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_lifting_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_lifting_submission_id")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_lifting_asked_by")),
        sa.ForeignKeyConstraint(["settled_by"], ["person.id"], name=op.f("fk_lifting_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifting")),
    )
    op.create_index(op.f("ix_lifting_assessment_id"), "lifting", ["assessment_id"])
    op.create_index(op.f("ix_lifting_submission_id"), "lifting", ["submission_id"])
