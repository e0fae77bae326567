"""Valid inputs to begin with, and the words that are spliced into them."""

from __future__ import annotations

ID = b"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

VALUES = (
    b"null",
    b"-0",
    b"[1,-0,2.5e-7,18446744073709551615,-9223372036854775809]",
    b'{"a":[true,false,null],"b":{"c":"d"},"e":1.5}',
    '{"ü":"\\ud83d\\ude00 é","\\u0061":"\\n\\\\"}'.encode(),
    b' { "a" : [ 1 , 2 ] , "b" : "x" } ',
    b'{"Qz7canary":["Qz7canary",-0]}',
    b'{"a":1,"a":2}',
    b"1e308",
    b'"text"',
)
METADATA_TEXTS = (
    b"{}",
    b'{"id":"kind","timestamp":1700000000,"source":"a","destination":"b","properties":{"n":[1],"t":"x"}}',
    b'{ "timestamp" : 9223372036854775807 , "source" : "\\u0061" }',
    b'{"timestamp":9223372036854775808}',
    b'{"destination":"b","properties":{"k":true},"extra":{"id":1}}',
)
MESSAGES = (
    *(
        b'{"id":"%b","content":%b,"metadata":%b}' % (ID, content, metadata)
        for content in (b"1", b'{"a":[1,"b"],"metadata":{}}', b'"Qz7canary"')
        for metadata in METADATA_TEXTS
    ),
    b'{"metadata":{},"content":[],"id":"{%b}"}' % ID.upper(),
    b'{ "id" : "urn:uuid:%b" , "content" : null }' % ID,
    b'{"kind":"order","content":1}',
    b'["unit"]',
)
HEADERS = b'{"a":"b","content-type":"text/plain"}'
BARE = (
    b'{"op":"http_request","request_id":"q","method":"GET","uri":"/a?b=1","headers":%b,"body":null}'
    % HEADERS,
    b'{"op":"http_request","request_id":"q","method":"POST","uri":"/","headers":{},"body":[0,10,255]}',
    b'{"op":"http_response","request_id":"q","status_code":200,"headers":%b,"body":[79,75]}' % HEADERS,
    b'{"op":"route_to_module","target_module_id":"b","target_endpoint":"/e","request_id":"%b","payload":'
    b'{"data":[123,125],"format":"Json"}}' % ID,
    b'{"op":"routed_module_message","source_module_id":"b","original_request_id":"%b","target_endpoint":"e",'
    b'"payload":{"data":[],"format":"Binary"}}' % ID,
    b'{"op":"routed_module_response","source_module_id":"b","request_id":"%b","payload":{"data":[1],'
    b'"format":"Base64"}}' % ID,
    b'{"op":"heartbeat"}',
    b'{"op":"heartbeat_ack"}',
    b'{"op":"get_secret","name":"DB"}',
    b'{"content":{"body":[1],"headers":{},"request_id":"r","status_code":200},"metadata":{"id":"x"}}',
)
OPERATIONS = (
    *BARE,
    *(
        b'{"id":"%b","content":%b,"metadata":%b}' % (ID, bare, METADATA_TEXTS[at % 3])
        for at, bare in enumerate(BARE)
    ),
)
NESTED = (
    b'{"data":[1,2,255],"format":"Json"}',
    b'{"format":"Auto","data":[]}',
    b' { "data" : [ 0 ] , "format" : "Base64" , "more" : null } ',
    b'{"data":[123,125],"format":"Binary"}',
)
FRAME_STREAMS = (
    b"\x07\0\0\0\0\0\0\x02\x01{}\0\0\0\x03\x03e30",
    b"\x07\x01\x02\x03\0\0\0\x02\x01{}\0\0\0\0\x02\0\0\0\x01\x09x\0\0\0\x01\x01y",
    b"\x83\x05\0\0\0\0\0\x05\x02hello\0\0\x01\0\x01",
    b"\x0a\0\0\0\xff\xff\xff\xff\x01abc",
    b"\x0b\x03\0\0\x7f\xff\xff\xff\x02abc",
    b"\x06\xff\0\0\0\0\x10\0\x01" + b"a" * 500,
)
LINE_STREAMS = (
    b"\x07\0\0\0one\ntwo\r\n\nthree",
    b"\x0b\x01\x02\x03a long line\r\nshort\n\r\n\r\r\n",
    b"\x24\x05\0\0" + b"x" * 40 + b"\ny\n",
)
BASE64 = (b"", b"aGVsbG8=", b"AA==", b"/+8=", b"e30=", b"QUJD" * 20, b"Zm9v\n", b"Zh==", b"_-8=")
IDENTIFIERS = (
    ID,
    ID.upper(),
    ID.replace(b"-", b""),
    b"{" + ID + b"}",
    b"urn:uuid:" + ID,
    b"not a uuid",
    "\uff10f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0".encode(),
)

JSON_WORDS = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\t", b"0", b"-0", b"-0,", b"1e-0",
    b"1.0", b"256", b"null", b"true", b"NaN", b"Infinity", b"-Infinity", b"\x00", b"\xff", b"\xc3\xa9",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\\u0061", b"\\ud800", b"\\udc00",
    b"\\ud83d\\ude00", b"}}", b"[[", b"9" * 30, b"9" * 400, b"1e400", b"-1e400", b"1e-400",
    b"18446744073709551616", b"9223372036854775808", b"-9223372036854775809", b"Qz7canary",
    b'"Qz7canary":1,', b'" :', b'"\n:', b'":',
)  # fmt: skip
MESSAGE_WORDS = (
    b',"metadata":{}', b',"metadata":{', b'"id":"x"', b',"id":"' + ID + b'"', b',"content":1',
    b'"timestamp":1,', b'"timestamp" :1,', b'"source":"Qz7canary",', b'"source" : "x",',
    b'"properties":{},', b'"id":null,', b"urn:uuid:", ID, b'"destination":"x",', b',"x":{}',
    b'"kind":"a",', b'"op":"b",', b',"id" :"' + ID + b'"',
)  # fmt: skip
OPERATION_WORDS = (
    b'"op":"heartbeat"', b'{"op":"', b'"op" :"heartbeat",', b'"body":[1]', b',"body":[',
    b'"payload":{"data":[1],"format":"Json"}', b'"request_id":"Qz7canary",', b'"headers":{},',
    b'"status_code":65536', b'"format" :"Json",', b'"target_endpoint":null,', *MESSAGE_WORDS[:6],
)  # fmt: skip
FRAME_WORDS = (
    b"\0\0\0\0\x01", b"\0\0\0\x01\x01x", b"\xff\xff\xff\xff\x01", b"\x7f\xff\xff\xff\x02",
    b"\x80\0\0\0\x03", b"\0\0\x01\0\x01", b"\0\0\0\x02\0ab", b"\0\0\0\x02\x04ab", b"\0\x01\0\0\xff",
    b"\0\x01\x11\x70\x01",
)  # fmt: skip

WRITTEN = MESSAGES[:4] + BASE64[1:5] + (b"\xff", "é".encode())
