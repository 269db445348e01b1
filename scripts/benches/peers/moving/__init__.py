"""An app of every tenant whose migrations are written during the measurement (`MIGRATION_MODULES`), for both sides."""
