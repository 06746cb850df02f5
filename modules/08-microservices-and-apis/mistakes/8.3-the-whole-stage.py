#: breaks: orders-not-cached
#: expects: One customer sees another customer's orders
#: because: Caching is thought to be good for every question.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/*/*/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "1",
}
