"""Pages of payments for a tenant's staff: all money that came or was asked for, and each payment whole."""
