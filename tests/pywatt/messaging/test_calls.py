"""The payloads of calls: requests, answers, failures."""

import base64
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.errors import (
    ApplicationError,
    CallError,
    CallTimeout,
    EndpointNotFound,
    InternalCallError,
    InvalidPayload,
)
from pywatt.messaging.calls import (
    CallRequest,
    error_payload,
    read_reply,
    read_request,
    read_terms,
    reply_payload,
    request_payload,
)
from pywatt.messaging.plain_values import PlainValueError
from pywatt_fast import EncodedMessage, EncodingFormat

REQUEST_ID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
OTHER_ID = "11111111-2222-4333-8444-555555555555"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


def request(content: object = None, **options: Any) -> EncodedMessage:
    chosen: dict[str, Any] = {"source": "a", "destination": "b", "timeout": None} | options
    return request_payload("price", content, **chosen)


def encoded(value: object) -> EncodedMessage:
    return EncodedMessage(json.dumps(value).encode())


class TestRequests:
    def test_the_message_says_who_asks_what_and_how_long_it_waits(self) -> None:
        payload = request({"sku": "A1"}, timeout=2.5)
        message = json.loads(payload.data)
        assert payload.format is EncodingFormat.JSON
        assert message["content"] == {"sku": "A1"}
        assert message["metadata"] == {
            "source": "a",
            "destination": "b",
            "properties": {"endpoint": "price", "timeout": 2500},
        }

    def test_a_notification_says_so(self) -> None:
        properties = json.loads(request(notify=True).data)["metadata"]["properties"]
        assert properties == {"endpoint": "price", "notify": True}

    @pytest.mark.parametrize(("seconds", "milliseconds"), [(0.0001, 1), (0.0015, 2), (30, 30_000)])
    def test_milliseconds_are_rounded_up(self, seconds: float, milliseconds: int) -> None:
        properties = json.loads(request(timeout=seconds).data)["metadata"]["properties"]
        assert properties["timeout"] == milliseconds

    @given(JSON)
    def test_any_content_arrives_whole(self, content: object) -> None:
        payload = request(content, timeout=2.0)
        assert read_request(payload, "price") == CallRequest(
            "price", content, 2.0, notify=False, source="a", payload=payload
        )

    def test_a_notification_is_read(self) -> None:
        assert read_request(request(notify=True), None).notify

    def test_the_endpoint_of_the_operation_serves_callers_that_name_none_inside(self) -> None:
        payload = encoded({"id": OTHER_ID, "content": 5})
        assert read_request(payload, "price").endpoint == "price"
        assert read_request(payload, None).endpoint == ""
        assert read_request(request(), "other").endpoint == "price"

    def test_a_bare_content_is_read_too(self) -> None:
        payload = encoded({"sku": "A1"})
        assert read_request(payload, "price") == CallRequest(
            "price", {"sku": "A1"}, None, notify=False, source=None, payload=payload
        )

    @pytest.mark.parametrize("form", [EncodingFormat.BINARY, EncodingFormat.BASE64])
    def test_json_text_under_another_format_is_read(self, form: EncodingFormat) -> None:
        assert read_request(request({"sku": "A1"}).to_format(form), None).content == {"sku": "A1"}

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            (1, 0.001),
            (2500, 2.5),
            (1.5, 0.0015),
            (0, None),
            (-5, None),
            (True, None),
            (10**300, None),
            (1e300, None),
            ("5", None),
            (None, None),
        ],
    )
    def test_a_timeout_that_is_none_is_left_to_its_sender(self, value: object, seconds: float | None) -> None:
        message = {
            "id": OTHER_ID,
            "content": 1,
            "metadata": {"properties": {"timeout": value, "notify": "yes"}},
        }
        found = read_request(encoded(message), None)
        assert found.timeout == seconds
        assert not found.notify

    def test_the_terms_are_read_without_the_content(self) -> None:
        assert read_terms(request({"x": 1}, timeout=2.5)) == (2.5, False)
        assert read_terms(request(notify=True).to_format(EncodingFormat.BASE64)) == (None, True)
        assert read_terms(encoded({"sku": "A1"})) == (None, False)
        assert read_terms(EncodedMessage(b"nonsense")) == (None, False)
        assert read_terms(EncodedMessage(b"{}", EncodingFormat.AUTO)) == (None, False)

    @pytest.mark.parametrize(
        "payload",
        [
            EncodedMessage(b"s3cret"),
            EncodedMessage(b""),
            EncodedMessage(b"\xff"),
            EncodedMessage(b'{"id":"s3cret","id":"s3cret"'),
            EncodedMessage(b"\x05hello", EncodingFormat.BINARY),
            EncodedMessage(b"not base64", EncodingFormat.BASE64),
            EncodedMessage(b"{}", EncodingFormat.AUTO),
        ],
    )
    def test_what_cannot_be_decoded_is_an_invalid_payload(self, payload: EncodedMessage) -> None:
        with pytest.raises(InvalidPayload) as refused:
            read_request(payload, "price")
        assert "s3cret" not in str(refused.value)

    def test_content_without_a_json_form_is_refused_at_the_caller(self) -> None:
        with pytest.raises(InvalidPayload, match=r"the payload for b 'price' is not JSON: \['file'\]: bytes"):
            request({"file": b"\x00"})

    def test_content_may_be_a_dataclass(self) -> None:
        @dataclasses.dataclass
        class Item:
            sku: str
            tags: set[str]

        assert read_request(request([Item("A1", {"new"})]), None).content == [{"sku": "A1", "tags": ["new"]}]

    def test_the_content_shows_in_no_text(self) -> None:
        assert "s3cret" not in repr(read_request(request({"password": "s3cret"}), None))


class TestReplies:
    @given(JSON)
    def test_any_result_arrives_whole(self, result: object) -> None:
        assert read_reply(reply_payload(result), REQUEST_ID) == result

    @pytest.mark.parametrize(
        "value",
        [
            {"id": OTHER_ID, "content": {"x": 1}},
            {"id": OTHER_ID, "content": {"x": 1}, "metadata": {}},
            {"id": OTHER_ID, "content": {"x": 1}, "metadata": {"properties": {"error": True}}},
            {"code": "sold_out", "message": "none left", "details": None},
            {"error": True, "correlation_id": REQUEST_ID},
            {"Err": "x"},
        ],
    )
    def test_what_only_looks_like_a_message_or_a_failure_arrives_whole(self, value: object) -> None:
        assert read_reply(reply_payload(value), REQUEST_ID) == value

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            ("error", False),
            ("error", 1),
            ("error", "true"),
            ("correlation_id", OTHER_ID),
            ("correlation_id", 5),
        ],
    )
    def test_a_failure_of_another_request_is_a_value(self, place: str, value: object) -> None:
        message = json.loads(error_payload(ApplicationError("x", "y"), REQUEST_ID).data)
        message["metadata"]["properties"][place] = value
        assert read_reply(encoded(message), REQUEST_ID) == message

    @pytest.mark.parametrize("form", [EncodingFormat.BINARY, EncodingFormat.BASE64])
    def test_json_text_under_another_format_is_read(self, form: EncodingFormat) -> None:
        assert read_reply(reply_payload({"cents": 1250}).to_format(form), REQUEST_ID) == {"cents": 1250}

    def test_a_crate_answer_in_base64(self) -> None:
        payload = EncodedMessage(base64.b64encode(b'{"cents":1250}'), EncodingFormat.BASE64)
        assert read_reply(payload, REQUEST_ID) == {"cents": 1250}

    @pytest.mark.parametrize(
        "payload", [EncodedMessage(b"s3cret"), EncodedMessage(b"1", EncodingFormat.AUTO), EncodedMessage(b"")]
    )
    def test_an_answer_that_cannot_be_decoded_is_an_error(self, payload: EncodedMessage) -> None:
        with pytest.raises(InternalCallError, match="the answer cannot be read") as refused:
            read_reply(payload, REQUEST_ID)
        assert "s3cret" not in str(refused.value)

    def test_a_result_without_a_json_form_is_not_the_callers_fault(self) -> None:
        with pytest.raises(PlainValueError, match=r"\['at'\]: object has no JSON form"):
            reply_payload({"at": object()})


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            ApplicationError("sold_out", "none left", {"sku": "A1", "left": [0]}),
            EndpointNotFound("there is no message endpoint 'x'"),
            CallTimeout("too late"),
            InvalidPayload("field `sku`: missing field", {"errors": []}),
            InternalCallError("see log"),
        ],
        ids=lambda error: error.code,
    )
    def test_a_failure_arrives_typed(self, error: CallError) -> None:
        with pytest.raises(CallError) as arrived:
            read_reply(error_payload(error, REQUEST_ID), REQUEST_ID)
        assert type(arrived.value) is type(error)
        assert (arrived.value.code, arrived.value.message, arrived.value.details) == (
            error.code,
            error.message,
            error.details,
        )

    def test_its_form_on_the_wire(self) -> None:
        message = json.loads(error_payload(ApplicationError("sold_out", "none left"), REQUEST_ID).data)
        assert message["content"] == {"code": "sold_out", "message": "none left", "details": None}
        assert message["metadata"]["properties"] == {"error": True, "correlation_id": REQUEST_ID}

    def test_the_correlation_may_be_spelled_otherwise(self) -> None:
        payload = error_payload(ApplicationError("x", "y"), REQUEST_ID.upper().replace("-", ""))
        with pytest.raises(ApplicationError):
            read_reply(payload, REQUEST_ID)

    def test_a_marked_failure_that_says_nothing_is_internal(self) -> None:
        message = {
            "id": OTHER_ID,
            "content": {"code": 5},
            "metadata": {"properties": {"error": True, "correlation_id": REQUEST_ID}},
        }
        with pytest.raises(InternalCallError, match="says nothing"):
            read_reply(encoded(message), REQUEST_ID)

    def test_details_without_a_json_form_are_left_out_and_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(ApplicationError) as arrived:
            read_reply(error_payload(ApplicationError("x", "y", object()), REQUEST_ID), REQUEST_ID)
        assert arrived.value.details is None
        assert "details of error x are not sent" in caplog.text
