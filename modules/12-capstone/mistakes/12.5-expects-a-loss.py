#: expects: The design 'no dead-letter queue' has passed 'lost'
#: because: a queue without a dead-letter queue is thought to lose what fails
#: when: nightly
#: fills: gap 1
expected |= {
    "no idempotency": "doubled",
    "direct connections": "connections",
    "short visibility timeout": "visibility",
    "no dead-letter queue": "lost",
    "state in memory": "doubled",
}
