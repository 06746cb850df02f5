#: breaks: cached
#: expects: nothing comes from the cache
#: because: The customer as a key is thought to be on the safe side, for prices too.
CACHE_KEYS = ["method.request.path.lamp", "method.request.header.Customer"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "1",
}
