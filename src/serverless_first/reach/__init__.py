"""Why a packet arrives in a VPC, or does not: route tables, gateways, network ACLs and security groups, hop by hop.

from serverless_first import reach
answer = reach.explain(boto3.client("ec2"), source="eni-0123", to=("10.6.1.20", 5432))
print(answer)

It uses only `describe_` calls, changes nothing and sends nothing, so it works on any VPC that boto3 can describe.
"""

from serverless_first.reach.answer import Answer, By, Hop
from serverless_first.reach.explain import explain
from serverless_first.reach.picture import Picture, read
from serverless_first.reach.places import Place, UnknownPlace, of_database, of_function, of_interface, service_address
