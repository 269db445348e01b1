"""What tests share: databases, businesses, racing threads, signed-in clients."""
