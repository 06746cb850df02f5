#: breaks: never-turned-away
#: expects: GET /orders: 100 at once
#: because: A limit that is far away is thought to do no harm.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "1",
    "/~1orders/GET/throttling/burstLimit": "100",
    "/~1orders/GET/throttling/rateLimit": "50",
}
