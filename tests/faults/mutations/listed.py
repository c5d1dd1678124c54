"""Deliberate breakages, each with the suite that must go red for it.

Invariant: `old` stands exactly once in its file; a mutation whose text is gone is out of date, and that is an error.
A suite is a pytest selection that is green on the code as it is.
"""

from tests.faults.mutations.edges import EDGES
from tests.faults.mutations.feeds import FEEDS
from tests.faults.mutations.merged import MERGED
from tests.faults.mutations.mutation import Mutation
from tests.faults.mutations.racing import RACING
from tests.faults.mutations.sending import SENDING
from tests.faults.mutations.services import SERVICES
from tests.faults.mutations.shared import SHARED

MUTATIONS: tuple[Mutation, ...] = (*SHARED, *SENDING, *SERVICES, *FEEDS, *EDGES, *MERGED, *RACING)
