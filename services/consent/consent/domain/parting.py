"""Two numbers of one person turn out to be two people's: what was taken back while they were one holds for both.

Nobody can tell any more of which of the two it was said, and who was told that it counts was told so of both. Taking
never gives: a withdrawal, an objection or a refusal only ends what something else permits. What was agreed, and all
that was said before they were one, goes back to its own number alone.
"""

from datetime import datetime


def holds_for_both(*, agrees: bool, recorded_at: datetime, one_since: datetime) -> bool:
    """Whether a person's word holds for both numbers after they part; `agrees` is a consent that was given."""
    return not agrees and recorded_at >= one_since
