"""The course's figures, with one style, a title that states the finding, alt text and colors for color-blind readers.

from serverless_first import figures
figures.show(figures.timeline(aws.timeline("orders"), title="..."), alt="...")
"""

from serverless_first.figures.availability import Outage, chain_availability, orders_through_an_outage, throttled
from serverless_first.figures.break_even import month_costs
from serverless_first.figures.capacity import capacity_policies, capacity_runs
from serverless_first.figures.connections import connections_over_time, mitigations
from serverless_first.figures.criteria import criteria
from serverless_first.figures.decision_path import Between, Step, decision_path
from serverless_first.figures.distribution import counts, distribution
from serverless_first.figures.drill import drill_dashboard
from serverless_first.figures.elastic import environments_over_time, hour_bills
from serverless_first.figures.environments import timeline
from serverless_first.figures.evolution import abstraction_steps
from serverless_first.figures.execution_history import execution_histories
from serverless_first.figures.fleet import cold_share
from serverless_first.figures.history import history, history_table
from serverless_first.figures.interfaces import cold_starts, interfaces_then_and_now
from serverless_first.figures.levelling import burst_levelling
from serverless_first.figures.lifecycle import lifecycle
from serverless_first.figures.limits import instance_limits
from serverless_first.figures.messages import MessageEvent, message_life
from serverless_first.figures.pieces import pieces
from serverless_first.figures.polling import polling_trade_off
from serverless_first.figures.pool import borrow_waits, pinned_share
from serverless_first.figures.proxy import Pooler, borrow_waits_s, proxy_over_time, two_poolers
from serverless_first.figures.responsibility import responsibilities
from serverless_first.figures.scoreboard import score_card, scoreboard
from serverless_first.figures.seats import seats
from serverless_first.figures.services import request_on_its_way, services
from serverless_first.figures.shop import shop_architecture, shop_architecture_words
from serverless_first.figures.spectrum import operations, spectrum
from serverless_first.figures.state_machine import state_machine, state_machine_words, state_machines
from serverless_first.figures.steps import borrow_steps, pinned_burst
from serverless_first.figures.style import show
from serverless_first.figures.table import table
from serverless_first.figures.trade_offs import cost_against_loss, headroom
from serverless_first.figures.translation import translations
from serverless_first.figures.two_vpcs import two_vpcs
from serverless_first.figures.two_ways import two_ways
from serverless_first.figures.utilisation import hour_of_work
from serverless_first.figures.waiting import span_s, waiting_times
