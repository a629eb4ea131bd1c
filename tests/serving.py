"""A small local web server that stands in for the internet."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Site:
    """What it serves, how it fails, and the requests that it got."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Content by path; paths start with a slash."""
    ranges: bool = True
    """Whether a client can request part of a file."""
    breaks_after: int | None = None
    """The connection closes after this many bytes of an answer."""
    held: threading.Event | None = None
    """The second half of an answer waits for this."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and range of each request so far."""
    url: str = ""


@contextmanager
def serving(site: Site | None = None) -> Iterator[Site]:
    """Serve while the context lasts."""
    site = site or Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append((self.path, wanted))
            content = site.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
            self.send_response(206 if first else 200)
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            body = content[first:][: site.breaks_after]
            self.wfile.write(body[: len(body) // 2])
            if site.held:
                site.held.wait(60)
            self.wfile.write(body[len(body) // 2 :])

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
