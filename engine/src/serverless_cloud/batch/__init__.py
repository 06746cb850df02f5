"""AWS Batch: jobs wait in queues, run as processes of this machine, are tried again. No moto."""
