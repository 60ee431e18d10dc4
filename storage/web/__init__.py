"""What is fetched from the web: the names that may be asked for, the guard before every connection, the fetching."""
