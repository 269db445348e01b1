"""What any multi-tenant service needs; it knows nothing of academies."""
