"""A local stand-in for the Hugging Face hub, with the few endpoints that the program uses."""

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

COMMIT = "c" * 40
TOKEN = "hf_stand_in"


@dataclass
class Hub:
    """Its repositories, and the requests that it got."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """For each repository, content by name."""
    large: dict[str, bytes] = field(default_factory=dict)
    """Uploads that precede a commit, by their SHA-256."""
    refuses_uploads: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving_hub() -> Iterator[Hub]:
    """Serve while the context lasts."""
    hub = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._file(with_content=False)

        def do_GET(self) -> None:
            self._file(with_content=True)

        def do_PUT(self) -> None:
            content = self._body()
            if hub.refuses_uploads:
                self._answer(b"", status=403)
                return
            hub.large[hashlib.sha256(content).hexdigest()] = content
            self._answer(b"")

        def do_POST(self) -> None:
            hub.asked.append(f"POST {self.path}")
            body = self._body()
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._answer(b"{}", status=401)
            elif self.path == "/api/repos/create":
                wanted = json.loads(body)
                repo = f"{wanted.get('organization', 'me')}/{wanted['name']}"
                hub.files.setdefault(repo, {})
                self._json({"url": f"{hub.url}/{repo}", "id": repo})
            elif self.path == "/api/validate-yaml":
                self._json({"errors": [], "warnings": []})
            elif match := re.fullmatch(r"/api/models/(.+)/preupload/main", self.path):
                files = [{"path": file["path"], "size": file["size"]} for file in json.loads(body)["files"]]
                self._json(
                    {"files": [file | {"uploadMode": mode(file["path"]), "shouldIgnore": False} for file in files]}
                )
            elif self.path.endswith(".git/info/lfs/objects/batch"):
                objects = json.loads(body)["objects"]
                for item in objects:
                    item["actions"] = {"upload": {"href": f"{hub.url}/upload/{item['oid']}"}}
                self._json({"transfer": "basic", "objects": objects})
            elif match := re.fullmatch(r"/api/models/(.+)/commit/main", self.path):
                self._commit(match[1], body)
            else:
                self._answer(b"{}", status=404)

        def _commit(self, repo: str, body: bytes) -> None:
            files = hub.files[repo]
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = hub.large[value["oid"]]
            self._json({"commitUrl": f"{hub.url}/{repo}/commit/{COMMIT}", "commitOid": COMMIT, "hookOutput": ""})

        def _file(self, with_content: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path)
            files = hub.files.get(match[1]) if match else None
            if match is None or files is None or match[2] not in files:
                code = "RepoNotFound" if files is None else "EntryNotFound"
                self._answer(b"", status=404, more={"X-Error-Code": code, "X-Repo-Commit": COMMIT})
                return
            content = files[match[2]]
            more = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self._answer(content, more=more, with_content=with_content)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _json(self, value: object) -> None:
            self._answer(json.dumps(value).encode(), more={"Content-Type": "application/json"})

        def _answer(
            self, content: bytes, status: int = 200, more: dict[str, str] | None = None, with_content: bool = True
        ) -> None:
            self.send_response(status)
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_content:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def mode(path: str) -> str:
    """How the hub wants files uploaded: large ones separately from the commit."""
    return "lfs" if path.endswith((".safetensors", ".png")) else "regular"
