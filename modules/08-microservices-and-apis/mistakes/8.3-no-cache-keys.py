#: breaks: own-price
#: expects: A lamp has another lamp's price
#: because: The path is thought to be part of the key by itself.
CACHE_KEYS = []
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "1",
}
