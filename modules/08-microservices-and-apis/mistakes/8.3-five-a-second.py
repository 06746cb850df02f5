#: breaks: per-second
#: expects: More orders get in than.*then 5 per second
#: because: Five at once is thought to mean five a second.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "5",
}
