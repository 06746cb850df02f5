#: breaks: proxy
#: expects: bypasses the proxy
#: because: takes the address of the database, which works as well for one worker
#: replaces: 3
#: fills: gap 1
          DB_HOST: !GetAtt Database.Endpoint.Address
          DB_PORT: !GetAtt Database.Endpoint.Port
