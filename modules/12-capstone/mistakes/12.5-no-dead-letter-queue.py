#: breaks: passes
#: expects: Your shop has failed the drill.*what the design 'no dead-letter queue' does
#: because: leaves the redrive policy out: nothing is lost that way, and poison comes back for ever
#: replaces: 2
#: fills: gap 1
queues = Path("hikari-shop/parts/queues.yaml")
lines = queues.read_text().splitlines(keepends=True)
queues.write_text("".join(line for line in lines if "RedrivePolicy" not in line))
shop.deploy(aws)
record = drill.run("hikari-shop", orders=80, seed=7, patience_s=30)
