"""Raw bytes as the reference's stream reader cuts them, up to the first error."""

import io
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]


def test_reader_stops_where_the_reference_stops(core: ModuleType, frames_case: Case) -> None:
    stream = io.BytesIO(bytes.fromhex(frames_case["bytes"]))
    frames: list[Case] = []

    def read_all() -> None:
        while True:
            message = core.EncodedMessage.read_from(stream)
            frames.append({"data": message.data.hex(), "format": message.format.value})

    with pytest.raises(core.MessageError) as caught:
        read_all()
    assert frames == frames_case["frames"]
    assert stream.read().hex() == frames_case["unread"]
    assert isinstance(caught.value, core.MessageIoError) == frames_case["then_error"].startswith("I/O error")


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
def test_decoder_gives_the_same_frames(core: ModuleType, frames_case: Case, step: int) -> None:
    data = bytes.fromhex(frames_case["bytes"])
    decoder = core.FrameDecoder(2**32 - 1, skip_invalid=False)
    frames = []
    bad_code = False
    try:
        for start in range(0, len(data), step):
            frames += decoder.feed(data[start : start + step])
    except core.InvalidFrameCode as error:
        frames += error.frames
        bad_code = True
    names = {1: "Json", 2: "Binary", 3: "Base64"}
    assert [{"data": payload.hex(), "format": names[code]} for code, payload in frames] == frames_case[
        "frames"
    ]
    assert bad_code != frames_case["then_error"].startswith("I/O error")


def test_recorded_frames_are_written_alike(core: ModuleType, frames_case: Case) -> None:
    written = b"".join(
        core.EncodedMessage(bytes.fromhex(frame["data"]), core.EncodingFormat(frame["format"])).to_frame()
        for frame in frames_case["frames"]
    )
    assert bytes.fromhex(frames_case["bytes"]).startswith(written)
