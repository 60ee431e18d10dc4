"""Bytes by address: file://, memory://, gs:// and s3:// behind one protocol of five methods (`objects.Store`)."""
