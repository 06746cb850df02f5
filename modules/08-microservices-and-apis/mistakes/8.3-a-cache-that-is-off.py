#: breaks: cached
#: expects: nothing comes from the cache
#: because: The setting of the method is thought to switch on the cache of the stage.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/~1orders/POST/throttling/burstLimit": "5",
    "/~1orders/POST/throttling/rateLimit": "1",
}
