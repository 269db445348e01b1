"""The database backend that serves every query in the scope it was asked in, or not at all."""
