"""The fleet: bringing every schema to the migrations in code, watching how far each is, working through all of them."""
