"""Live video behind one port."""
