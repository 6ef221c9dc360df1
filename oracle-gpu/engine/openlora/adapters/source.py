"""Where an adapter comes from, and how its two files are fetched: a folder, IPFS, a hub."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
from huggingface_hub import constants, hf_hub_url

from openlora.adapters.store import CONFIG, FILES, WEIGHTS
from openlora.config import Sources
from openlora.errors import EngineError

CONFIG_BYTES = 64 * 1024
PICKLES = ("adapter_model.bin", "adapter_model.pt", "pytorch_model.bin")
# A hub answers with the address of the file in its storage, which lies under this domain.
HUB_STORAGE = ".hf.co"
MOST_REDIRECTS = 4
SECONDS = httpx2.Timeout(30.0, connect=10.0)
_CID = re.compile(r"[A-Za-z0-9]{46,128}")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class FolderSource:
    path: Path


@dataclass(frozen=True)
class IpfsSource:
    paths: dict[str, str]  # of each file: a CID, or a directory's CID and the name in it


@dataclass(frozen=True)
class HubSource:
    repo: str  # owner/name
    revision: str


Source = FolderSource | IpfsSource | HubSource


def parse_source(text: str) -> Source:
    """`hub://owner/name[@revision]`, `ipfs://directory`, `ipfs://weights,config`, or a folder's path."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return FolderSource(Path(text))
    if scheme == "ipfs":
        cids = rest.rstrip("/").split(",")
        if len(cids) <= 2 and all(_CID.fullmatch(cid) for cid in cids):
            paths = cids if len(cids) == 2 else [f"{cids[0]}/{name}" for name in FILES]
            return IpfsSource(dict(zip(FILES, paths, strict=True)))
    if scheme == "hub":
        repo, _, revision = rest.partition("@")
        if _REPO.fullmatch(repo) and _REVISION.fullmatch(revision or "main"):
            return HubSource(repo, revision or "main")
    message = (
        f"{text} names no adapter: give a folder, ipfs://<CID of a directory>,"
        f" ipfs://<CID of {WEIGHTS}>,<CID of {CONFIG}> or hub://owner/name@revision."
    )
    raise EngineError(400, "source_unknown", message)


def fetch(source: Source, target: Path, sources: Sources) -> None:
    """Copy the adapter's two files into the folder `target`; EngineError says what to do where it cannot."""
    with room(target):
        if isinstance(source, FolderSource):
            _copy(source.path, target, sources)
        elif isinstance(source, IpfsSource):
            _fetch_ipfs(source, target, sources)
        else:
            _fetch_hub(source, target, sources)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """A full disk as an error that says so; what was half written is the caller's to remove."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"The disk of {folder} is full: free some space and ask again. Nothing was kept."
        raise EngineError(507, "no_space", message) from error


def _copy(source: Path, target: Path, sources: Sources) -> None:
    for name in FILES:
        path = source / name
        if not path.is_file():
            raise _incomplete(str(source), name, any((source / pickle).exists() for pickle in PICKLES))
        if path.stat().st_size > _limit(name, sources):
            raise _too_large(name, _limit(name, sources))
        shutil.copyfile(path, target / name)


def _fetch_ipfs(source: IpfsSource, target: Path, sources: Sources) -> None:
    if sources.ipfs_gateway is None:
        message = "This engine knows no IPFS gateway: start it with --ipfs-gateway URL."
        raise EngineError(403, "source_refused", message)
    gateway = sources.ipfs_gateway.rstrip("/")
    with httpx2.Client(timeout=SECONDS) as client:
        for name, path in source.paths.items():
            url = f"{gateway}/ipfs/{path}"
            if not _download(client, url, target / name, _limit(name, sources), ()):
                raise _incomplete(f"ipfs://{path}", name, False)


def _fetch_hub(source: HubSource, target: Path, sources: Sources) -> None:
    owner = source.repo.partition("/")[0]
    if owner not in sources.hub_owners:
        message = (
            f"Adapters of {owner} are not allowed here: start the engine with --hub-owner {owner} if you"
            " trust what this owner publishes."
        )
        raise EngineError(403, "source_refused", message)
    endpoint = sources.hub_endpoint or constants.ENDPOINT
    host = urlsplit(endpoint).hostname or ""
    with httpx2.Client(timeout=SECONDS) as client:

        def address(name: str) -> str:
            return hf_hub_url(source.repo, name, revision=source.revision, endpoint=endpoint)

        for name in FILES:
            if _download(client, address(name), target / name, _limit(name, sources), (host, HUB_STORAGE)):
                continue
            pickled = any(client.head(address(pickle)).status_code < 400 for pickle in PICKLES)
            raise _incomplete(f"hub://{source.repo}@{source.revision}", name, pickled)


def _download(client: httpx2.Client, url: str, target: Path, limit: int, hosts: tuple[str, ...]) -> bool:
    """Stream `url` into a file of at most `limit` bytes; False where there is no such file.

    `hosts`: where it may be sent on to; a name that begins with a dot stands for what ends with it.
    """
    try:
        for _ in range(MOST_REDIRECTS + 1):
            with client.stream("GET", url, follow_redirects=False) as answer:
                if answer.is_redirect:
                    url = _follow(url, answer.headers.get("location", ""), hosts)
                    continue
                if answer.status_code == 404:
                    return False
                if answer.status_code != 200:
                    raise _unreachable(url, f"it answers {answer.status_code}")
                written = 0
                with target.open("wb") as file:
                    for part in answer.iter_bytes(1 << 20):
                        written += len(part)
                        if written > limit:
                            raise _too_large(target.name, limit)
                        file.write(part)
                return True
    except httpx2.HTTPError as error:
        raise _unreachable(url, str(error) or type(error).__name__) from error
    raise _unreachable(url, "it is sent on and on")


def _follow(url: str, location: str, hosts: tuple[str, ...]) -> str:
    here, there = urlsplit(url), urlsplit(urljoin(url, location))
    host = there.hostname or ""
    known = any(host.endswith(name) if name.startswith(".") else host == name for name in hosts)
    if not known or there.scheme not in ("https", here.scheme):
        message = f"{here.hostname} sends the download on to {host or location}, which is not allowed."
        raise EngineError(403, "source_refused", message)
    return there.geturl()


def _limit(name: str, sources: Sources) -> int:
    return sources.adapter_bytes if name == WEIGHTS else CONFIG_BYTES


def _too_large(name: str, limit: int) -> EngineError:
    message = f"{name} is larger than {limit} bytes, the most that is taken here: choose a smaller adapter."
    return EngineError(413, "adapter_too_large", message, limit=limit)


def _incomplete(source: str, name: str, pickled: bool) -> EngineError:
    if pickled:
        return pickle_refused(source)
    message = f"{source} has no file {name}: an adapter has the files {' and '.join(FILES)}."
    return EngineError(400, "adapter_incomplete", message)


def pickle_refused(source: str) -> EngineError:
    message = (
        f"{source} keeps its weights as a pickle, which runs code when it is read: save them as safetensors"
        " (in PEFT: save_pretrained(…, safe_serialization=True))."
    )
    return EngineError(400, "adapter_pickle", message)


def _unreachable(url: str, reason: str) -> EngineError:
    message = f"{urlsplit(url).netloc} does not give the file now ({reason}): try again later."
    return EngineError(502, "source_unreachable", message)
