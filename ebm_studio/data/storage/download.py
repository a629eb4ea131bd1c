"""Files fetched once from a public address: checked, resumed after a break, kept in the user's cache."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import platformdirs

from ebm_studio.core.errors import DataError, DiskFullError
from ebm_studio.data.storage.atomic_write import writing_failed
from ebm_studio.data.storage.locks import try_lock
from ebm_studio.data.storage.progress import Progress, silent

CHUNK = 2**18
MB = 10**6
TIMEOUT = (10.0, 30.0)
"""Seconds to wait for a connection, and for the next piece of a file."""
WAIT = 0.1  # seconds between looks at a download of another process


@dataclass(frozen=True, slots=True)
class Remote:
    """A file at a public address."""

    url: str
    sha256: str
    size: int
    """Bytes."""

    @property
    def name(self) -> str:
        """The file's name, the same in the cache."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def host(self) -> str:
        """The machine that has it, for people to read."""
        return urlsplit(self.url).netloc


def downloads_folder() -> Path:
    """Where fetched files are kept."""
    return platformdirs.user_cache_path("ebm-studio") / "downloads"


def cached_path(remote: Remote) -> Path:
    """Where a file is once it is fetched. Files of one name differ by their checksum."""
    return downloads_folder() / remote.sha256[:8] / remote.name


def is_cached(remote: Remote) -> bool:
    """Whether a file was fetched; what is in it is checked when it is used."""
    path = cached_path(remote)
    return path.is_file() and path.stat().st_size == remote.size


def fetch(remote: Remote, progress: Progress = silent) -> Path:
    """A file out of the cache, downloaded first unless it is there; its checksum is checked in either case. A download
    that breaks off, or ends because `progress` raises, continues from there at the next call. Raises `DataError` with
    what to do, `DiskFullError` if there is not enough space.
    """
    import pooch
    import requests

    path = cached_path(remote)
    pooch.get_logger().setLevel("ERROR")  # what it has to say is said here
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _Download(remote, path, progress) as download:
            pooch.retrieve(remote.url, f"sha256:{remote.sha256}", path.name, path.parent, downloader=download)
    except requests.HTTPError as error:
        answer = f"{error.response.status_code} {error.response.reason}".strip()
        raise _failed(remote, f"{remote.host} answered {answer}") from None
    except requests.RequestException:
        raise _failed(remote, f"{remote.host} did not answer, or the connection broke") from None
    except ValueError:  # how pooch says that the checksum differs
        raise _failed(remote, f"{remote.host} sent a different file from the expected one") from None
    except OSError as error:
        raise writing_failed(path, error) from error
    return path


def _failed(remote: Remote, reason: str) -> DataError:
    return DataError(
        f"{remote.name} cannot be downloaded: {reason}. Try again later, or put the file from {remote.url} "
        f"at {cached_path(remote)} yourself."
    )


def _empty(part: IO[bytes]) -> None:
    part.seek(0)
    part.truncate()


class _Download:
    """Fills a part file beside the place of the whole one, and hands it over to pooch when it is whole."""

    def __init__(self, remote: Remote, path: Path, progress: Progress) -> None:
        self._remote, self._path, self._progress = remote, path, progress
        self._part = path.with_name(f"{path.name}.part")
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> _Download:
        """Wait until no other process downloads the file."""
        self._lock = self._path.with_name(f"{self._path.name}.lock").open("a+b")
        try:
            while not try_lock(self._lock.fileno()):
                self._progress(f"waiting for another download of {self._remote.name}", 0, 0)
                time.sleep(WAIT)
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._lock is not None
        self._lock.close()

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """What pooch asks of a downloader."""
        with self._part.open("ab") as part:
            if part.tell() > self._remote.size:
                _empty(part)
            self._check_room(part.tell())
            if part.tell() < self._remote.size:
                self._read(url, part)
        # A part that is whole and wrong goes with pooch's own copy, so that the next try begins anew.
        self._part.replace(output_file)

    def _read(self, url: str, part: IO[bytes]) -> None:
        import requests

        have, size = part.tell(), self._remote.size
        what, total = f"downloading {self._remote.name} (MB)", -(-size // MB)
        self._progress(what, have // MB, total)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            if have and response.status_code != requests.codes.partial_content:
                _empty(part)
            if response.headers.get("Content-Length") not in (None, str(size - part.tell())):
                _empty(part)
                raise ValueError
            for chunk in response.iter_content(CHUNK):
                self._progress(what, part.tell() // MB, total)
                part.write(chunk[: size + 1 - part.tell()])
                if part.tell() > size:
                    break  # more than the file: the checksum will say so
        if part.tell() < size:
            raise requests.ConnectionError

    def _check_room(self, have: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if free < self._remote.size - have:
            raise DiskFullError(
                f"There is not enough disk space for {self._remote.name}: {(self._remote.size - have) / MB:.0f} MB "
                "are needed "
                f"in {self._part.parent}, and {free / MB:.0f} MB are free."
            )
