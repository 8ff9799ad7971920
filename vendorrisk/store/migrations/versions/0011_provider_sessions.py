"""Through which provider's session a session of ours began."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_session",
        sa.Column("sign_in_id", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_provider_session_sign_in_id")
        ),
        sa.PrimaryKeyConstraint("sign_in_id", name=op.f("pk_provider_session")),
    )
    op.create_index("ix_provider_session_subject", "provider_session", ["issuer", "subject"])
