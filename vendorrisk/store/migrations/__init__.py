"""Alembic's migrations, shipped with the package so that `vendorrisk migrate` finds them."""
