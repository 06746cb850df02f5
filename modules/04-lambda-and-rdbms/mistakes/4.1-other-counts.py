#: breaks: outcomes
#: expects: The counts don't match the sessions
#: because: The calls that failed and the calls that were answered change places.
outcomes = Counter(result.outcome for result in results)
evidence = {
    "calls": len(results),
    "answered": outcomes["failed"],
    "failed": outcomes["answered"],
    "throttled": outcomes["throttled"],
    "errors": sorted({result.error for result in results if result.error}),
    "sessions": dict(Counter(session.user for session in sessions)),
}

_ = Path("evidence.json").write_text(json.dumps(evidence, indent=2))
print({key: value for key, value in evidence.items() if key != "errors"})
for error in evidence["errors"]:
    print(error.partition("FATAL: ")[2])
