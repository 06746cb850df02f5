"""The score of a drill, shown in a notebook."""

from __future__ import annotations

from serverless_first.drill.finding import Score


def show(score: Score, *, title: str | None = None) -> None:
    """Shows each finding: what was seen, and for those that failed what it means and where to look.

    It is a picture: the numbers differ from run to run, and stored outputs do not compare pictures.

    Args:
        score: of a record.
        title: the finding, as a sentence; how many have passed unless told.
    """
    from serverless_first import figures

    passed = [finding.name for finding in score.findings if finding.passed]
    failed = [finding.name for finding in score.failed]
    told = title or f"{len(passed)} of {len(score.findings)} findings passed"
    alt = f"The drill's findings. Passed: {', '.join(passed) or 'none'}. Failed: {', '.join(failed) or 'none'}."
    figures.show(figures.score_card(score, title=told), alt=alt)
