"""django-tenants as its documentation sets it up, over the same apps of a tenant as ours."""
