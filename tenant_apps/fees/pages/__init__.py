"""Pages of fees on a tenant's host, and the home of everybody who signs in there."""
