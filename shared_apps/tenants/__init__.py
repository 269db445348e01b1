"""Who rents the platform: tenants, the hosts they answer at, and what state each is in."""
