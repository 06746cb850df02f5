#: breaks: at-once
#: expects: More orders get in than.*6 at once
#: because: One more does no harm.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "6",
    "/~1orders/POST/throttling/rateLimit": "1",
}
