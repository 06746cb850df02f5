#: breaks: passes
#: expects: Your shop has failed the drill.*what the design 'state in memory' does
#: because: remembers in a variable of the module which orders are done; another environment does not know, and a new one neither
#: replaces: 2
#: fills: gap 1
def change(file, *pairs):
    path = Path("hikari-shop") / file
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


change("functions/schema.sql", ("order_id  text PRIMARY KEY", "order_id  text NOT NULL"))
change(
    "functions/worker.py",
    ("connection = None\n\n\ndef execute", "connection = None\ndone = set()\n\n\ndef execute"),
    ("        ON CONFLICT (order_id) DO NOTHING\n", ""),
    ("def accept(order):\n", 'def accept(order):\n    if order["order_id"] in done:\n        return order["order_id"]\n'),
    ("    payment.start(order)\n", '    payment.start(order)\n    done.add(order["order_id"])\n'),
)
shop.deploy(aws)
record = drill.run("hikari-shop", orders=80, seed=7, patience_s=30)
