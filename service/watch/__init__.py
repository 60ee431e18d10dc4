"""What is seen of a server from outside: metrics and traces."""
