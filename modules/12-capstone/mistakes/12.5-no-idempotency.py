#: breaks: passes
#: expects: Your shop has failed the drill.*what the design 'no idempotency' does
#: because: nothing makes the second time harmless: no key in the table, a plain INSERT, an execution without a name
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
change("functions/worker.py", ("        ON CONFLICT (order_id) DO NOTHING\n", ""))
change("functions/payment.py", ('            name=order["order_id"],\n', ""))
shop.deploy(aws)
record = drill.run("hikari-shop", orders=80, seed=7, patience_s=30)
