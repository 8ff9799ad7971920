"""The only place that knows the database: rows, scoped reads, transactions, audit chain."""
