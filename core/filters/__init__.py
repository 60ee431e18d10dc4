"""The filters and measures, one file a family, one function a filter. A file added here is found by itself."""
