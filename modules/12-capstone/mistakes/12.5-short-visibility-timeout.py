#: breaks: passes
#: expects: Your shop has failed the drill.*what the design 'short visibility timeout' does
#: because: lowers the visibility timeout, so that a message that failed comes back sooner; one that is at work comes back, too
#: replaces: 2
#: fills: gap 1
shop.deploy(aws)
queues = Path("hikari-shop/parts/queues.yaml")
queues.write_text(queues.read_text().replace("VisibilityTimeout: 15", "VisibilityTimeout: 1"))
shop.deploy(aws)
record = drill.run("hikari-shop", orders=80, seed=7, patience_s=30)
