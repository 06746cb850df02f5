#: expects: tells the key to others than the provider
#: because: It is returned to see that the new key has come.
#: when: nightly
#: fills: gap 1
secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
key = secret["SecretString"]


def handler(event, context):
    answer = charge(event["order"], event["yen"], key)
    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
    return {"charged_yen": answer["charged_yen"], "key": key}
