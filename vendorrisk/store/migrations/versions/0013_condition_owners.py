"""Who owns a condition: a colleague, or somebody at the vendor."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "condition_owner",
        sa.Column("condition_id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["condition_id"],
            ["decision_condition.id"],
            name=op.f("fk_condition_owner_condition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_condition_owner_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_condition_owner_person_id")
        ),
        sa.PrimaryKeyConstraint("condition_id", name=op.f("pk_condition_owner")),
    )
    op.create_index(op.f("ix_condition_owner_assessment_id"), "condition_owner", ["assessment_id"])
