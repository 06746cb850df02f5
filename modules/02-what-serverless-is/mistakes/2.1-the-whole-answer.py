#: expects: something that is not the secret's value
#: because: The answer of get_secret_value is taken for the secret.
#: when: nightly
#: fills: gap 1
secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
key = secret["Name"]


def handler(event, context):
    answer = charge(event["order"], event["yen"], key)
    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
    return {"charged_yen": answer["charged_yen"]}
