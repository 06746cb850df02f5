#: breaks: error-texts
#: expects: aren't in PostgreSQL's own words
#: because: That it failed is thought to be enough; why, the log would have said.
outcomes = Counter(result.outcome for result in results)
evidence = {
    "calls": len(results),
    "answered": outcomes["answered"],
    "failed": outcomes["failed"],
    "throttled": outcomes["throttled"],
    "errors": ["it did not work"],
    "sessions": dict(Counter(session.user for session in sessions)),
}

_ = Path("evidence.json").write_text(json.dumps(evidence, indent=2))
print({key: value for key, value in evidence.items() if key != "errors"})
for error in evidence["errors"]:
    print(error.partition("FATAL: ")[2])
