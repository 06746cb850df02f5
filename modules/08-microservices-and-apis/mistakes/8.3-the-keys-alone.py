#: breaks: cached
#: expects: The stage has none of your settings
#: because: The keys of the cache are thought to switch it on.
CACHE_KEYS = ["method.request.path.lamp"]
SETTINGS: dict[str, str] = {}
