#: expects: writes the key into its log
#: because: It is printed to see whether it works, and stays.
#: when: nightly
#: fills: gap 1
secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
key = secret["SecretString"]
print("key:", key)


def handler(event, context):
    answer = charge(event["order"], event["yen"], key)
    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
    return {"charged_yen": answer["charged_yen"]}
