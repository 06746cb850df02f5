#: breaks: sessions
#: expects: The evidence doesn't have the sessions
#: because: The state is counted in place of the user, so nobody learns whose sessions they are.
outcomes = Counter(result.outcome for result in results)
evidence = {
    "calls": len(results),
    "answered": outcomes["answered"],
    "failed": outcomes["failed"],
    "throttled": outcomes["throttled"],
    "errors": sorted({result.error for result in results if result.error}),
    "sessions": dict(Counter(session.state for session in sessions)),
}

_ = Path("evidence.json").write_text(json.dumps(evidence, indent=2))
print({key: value for key, value in evidence.items() if key != "errors"})
for error in evidence["errors"]:
    print(error.partition("FATAL: ")[2])
