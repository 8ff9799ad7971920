"""How Alembic runs here: on the connection that `migrate` holds, all steps in its transaction."""

from alembic import context
from sqlmodel import SQLModel

from vendorrisk.store import tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
