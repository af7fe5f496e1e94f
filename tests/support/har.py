# SPDX-License-Identifier: Apache-2.0
"""Whether a file is a HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): its structure, member by member."""
import datetime
import json
import stat

# name -> type, or a shape of its own; `?` behind a name: it may be absent.
PAIRS = [{"name": str, "value": str, "comment?": str}]
BODY = {"mimeType": str, "text": str, "comment?": str}
TIMINGS = {"blocked": float, "dns": float, "connect": float, "ssl": float, "send": float, "wait": float,
           "receive": float, "comment?": str}
REQUEST = {"method": str, "url": str, "httpVersion": str, "cookies": PAIRS, "headers": PAIRS, "queryString": PAIRS,
           "headersSize": int, "bodySize": int, "postData?": BODY, "comment?": str}
RESPONSE = {"status": int, "statusText": str, "httpVersion": str, "cookies": PAIRS, "headers": PAIRS,
            "content": {"size": int, **BODY}, "redirectURL": str, "headersSize": int, "bodySize": int,
            "comment?": str}
ENTRY = {"startedDateTime": str, "time": float, "request": REQUEST, "response": RESPONSE, "cache": {},
         "timings": TIMINGS, "serverIPAddress?": str, "connection?": str, "comment?": str}
HAR = {"log": {"version": str, "creator": {"name": str, "version": str}, "entries": [ENTRY], "comment?": str}}


def check(shape, value, at):
    if isinstance(shape, list):
        assert isinstance(value, list), at
        for number, item in enumerate(value):
            check(shape[0], item, f"{at}/{number}")
    elif isinstance(shape, dict):
        assert isinstance(value, dict), at
        needed = {name for name in shape if not name.endswith("?")}
        assert needed <= set(value) <= {name.rstrip("?") for name in shape}, (at, sorted(value))
        for name, member in shape.items():
            if name.rstrip("?") in value:
                check(member, value[name.rstrip("?")], f"{at}/{name}")
    else:
        assert isinstance(value, shape) and not isinstance(value, bool), at


def read(path):
    """The entries of a HAR that is in order."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, oct(path.stat().st_mode)
    har = json.loads(path.read_text())
    check(HAR, har, "")
    assert har["log"]["version"] == "1.2" and har["log"]["creator"]["name"] == "waybill"
    for entry in har["log"]["entries"]:
        datetime.datetime.strptime(entry["startedDateTime"], "%Y-%m-%dT%H:%M:%S.%fZ")
        timings = entry["timings"]
        assert all(timings[name] >= 0 for name in ("blocked", "send", "wait", "receive"))
        assert all(timings[name] >= 0 or timings[name] == -1 for name in ("dns", "connect", "ssl"))
        # ssl is part of connect.
        parts = sum(ms for name, ms in timings.items() if name != "ssl" and ms > 0)
        assert abs(parts - entry["time"]) < 0.01
        assert entry["request"]["url"].startswith(("http://", "https://"))
        assert entry["response"]["status"] or entry["response"]["comment"]
    return har["log"]["entries"]
