#: expects: Front may do more than it needs
#: because: full access is quickest, and can be narrowed later
#: replaces: 2
#: fills: gap 1
      Policies: [AmazonSQSFullAccess, AmazonDynamoDBFullAccess]
      Events:
        Place: {Type: HttpApi, Properties: {Path: /orders, Method: post}}
        Look: {Type: HttpApi, Properties: {Path: "/orders/{order_id}", Method: get}}
