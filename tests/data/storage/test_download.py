import hashlib
import resource
import threading
from functools import partial

import pytest

from ebm_studio.core.errors import DataError, DiskFullError
from ebm_studio.data.storage.download import Remote, cached_path, fetch, is_cached
from ebm_studio.data.storage.locks import try_lock
from tests.serving import serving

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def site():
    with serving() as site:
        site.files["/set.bin"] = CONTENT
        yield site


def remote_of(site, content: bytes = CONTENT, name: str = "set.bin") -> Remote:
    return Remote(f"{site.url}/{name}", hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_is_fetched_once_and_the_way_there_is_told(site):
    told = []
    remote = remote_of(site)
    assert not is_cached(remote)
    path = fetch(remote, lambda *counts: told.append(counts))
    assert path.read_bytes() == CONTENT
    assert told[0] == ("downloading set.bin (MB)", 0, 2)
    assert len(told) > 1
    assert is_cached(remote)
    assert fetch(remote) == path
    assert site.asked == [("/set.bin", "")]


def test_a_download_that_breaks_off_goes_on_from_there(site):
    site.breaks_after = 300_000
    with pytest.raises(DataError, match=r"set\.bin cannot be downloaded: .* connection broke"):
        fetch(remote_of(site))
    site.breaks_after = None
    assert fetch(remote_of(site)).read_bytes() == CONTENT
    [_, (_, wanted)] = site.asked
    assert 0 < int(wanted.removeprefix("bytes=").rstrip("-")) <= 300_000


def test_a_download_that_is_cancelled_goes_on_from_there(site):
    def cancel(_, done, total):
        if site.asked and cached_path(remote).with_name("set.bin.part").stat().st_size:
            raise KeyboardInterrupt

    remote = remote_of(site)
    with pytest.raises(KeyboardInterrupt):
        fetch(remote, cancel)
    assert fetch(remote).read_bytes() == CONTENT
    assert site.asked[1][1].startswith("bytes=")


def test_a_server_that_sends_the_whole_file_again_is_understood(site):
    site.breaks_after = 300_000
    with pytest.raises(DataError):
        fetch(remote_of(site))
    site.breaks_after, site.ranges = None, False
    assert fetch(remote_of(site)).read_bytes() == CONTENT


@pytest.mark.parametrize("other", [CONTENT[::-1], CONTENT + b"more", b"<html>Too many downloads today</html>"])
def test_a_file_that_is_not_the_expected_one_is_refused_and_not_kept(site, other):
    remote = remote_of(site)
    site.files["/set.bin"] = other
    with pytest.raises(DataError, match="a different file from the expected one"):
        fetch(remote)
    assert not is_cached(remote)
    site.files["/set.bin"] = CONTENT
    assert fetch(remote).read_bytes() == CONTENT


def test_a_file_that_changed_in_the_cache_is_fetched_again(site):
    path = fetch(remote_of(site))
    path.write_bytes(CONTENT[::-1])
    assert fetch(remote_of(site)).read_bytes() == CONTENT


def test_without_network_one_sentence_says_so_and_what_can_be_done(site):
    remote = remote_of(site, name="gone.bin")
    with pytest.raises(DataError, match=r"127\.0\.0\.1:\d+ answered 404 Not Found\. .* put the file from"):
        fetch(remote)
    with serving() as other:
        pass
    with pytest.raises(DataError, match=r"127\.0\.0\.1:\d+ did not answer"):
        fetch(remote_of(other))


def test_a_file_put_there_by_hand_is_taken(site):
    remote = remote_of(site)
    cached_path(remote).parent.mkdir(parents=True)
    cached_path(remote).write_bytes(CONTENT)
    assert fetch(remote).read_bytes() == CONTENT
    assert not site.asked


def test_a_file_larger_than_the_disk_is_not_begun(site):
    remote = Remote(f"{site.url}/set.bin", "0" * 64, 10**18)
    with pytest.raises(DiskFullError, match=r"not enough disk space for set\.bin: 1000000000000 MB are needed"):
        fetch(remote)
    assert not site.asked


def test_a_disk_that_fills_up_on_the_way_keeps_what_is_there(site):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        with pytest.raises(DiskFullError, match=r"Cannot write .*set\.bin"):
            fetch(remote_of(site))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert fetch(remote_of(site)).read_bytes() == CONTENT
    assert site.asked[1][1].startswith("bytes=")


def test_a_second_download_of_the_same_file_waits_for_the_first(site):
    remote = remote_of(site)
    lock = cached_path(remote).with_name("set.bin.lock")
    lock.parent.mkdir(parents=True)
    waiting = threading.Event()
    told = []

    def tell(what, done, total):
        told.append(what)
        waiting.set()

    with lock.open("a+b") as file:
        assert try_lock(file.fileno())
        second = threading.Thread(target=partial(fetch, remote, tell))
        second.start()
        assert waiting.wait(30)
        assert not site.asked
    second.join()
    assert told[0] == "waiting for another download of set.bin"
    assert is_cached(remote)
