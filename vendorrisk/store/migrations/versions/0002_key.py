"""Which master key a database was made with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("key_id", sa.String(), nullable=True))
