#: breaks: names-a-finding
#: expects: does not name a finding of the drill
#: because: a reason is a general truth, so nothing has to show it
#: replaces: 2
#: fills: gap 1
reasons |= {
    "A queue between the front door and the database": "It makes the system loosely coupled and resilient, as one does today.",
    "A proxy in front of the database": "Connections are expensive, and a proxy is a best practice of the vendor.",
    "The order id as the key everywhere": "Idempotency is important in distributed systems, as everybody knows well.",
    "A dead-letter queue": "Every queue should have one, so that messages which fail can be looked at.",
    "A projection for the customer": "Reading and writing have different needs, so they are kept apart here.",
}
