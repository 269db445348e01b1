"""Settings by environment: `development`, `test` and `production` stand on `base`; every value comes from a variable."""
