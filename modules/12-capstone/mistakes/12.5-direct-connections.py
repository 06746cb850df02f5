#: breaks: passes
#: expects: Your shop has failed the drill.*what the design 'direct connections' does
#: because: the functions go past the proxy: a seat of the database for each environment
#: replaces: 2
#: fills: gap 1
def change(file, *pairs):
    path = Path("hikari-shop") / file
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


change(
    "parts/work.yaml",
    ("DB_HOST: !GetAtt Proxy.Endpoint", "DB_HOST: !GetAtt Database.Endpoint.Address"),
    ("DB_PORT: !GetAtt Access.Port", "DB_PORT: !GetAtt Database.Endpoint.Port"),
)
shop.deploy(aws)
record = drill.run("hikari-shop", orders=80, seed=7, patience_s=20)
