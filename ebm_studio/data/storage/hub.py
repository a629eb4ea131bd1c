"""Files on the Hugging Face hub, named hf:OWNER/NAME[/FILE]: fetched into the hub's own cache, and pushed."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ebm_studio.core.errors import CheckpointError, StudioError
from ebm_studio.data.storage.atomic_write import NO_ROOM, writing_failed
from ebm_studio.data.storage.download import MB
from ebm_studio.data.storage.outside import SHOWN, size_text
from ebm_studio.data.storage.progress import Progress

PREFIX = "hf:"
DEFAULT_FILE = "model.safetensors"
SIGN_IN = "sign in with `hf auth login`, or set HF_TOKEN"
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"


@dataclass(frozen=True, slots=True)
class HubName:
    """What hf:OWNER/NAME[/FILE] names."""

    repo: str
    """OWNER/NAME."""
    file: str = DEFAULT_FILE

    @classmethod
    def parse(cls, text: str) -> HubName:
        """Raises `CheckpointError` when the text is no such name."""
        match = re.fullmatch(rf"{PREFIX}({_PART}/{_PART})(?:/({_PART}(?:/{_PART})*))?", text)
        if not match:
            raise CheckpointError(
                f"{text[:SHOWN]} is not a name on the hub: write hf:OWNER/NAME or hf:OWNER/NAME/FILE."
            )
        return cls(match[1], match[2] or DEFAULT_FILE)


def is_hub_name(name: str) -> bool:
    """Whether a name is one on the hub, well-formed or not."""
    return name.startswith(PREFIX)


def cached_file(name: str) -> Path:
    """The file of a name that was fetched before, without asking the hub. Raises `CheckpointError`."""
    wanted = HubName.parse(name)
    hub = _hub()
    with _told(wanted):
        return Path(hub.hf_hub_download(wanted.repo, wanted.file, local_files_only=True))


def fetch_file(name: str, most: int, progress: Progress | None = None) -> Path:
    """The newest file of a name, of at most this many bytes; if the hub cannot be reached, the last downloaded one.

    Without `progress`, a bar shows on stderr where that is a terminal. Raises `CheckpointError` with
    what to do, `DiskFullError` if there is not enough space.
    """
    wanted = HubName.parse(name)
    hub = _hub()
    if progress:
        progress(f"looking for {wanted.repo} on the hub", 0, 0)
    with _told(wanted):
        place = _endpoint()
        url = hub.hf_hub_url(wanted.repo, wanted.file, endpoint=place)
        try:
            size = hub.get_hf_file_metadata(url, endpoint=place).size
        except hub.errors.HfHubHTTPError:
            raise
        except (hub.errors.HTTPError, OSError):  # no network
            return cached_file(name)
        if size is None or size > most:
            raise CheckpointError(f"{wanted.file} of {wanted.repo} is too large: more than {size_text(most)}.")
        bar = progress and _bar(f"downloading {wanted.file} of {wanted.repo} (MB)", progress)
        return Path(hub.hf_hub_download(wanted.repo, wanted.file, endpoint=place, tqdm_class=bar))


def open_repository(name: str, private: bool = False) -> str:
    """See that a repository on the hub can be written, made first if need be; returns its address.

    Raises `StudioError`.
    """
    wanted = HubName.parse(name)
    hub = _hub()
    with _told(wanted):
        return str(hub.HfApi(_endpoint()).create_repo(wanted.repo, private=private, exist_ok=True))


def push_files(name: str, files: Mapping[str, bytes], message: str) -> None:
    """Put files into a repository that `open_repository` opened. Raises `StudioError`."""
    wanted = HubName.parse(name)
    hub = _hub()
    with _told(wanted):
        api = hub.HfApi(_endpoint())
        changes = [hub.CommitOperationAdd(path, io.BytesIO(content)) for path, content in files.items()]
        try:
            api.create_commit(wanted.repo, changes, commit_message=message)
        except RuntimeError as error:  # of an upload: what it is about is its cause
            raise error.__cause__ or error from None


def _hub() -> Any:
    """The hub's library, which is untyped here. Raises `CheckpointError` when it is not installed."""
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise CheckpointError(
            'Names such as hf:OWNER/NAME need one more package: pip install "ebm-studio[hub]".'
        ) from None
    huggingface_hub.utils.tqdm.monitor_interval = 0  # its bars shall not start a thread that outlives them
    return huggingface_hub


def _endpoint() -> str:
    """Where the hub is: what HF_ENDPOINT says now, which the library reads only once."""
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)


def _bar(what: str, progress: Progress) -> type[Any]:
    """A class of bars that draw nothing and tell how far they are: the form in which the hub's library tells it."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]  # it is not generic when it runs
        monitor_interval = 0  # no thread of its own

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"file": io.StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            told = super().update(n)
            progress(what, int(self.n) // MB, -(-int(self.total or 0) // MB))
            return told

    return Bar


@contextmanager
def _told(wanted: HubName) -> Iterator[None]:
    """Turn what the hub's library raises into one sentence."""
    from huggingface_hub import constants, errors

    host = _endpoint().split("//")[-1]
    try:
        yield
    except errors.GatedRepoError:
        raise CheckpointError(
            f"{wanted.repo} requires you to accept its terms: do so on its page at {host}, and {SIGN_IN}."
        ) from None
    except errors.RepositoryNotFoundError:
        raise CheckpointError(
            f"There is no {wanted.repo} on {host}, or it is private. If it is private, {SIGN_IN}."
        ) from None
    except errors.RemoteEntryNotFoundError:
        raise CheckpointError(f"{wanted.repo} has no file {wanted.file}: name it as hf:{wanted.repo}/FILE.") from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
        raise CheckpointError(
            f"{wanted.file} of {wanted.repo} has not been downloaded yet, and {host} does not answer."
        ) from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        reason = (
            f"cannot be written by you: {SIGN_IN}" if status in (401, 403) else f"gave the error {status} on {host}"
        )
        raise StudioError(f"{wanted.repo} {reason}.") from None
    except errors.LocalTokenNotFoundError:
        raise StudioError(f"The hub does not know who you are: {SIGN_IN}.") from None
    except (errors.HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise writing_failed(Path(constants.HF_HUB_CACHE), error) from error
        raise StudioError(f"{wanted.repo} cannot be reached: {host} does not answer.") from None
