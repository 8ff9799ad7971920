"""Who somebody is to a provider that signs them in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_account",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_provider_account_person_id")
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_provider_account")),
    )
    op.create_index(op.f("ix_provider_account_person_id"), "provider_account", ["person_id"])
