#: breaks: read-once
#: expects: reads the secret on every call
#: because: The learner reads the secret where the code uses it.
#: fills: gap 1

def handler(event, context):
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
    answer = charge(event["order"], event["yen"], secret["SecretString"])
    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
    return {"charged_yen": answer["charged_yen"]}
