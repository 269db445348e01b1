"""Who signs in, with what, on which device, and what they may do."""
