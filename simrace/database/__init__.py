"""The database: which one it is, the embedded server, roles, and the lock of the one writer."""
