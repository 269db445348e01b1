"""The HTTP doors of accounts: signing in and out, one's own profile and devices, users and roles."""
