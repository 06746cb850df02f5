#: expects: Fewer orders get in at once
#: because: A small number is thought to be the safe one.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "1",
    "/~1orders/POST/throttling/rateLimit": "1",
}
