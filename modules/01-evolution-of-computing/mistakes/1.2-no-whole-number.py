#: expects: must answer a whole number
#: because: There are no parts of a server.
#: when: nightly
%%writefile rule.py
import math

PER_SERVER_S = 20


def decide(history):
    busiest = max(minute.per_s for minute in history[-10:])
    return max(2, 1.5 * busiest / PER_SERVER_S + 0.01)
