#: expects: The poison is gone
#: because: the worker names what failed, and the mapping is not told to listen
#: when: nightly
#: replaces: 3
#: fills: gap 2
      Events:
        Ordered:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            BatchSize: 5
            ScalingConfig: {MaximumConcurrency: 12}
