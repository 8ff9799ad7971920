"""Links that a vendor's coordinator gives to colleagues, and codes for reading files back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("invitation_id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("signs", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_delegation_invitation_id")
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_delegation_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["invitation.id"], name=op.f("fk_delegation_parent_id")
        ),
        sa.ForeignKeyConstraint(["given_by"], ["contact.id"], name=op.f("fk_delegation_given_by")),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_delegation")),
    )
    op.create_index(op.f("ix_delegation_assessment_id"), "delegation", ["assessment_id"])
    op.create_index(op.f("ix_delegation_parent_id"), "delegation", ["parent_id"])
    op.create_table(
        "read_code",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("sign_in_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_read_code_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_read_code_sign_in_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_read_code_contact_id")
        ),
        sa.ForeignKeyConstraint(["shown_by"], ["person.id"], name=op.f("fk_read_code_shown_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_code")),
    )
    op.create_index(op.f("ix_read_code_assessment_id"), "read_code", ["assessment_id"])
    op.create_index(op.f("ix_read_code_sign_in_id"), "read_code", ["sign_in_id"])
