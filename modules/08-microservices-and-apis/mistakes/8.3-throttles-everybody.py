#: breaks: never-turned-away
#: expects: A customer who only looks is turned away
#: because: A limit for the stage is thought to be a limit for the robot.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS = {
    "/cacheClusterEnabled": "true",
    "/cacheClusterSize": "0.5",
    "/~1prices~1{lamp}/GET/caching/enabled": "true",
    "/~1prices~1{lamp}/GET/caching/ttlInSeconds": "300",
    "/*/*/throttling/burstLimit": "5",
    "/*/*/throttling/rateLimit": "1",
}
