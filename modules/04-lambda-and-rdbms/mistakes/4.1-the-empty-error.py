#: breaks: error-texts
#: expects: A text in errors is empty
#: because: A call that went well has an error too: an empty one.
outcomes = Counter(result.outcome for result in results)
evidence = {
    "calls": len(results),
    "answered": outcomes["answered"],
    "failed": outcomes["failed"],
    "throttled": outcomes["throttled"],
    "errors": sorted({result.error for result in results}),
    "sessions": dict(Counter(session.user for session in sessions)),
}

_ = Path("evidence.json").write_text(json.dumps(evidence, indent=2))
print({key: value for key, value in evidence.items() if key != "errors"})
for error in evidence["errors"]:
    print(error.partition("FATAL: ")[2])
