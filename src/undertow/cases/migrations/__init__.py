"""Migrations of the case store, run by Alembic when a store is opened."""
