#: breaks: dead-letters
#: expects: comes back forever
#: because: makes a dead-letter queue, and does not tell the other queue of it
#: replaces: 2
#: fills: gap 1
  Orders: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 15}}
  OrdersDlq: {Type: AWS::SQS::Queue}
