#: breaks: at-once
#: expects: Fewer orders get in than
#: because: Burst is taken for requests a second, rate for the size of the bucket.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "1",
    "/~1orders/POST/throttling/rateLimit": "5",
}
