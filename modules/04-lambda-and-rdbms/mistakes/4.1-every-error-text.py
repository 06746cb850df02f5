#: breaks: each-once
#: expects: The evidence contains the same error text more than once
#: because: A list of all texts is thought to be more complete.
outcomes = Counter(result.outcome for result in results)
evidence = {
    "calls": len(results),
    "answered": outcomes["answered"],
    "failed": outcomes["failed"],
    "throttled": outcomes["throttled"],
    "errors": [result.error for result in results if result.error],
    "sessions": dict(Counter(session.user for session in sessions)),
}

_ = Path("evidence.json").write_text(json.dumps(evidence, indent=2))
print({key: value for key, value in evidence.items() if key != "errors"})
for error in evidence["errors"]:
    print(error.partition("FATAL: ")[2])
