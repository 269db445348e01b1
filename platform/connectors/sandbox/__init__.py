"""Stand-ins that speak the wires of payment gateways and message vendors, on this machine only, for demo and tests."""
