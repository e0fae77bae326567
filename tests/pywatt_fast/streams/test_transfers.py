"""Transfers: whatever a link does to chunks and acknowledgements, the content arrives once and in order."""

import gzip
import heapq
import zlib
from collections.abc import Iterator
from itertools import chain, repeat
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

IDENTIFIER = "00112233-4455-6677-8899-aabbccddeeff"
OTHER = "ffffffff-4455-6677-8899-aabbccddeeff"
TIMEOUT = 1.0

# What a link does to one message: lose it, bring it late, twice, or broken.
fate = st.sampled_from(["lost", "late", "late", "twice", "broken", "sound"])


class Link:
    """A link that treats its messages as told, and well once nothing is told any more."""

    def __init__(self, fates: list[str]) -> None:
        self.fates: Iterator[str] = chain(fates, repeat("sound"))
        self.on_the_way: list[tuple[float, int, str, bytes]] = []
        self.count = 0

    def send(self, now: float, target: str, payload: bytes) -> None:
        chosen = next(self.fates)
        if chosen == "broken":
            # A bit of the data, in either form of a chunk, and of anything in an acknowledgement.
            place = payload.find(b'"data":[') + 9 if payload.startswith(b"{") else 21
            payload = payload[:place] + bytes([payload[place] ^ 1]) + payload[place + 1 :]
        if chosen != "lost":
            self.add(now + (0.7 if chosen == "late" else 0.1), target, payload)
        if chosen == "twice":
            self.add(now + 0.3, target, payload)

    def add(self, when: float, target: str, payload: bytes) -> None:
        self.count += 1
        heapq.heappush(self.on_the_way, (when, self.count, target, payload))


def transferred(
    core: ModuleType, content: bytes, config: Any, fates: list[str], binary: bool, count_chunks: bool
) -> Any:
    """What arrives, and how it went."""
    sender = core.TransferSender(IDENTIFIER, content, config, None, binary, count_chunks)
    receiver = core.TransferReceiver(IDENTIFIER, config)
    encode = core.encode_chunk_binary if binary else core.encode_chunk_json
    link = Link(fates)
    now, taken, log = 0.0, [], []
    while not sender.complete:
        for chunk in sender.next_chunks(now):
            log.append(chunk.sequence)
            link.send(now, "receiver", encode(chunk))
        times = [link.on_the_way[0][0]] if link.on_the_way else []
        timeout = sender.next_timeout()
        if timeout is not None:
            times.append(timeout)
        now = max(now, min(times))
        while link.on_the_way and link.on_the_way[0][0] <= now:
            _, _, target, payload = heapq.heappop(link.on_the_way)
            try:
                if target == "sender":
                    sender.receive_ack(core.decode_ack(payload))
                    continue
                ack = receiver.receive(payload)
            except (core.StreamFormatError, core.TransferError) as error:
                log.append(str(error))
                continue
            taken += receiver.take()
            if ack is not None:
                link.send(now, "sender", core.encode_ack(ack))
    return b"".join(taken), receiver.complete, log, sender.statistics(), receiver.statistics()


@given(
    size=st.integers(0, 200),
    chunk=st.integers(1, 20),
    window=st.integers(2, 6),
    fates=st.lists(fate, max_size=60),
    binary=st.booleans(),
    count_chunks=st.booleans(),
    compress=st.booleans(),
)
def test_content_arrives_once_and_in_order_over_any_link(
    cores: dict[str, ModuleType],
    size: int,
    chunk: int,
    window: int,
    fates: list[str],
    binary: bool,
    count_chunks: bool,
    compress: bool,
) -> None:
    content = bytes(at * 7 % 256 for at in range(size))
    results = []
    for core in cores.values():
        config = core.StreamConfig(chunk, window, TIMEOUT, 1000, True, compress, 1)
        results.append(transferred(core, content, config, fates, binary, count_chunks))
    assert results[0] == results[1]
    arrived, complete, *_ = results[0]
    assert arrived == content
    assert complete or not content


@pytest.fixture
def config(core: ModuleType) -> Any:
    return core.StreamConfig(4, 3, TIMEOUT, 2)


@pytest.fixture
def sender(core: ModuleType, config: Any) -> Any:
    return core.TransferSender(IDENTIFIER, b"abcdefghijklmnopqr", config)


@pytest.fixture
def receiver(core: ModuleType, config: Any) -> Any:
    return core.TransferReceiver(IDENTIFIER, config)


def sequences(chunks: list[Any]) -> list[int]:
    return [chunk.sequence for chunk in chunks]


def ack(core: ModuleType, sequence: int, success: bool = True) -> Any:
    return core.StreamAck(IDENTIFIER, sequence, success)


def chunk(core: ModuleType, sequence: int, data: bytes, total: int = 5, **changes: Any) -> Any:
    fields = {
        "stream_id": IDENTIFIER,
        "sequence": sequence,
        "total_chunks": total,
        "data": data,
        "compressed": False,
        "checksum": sum(data),
        "is_final": sequence == total - 1,
        "stream_metadata": None,
    }
    return core.StreamChunk(**{**fields, **changes})


def test_a_window_of_bytes_counts_from_the_first_chunk_that_is_missing(core: ModuleType, sender: Any) -> None:
    assert sequences(sender.next_chunks(0.0)) == [0, 1, 2]
    sender.receive_ack(ack(core, 1))
    assert sender.next_chunks(0.0) == []
    sender.receive_ack(ack(core, 0))
    assert sequences(sender.next_chunks(0.0)) == [3, 4]


def test_the_reference_s_window_counts_the_chunks_on_their_way(core: ModuleType, config: Any) -> None:
    sender = core.TransferSender(IDENTIFIER, b"abcdefghijklmnopqr", config, None, False, True)
    assert sequences(sender.next_chunks(0.0)) == [0, 1, 2]
    sender.receive_ack(ack(core, 1))
    assert sequences(sender.next_chunks(0.0)) == [3]


def test_chunks_say_what_the_reference_s_say(core: ModuleType, config: Any) -> None:
    metadata = core.StreamMetadata(6, "text/plain", 2, {"a": "b"})
    first, last = core.TransferSender(IDENTIFIER, b"abcdef", config, metadata).next_chunks(0.0)
    assert (first.data, first.total_chunks, first.is_final, first.stream_metadata) == (
        b"abcd",
        2,
        False,
        metadata,
    )
    assert (last.data, last.checksum, last.is_final, last.stream_metadata) == (b"ef", 203, True, None)
    first, _ = core.TransferSender(IDENTIFIER, b"abcdef", config, None, True).next_chunks(0.0)
    assert first.checksum == zlib.crc32(b"abcd")
    assert first.stream_metadata == core.StreamMetadata(6)


def test_empty_content_is_sent_at_once(core: ModuleType, config: Any) -> None:
    sender = core.TransferSender(IDENTIFIER, b"", config)
    assert sender.complete
    assert sender.next_chunks(0.0) == []


def test_what_is_refused_is_sent_again_before_anything_new(core: ModuleType, sender: Any) -> None:
    sender.next_chunks(0.0)
    sender.receive_ack(ack(core, 0))
    sender.receive_ack(ack(core, 1, False))
    assert sequences(sender.next_chunks(0.0)) == [1, 3]
    assert sender.statistics()["chunks_retransmitted"] == 1


def test_what_is_not_acknowledged_in_time_is_sent_again(sender: Any) -> None:
    sender.next_chunks(10.0)
    assert sender.next_timeout() == 11.0
    assert sender.next_chunks(10.99) == []
    assert sequences(sender.next_chunks(11.0)) == [0, 1, 2]
    assert sender.statistics()["timeouts"] == 3


def test_a_chunk_fails_after_its_retries_and_stays_failed(core: ModuleType, sender: Any) -> None:
    for _ in range(3):
        sender.next_chunks(0.0)
        if sender.statistics()["negative_acks"] < 2:
            sender.receive_ack(ack(core, 1, False))
    for action in (
        lambda: sender.receive_ack(ack(core, 1, False)),
        lambda: sender.next_chunks(0.0),
        lambda: sender.resume(0),
    ):
        with pytest.raises(core.TransferFailed, match=r"^chunk 1 failed after 2 retries$") as caught:
            action()
        assert (caught.value.sequence, caught.value.limit) == (1, 2)
    assert sender.next_timeout() is None


def test_a_late_acknowledgement_saves_the_repetition(core: ModuleType, sender: Any) -> None:
    sender.next_chunks(0.0)
    sender.receive_ack(ack(core, 2, False))
    sender.receive_ack(ack(core, 2))
    assert sender.next_chunks(0.0) == []
    sender.receive_ack(ack(core, 2, False))
    assert sender.statistics()["acks_ignored"] == 1


@pytest.mark.parametrize("sequence", [3, 5, 2**64 - 1])
def test_acknowledgements_of_what_was_never_sent_are_refused(
    core: ModuleType, sender: Any, sequence: int
) -> None:
    sender.next_chunks(0.0)
    with pytest.raises(core.TransferError, match=f"chunk {sequence}, which was not sent"):
        sender.receive_ack(ack(core, sequence))
    with pytest.raises(core.TransferError, match="another transfer"):
        sender.receive_ack(core.StreamAck(OTHER, 0, True))


def test_a_transfer_goes_on_where_the_receiver_says(core: ModuleType, config: Any, sender: Any) -> None:
    receiver = core.TransferReceiver(IDENTIFIER, config, 2, 8)
    sender.resume_at(receiver.received_size)
    for part in (sender.next_chunks(0.0), sender.next_chunks(0.0)):
        for piece in part:
            sender.receive_ack(receiver.receive_chunk(piece))
    assert b"".join(receiver.take()) == b"ijklmnopqr"
    assert sender.complete
    assert receiver.complete


def test_a_sender_goes_back_for_a_receiver_that_lost_everything(core: ModuleType, sender: Any) -> None:
    sender.next_chunks(0.0)
    for sequence in (0, 1):
        sender.receive_ack(ack(core, sequence))
    sender.next_chunks(0.0)
    sender.resume(0)
    assert sequences(sender.next_chunks(0.0)) == [0, 1, 2]
    sender.receive_ack(ack(core, 4))
    assert sender.statistics()["acks_ignored"] == 1


def test_a_transfer_resumes_only_where_a_chunk_begins(core: ModuleType, sender: Any) -> None:
    for action in (lambda: sender.resume_at(3), lambda: sender.resume(6), lambda: sender.resume(-1)):
        with pytest.raises(core.TransferError, match="cannot resume"):
            action()
    sender.resume_at(18)
    assert sender.complete


def test_a_cancelled_sender_sends_nothing_more(core: ModuleType, sender: Any) -> None:
    sender.next_chunks(0.0)
    sender.cancel()
    sender.receive_ack(ack(core, 0))
    assert sender.cancelled
    assert sender.next_chunks(99.0) == []
    assert sender.next_timeout() is None
    assert sender.statistics()["acks_ignored"] == 1


def test_content_is_complete_whichever_chunk_comes_last(core: ModuleType, receiver: Any) -> None:
    for sequence in (2, 1, 0):
        assert receiver.receive_chunk(chunk(core, sequence, b"%d" % sequence, 3)) == ack(core, sequence)
        assert receiver.complete == (sequence == 0)
    assert receiver.take() == [b"0", b"1", b"2"]
    assert receiver.take() == []


def test_a_wrong_checksum_asks_for_the_chunk_again(core: ModuleType, receiver: Any) -> None:
    answer = receiver.receive_chunk(chunk(core, 0, b"a", checksum=1))
    assert (answer.success, answer.error) == (False, "Checksum mismatch")
    assert receiver.statistics()["checksum_mismatches"] == 1


def test_duplicates_are_dropped_acknowledged_and_counted(core: ModuleType, receiver: Any) -> None:
    for sequence in (0, 0, 2, 2):
        assert receiver.receive_chunk(chunk(core, sequence, b"a")).success
    assert receiver.take() == [b"a"]
    assert receiver.statistics()["duplicates"] == 2


@pytest.mark.parametrize("sequence", [0, 2], ids=["delivered", "waiting"])
def test_a_duplicate_with_other_content_is_refused(core: ModuleType, receiver: Any, sequence: int) -> None:
    receiver.receive_chunk(chunk(core, sequence, b"a"))
    with pytest.raises(core.TransferError, match=f"chunk {sequence}: came before with other content"):
        receiver.receive_chunk(chunk(core, sequence, b"b"))
    assert receiver.statistics()["chunks_refused"] == 1


@pytest.mark.parametrize(
    ("words", "sequence", "changes"),
    [
        ("another transfer", 1, {"stream_id": OTHER}),
        ("of 6 chunks, where 5 were announced", 1, {"total_chunks": 6}),
        ("there are only 5", 5, {"is_final": False}),
        ("wrongly marked", 1, {"is_final": True}),
        ("wrongly marked", 4, {"is_final": False}),
        ("larger than 4 bytes", 1, {"data": b"aaaaa", "checksum": 5 * 97}),
        ("not enabled", 1, {"compressed": True}),
    ],
)
def test_chunks_that_contradict_the_transfer_are_refused(
    core: ModuleType, receiver: Any, words: str, sequence: int, changes: dict[str, Any]
) -> None:
    receiver.receive_chunk(chunk(core, 0, b"a"))
    with pytest.raises(core.TransferError, match=words):
        receiver.receive_chunk(chunk(core, sequence, **{"data": b"a", **changes}))
    assert receiver.next_sequence == 1


@pytest.mark.parametrize(("size", "refused"), [(2, True), (4, True), (3, False)])
def test_content_has_the_announced_size(core: ModuleType, receiver: Any, size: int, refused: bool) -> None:
    receiver.receive_chunk(chunk(core, 0, b"a", 3, stream_metadata=core.StreamMetadata(size)))
    receiver.receive_chunk(chunk(core, 2, b"c", 3))
    if refused:
        with pytest.raises(core.TransferError, match=f"does not have the announced {size} bytes"):
            receiver.receive_chunk(chunk(core, 1, b"b", 3))
    else:
        assert receiver.receive_chunk(chunk(core, 1, b"b", 3)).success
    assert receiver.complete != refused


def test_what_waits_for_a_missing_chunk_is_bounded(core: ModuleType, receiver: Any) -> None:
    for sequence in (1, 2, 3):
        assert receiver.receive_chunk(chunk(core, sequence, b"aaaa", 9)).success
    assert receiver.receive_chunk(chunk(core, 4, b"aaaa", 9)) is None
    assert receiver.statistics()["chunks_dropped"] == 1
    assert receiver.receive_chunk(chunk(core, 0, b"aaaa", 9)).success
    assert len(receiver.take()) == 4


def test_empty_chunks_that_wait_are_bounded_too(core: ModuleType, receiver: Any) -> None:
    answers = [receiver.receive_chunk(chunk(core, sequence, b"", 5000)) for sequence in range(1, 3000)]
    assert 1000 < sum(answer is not None for answer in answers) < 1100


def test_what_nobody_takes_is_bounded(core: ModuleType, receiver: Any) -> None:
    answers = [receiver.receive_chunk(chunk(core, sequence, b"aaaa", 9)) for sequence in range(4)]
    assert [answer is not None for answer in answers] == [True, True, True, False]
    receiver.take()
    assert receiver.receive_chunk(chunk(core, 3, b"aaaa", 9)).success


def test_a_cancelled_receiver_drops_and_counts(core: ModuleType, receiver: Any) -> None:
    for sequence in (0, 2):
        receiver.receive_chunk(chunk(core, sequence, b"a"))
    receiver.cancel()
    assert receiver.receive_chunk(chunk(core, 1, b"a")) is None
    assert receiver.take() == []
    assert receiver.cancelled
    assert receiver.statistics()["chunks_dropped"] == 3


def test_compressed_chunks_are_taken_when_enabled_up_to_one_chunk(core: ModuleType) -> None:
    receiver = core.TransferReceiver(IDENTIFIER, core.StreamConfig(100, 2, TIMEOUT, 2, True, True))
    packed = gzip.compress(bytes(100))
    receiver.receive_chunk(chunk(core, 0, packed, 2, compressed=True))
    assert receiver.take() == [bytes(100)]
    with pytest.raises(core.StreamFormatError, match="more than 100 bytes"):
        receiver.receive_chunk(chunk(core, 1, gzip.compress(bytes(101)), 2, compressed=True))
