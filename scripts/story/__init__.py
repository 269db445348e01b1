"""The stories `scripts/demo` plays: outside clients, over HTTP and WebSocket, against a serving stack."""
