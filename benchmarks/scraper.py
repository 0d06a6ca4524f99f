"""Reads a page again and again: ``scraper.py URL COUNT EVERY_S`` prints its times as JSON.

It asks for gzip, as Prometheus does.

The first reading does not count: nothing is rendered ahead before somebody has scraped.
"""

import gzip
import json
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> None:
    """One object: `seconds` of each request, and `bytes`, `text_bytes`, `series` of the last."""
    url, count, every_s = urlsplit(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    connection = HTTPConnection(str(url.hostname), url.port)
    seconds, body = [], b""
    for _ in range(count + 1):
        time.sleep(every_s)
        began_s = time.monotonic()
        connection.request("GET", url.path, headers={"Accept-Encoding": "gzip"})
        body = connection.getresponse().read()
        seconds.append(time.monotonic() - began_s)
    text = gzip.decompress(body)
    series = sum(line[:1] != b"#" for line in text.splitlines())
    document = {"bytes": len(body), "text_bytes": len(text), "series": series}
    print(json.dumps({"seconds": seconds[1:], **document}))


if __name__ == "__main__":
    main()
