"""The operator's desk: provisioning, which touches every app, and the API of tenants."""
