"""A session on a target, with its confirmation, its tags and its clean-up."""

from __future__ import annotations

import contextlib

from serverless_cloud import CloudError
from serverless_cloud.notebook.other_clouds import AWS, Session
from serverless_first.real_account import cleaning, plan
from serverless_first.real_account.owned import Account
from serverless_first.real_account.tagging import Tagger


class AccountSession:
    """The session of a learner on a real account, or at another endpoint; `serverless_cloud` asks it.

    Args:
        target: "aws" or a URL.
        owner: for the tag; None: on AWS who calls, elsewhere nothing is tagged.
        confirm: the account's number and the Region; None: somebody is asked.
    """

    def __init__(self, target: str, region: str, owner: str | None, confirm: str | None) -> None:
        self._target, self._region, self._owner, self._confirmation = target, region, owner, confirm
        self.account: Account | None = None

    @property
    def account_id(self) -> str:
        """The account's number; it is asked for if need be."""
        return self.known_account_id or plan.identify(self._region, None).id

    @property
    def known_account_id(self) -> str:
        """The account's number if it has been asked for, else empty."""
        return self.account.id if self.account else ""

    @property
    def greeting(self) -> str:
        """The sentence about the tag, or an empty text if nothing is tagged."""
        if self.account is None:
            return ""
        return (
            f" Everything that it makes is tagged serverless-first={self.account.owner}, and cloud.cleanup() "
            "removes it."
        )

    def confirm(self) -> None:
        """On AWS, goes on only when somebody has typed the account's number and the Region.

        Raises:
            NotConfirmed: nobody answers, or the words differ.
            CloudError: no credentials, or some that AWS does not accept.
        """
        if self._target != AWS:
            return
        if self._confirmation is None:
            plan.require_somebody()
        planned = plan.make(self._region, self._owner)
        plan.confirm(planned, self._confirmation)
        self.account = planned.account

    def continue_from(self, running: Session | None) -> None:
        """Refuses a second start that means another tag or another account than the session that goes on.

        Raises:
            CloudError: they differ.
        """
        before = running.account if isinstance(running, AccountSession) else None
        plan.require_as_started(before, self._owner, self._confirmation)

    def enter(self, undo: contextlib.ExitStack) -> None:
        """From now on boto3 tags what it makes, if there is an owner."""
        if self.account is None and self._owner is None:
            return
        self.account = self.account or plan.identify(self._region, self._owner)
        tagger = Tagger(self.account)
        undo.callback(tagger.remove)
        tagger.install()

    def cleanup(self, *, dry_run: bool) -> cleaning.Cleanup:
        """Removes what carries the tag of this session's owner, in an order that works, and lists it.

        Args:
            dry_run: only list it.

        Returns:
            The removed resources, the remaining resources and the reasons.

        Raises:
            CloudError: nothing is tagged here.
        """
        if self.account is None:
            raise CloudError(
                "Nothing is tagged here, so nothing can be found by its tag. Start with an owner: "
                'cloud.start(target="http://...", owner="your name").'
            )
        return cleaning.clean_up(plan.require_same(self.account), dry_run=dry_run)
