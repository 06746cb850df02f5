#: expects: More orders get in than the shop wants
#: because: Some room above the limit is thought to do no harm.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "10",
    "/~1orders/POST/throttling/rateLimit": "1",
}
