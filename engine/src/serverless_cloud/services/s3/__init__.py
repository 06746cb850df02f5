"""S3: buckets and their events."""
