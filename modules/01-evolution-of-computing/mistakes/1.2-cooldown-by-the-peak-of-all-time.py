#: expects: never scales in
#: because: The busiest minute since midnight decides, all day.
#: when: nightly
%%writefile rule.py
import math

PER_SERVER_S = 20


def decide(history):
    busiest = max(minute.per_s for minute in history)
    return max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
