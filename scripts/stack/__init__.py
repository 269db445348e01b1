"""The stack: real servers, our own processes, and the commands that start, test and stop them."""
