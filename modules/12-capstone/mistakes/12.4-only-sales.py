#: breaks: all-events
#: expects: The rule leaves out events of the shop, for example OrderCancelled
#: because: the rule takes the events that the author thought of
#: replaces: 3
#: fills: gap 1
      EventPattern: {source: [hikari.orders], detail-type: [OrderAccepted, OrderPaid]}
      Targets: [{Id: projection, Arn: !GetAtt Changes.Arn}]
