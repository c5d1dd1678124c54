"""How far a consumer is behind its broker, as far as it knows without asking: counted from what it fetched and took."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class Progress:
    """Where one consumer stands in its partitions, from one broker to the next."""

    def __init__(self) -> None:
        self._client: AIOKafkaConsumer | None = None
        self._taken: dict[TopicPartition, int] = {}

    def begin(self, client: AIOKafkaConsumer | None) -> None:
        """Another client, or none."""
        self._client, self._taken = client, {}

    def fetched(self, records: Records) -> None:
        self._taken |= {partition: batch[0].offset for partition, batch in records.items()}

    def took(self, records: Records) -> None:
        self._taken |= {partition: batch[-1].offset + 1 for partition, batch in records.items()}

    async def has_caught_up(self) -> bool:
        """Whether all is taken that was there when it was fetched last. By what came with each fetch: the embedded
        broker does not know the end of a partition when it is asked for it. Who was given no partition has nothing to
        take: another process of the group has them all."""
        if self._client is None:
            return False
        for partition in self._client.assignment():
            end = self._client.highwater(partition)
            if end is None or await self._client.position(partition) < end:
                return False
        return True

    def behind(self) -> dict[str, int]:
        """By topic on the broker, messages known to be there and not taken; a partition never read from counts as 0."""
        found: dict[str, int] = {}
        for partition in self._client.assignment() if self._client else ():
            end = self._client.highwater(partition) if self._client else None
            left = max(0, (end or 0) - self._taken.get(partition, end or 0))
            found[partition.topic] = found.get(partition.topic, 0) + left
        return found
