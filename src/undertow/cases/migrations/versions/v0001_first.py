"""The first version of the tables."""

from __future__ import annotations

from alembic import op

from undertow.cases.guards import guard
from undertow.cases.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    metadata.create_all(op.get_bind())
    guard(op.get_bind())


def downgrade() -> None:
    """Remove all tables."""
    metadata.drop_all(op.get_bind())
