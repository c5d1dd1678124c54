"""A decision in plain words, for somebody who has never seen a clause number. Made of codes and instants alone."""

from contracts.log_leaf import LeafMiss, ShareLeaf

_REASONS = {
    "no-clause": "no clause of an agreement in force allows this kind of sharing",
    "no-involvement": "the recipient had no involvement with the person",
    "involvement-not-confirmed": "the recipient's involvement had not been confirmed",
    "condition-not-met": "a condition of the clause was not met",
    "consent-missing": "the person had not been asked, or had not answered",
    "consent-refused": "the person refused",
    "consent-withdrawn": "the person had withdrawn their consent",
    "consent-expired": "the person's consent had run out",
    "consent-does-not-cover": "the person's consent does not reach this far",
    "objection": "the person objected",
    "restricted-person": "the person's record is restricted by law",
    "prohibited": "the law prohibits it",
    "agreement-expired": "the agreement was no longer in force",
    "agency-suspended": "the agency was suspended",
    "could-not-decide": "a fact that the decision needs was unknown or malformed",
}
_BASES = {
    "consent": "the person's consent",
    "statutory": "the law, without needing consent",
    "vital-interests": "an emergency: somebody's vital interests",
}
_EFFECTS = {
    "withdraw": "What had been shown was hidden again.",
    "end": "The recipient's view of it was closed; what it had received before stayed with it.",
}


def explain(leaf: ShareLeaf) -> list[str]:
    """One sentence a fact, the verdict first."""
    words = [_verdict(leaf)]
    if leaf.purpose:
        words.append(f"The purpose was {_plain(leaf.purpose)}.")
    if leaf.clause:
        words.append(
            f"It was judged by clause {leaf.clause} of the agreement {leaf.agreement} {leaf.agreement_version}."
        )
    if leaf.also_permitted_by:
        words.append(f"It would also have been permitted by {', '.join(leaf.also_permitted_by)}.")
    if leaf.subject_to == "objection":
        words.append("The person can stop this by objecting.")
    if leaf.fields_removed:
        words.append(f"These fields were taken out first: {', '.join(leaf.fields_removed)}.")
    if leaf.requested_by:
        words.append("A named member of staff asked for it and gave a justification.")
    if leaf.expires_at:
        words.append(f"It is limited to {leaf.expires_at}.")
    if leaf.review_due_at:
        words.append(f"Its review was due by {leaf.review_due_at}.")
    words.extend(_miss(miss) for miss in leaf.near_misses)
    if leaf.near_misses_cut:
        words.append(f"{leaf.near_misses_cut} further clauses failed and are not listed.")
    if leaf.ends:
        words.append(f"This ended the earlier share {leaf.ends}. {_EFFECTS.get(leaf.effect or '', '')}".strip())
    words.append(f"It was decided at {leaf.decided_at} and recorded at {leaf.recorded_at}.")
    return words


def _verdict(leaf: ShareLeaf) -> str:
    what = f"{_plain(leaf.category)} (version {leaf.version}) from {leaf.source} to {leaf.recipient}"
    if leaf.decision == "permitted":
        return f"Sharing {what} was permitted on {_BASES.get(leaf.basis or '', 'a basis that is not known here')}."
    return f"Sharing {what} was refused because {_REASONS.get(leaf.reason or '', 'of a reason not known here')}."


def _miss(miss: LeafMiss) -> str:
    return f"Clause {miss.clause} might have permitted it: {miss.condition} had to be {miss.wanted} and was {miss.was}."


def _plain(code: str) -> str:
    return code.replace("-", " ")
