"""What others would use instead of us: small, honest, written as its own documentation says."""
