"""Object storage by URL: file://, memory://, gs://, s3:// and https:// behind one protocol (`objects.Store`)."""
