#: breaks: rights
#: expects: Front is not allowed to do sqs:SendMessage
#: because: it works on this machine
#: replaces: 2
#: fills: gap 1
      Events:
        Place: {Type: HttpApi, Properties: {Path: /orders, Method: post}}
        Look: {Type: HttpApi, Properties: {Path: "/orders/{order_id}", Method: get}}
