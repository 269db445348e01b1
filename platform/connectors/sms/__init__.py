"""Short messages behind one port: what India's DLT demands, how a text is counted, and the vendors that carry it."""
