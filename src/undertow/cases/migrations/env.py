"""What Alembic runs: the migrations, inside the transaction that `cases.schema` began."""

from __future__ import annotations

from alembic import context

from undertow.cases.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
