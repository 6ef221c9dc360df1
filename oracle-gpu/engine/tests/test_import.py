"""Adapters trained elsewhere: taken in from every place, or refused with a reason and nothing kept."""

from __future__ import annotations

import errno
import json
import pickle
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor

from openlora.adapters.importer import ORIGIN, import_adapter
from openlora.adapters.source import parse_source
from openlora.adapters.store import CONFIG, WEIGHTS, AdapterStore, adapter_id
from openlora.config import Sources
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, load_plain, load_tokenizer, read_info

from .conftest import Engine, question

CPU = torch.device("cpu")
CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
Change = Any


def write_foreign(folder: Path, base: Path, name: str = "someone/tiny-random-llama", **options: Any) -> Path:
    """An adapter as PEFT itself saves it, away from its beginning."""
    torch.manual_seed(1)
    chosen = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"], **options}
    model = get_peft_model(
        load_plain(base, torch.float32, CPU, "eager"),
        LoraConfig(task_type="CAUSAL_LM", base_model_name_or_path=name, **chosen),
    )
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    model.peft_config["default"].base_model_name_or_path = name
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def info(base_path: Path) -> BaseInfo:
    return read_info(base_path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, base_path: Path) -> Path:
    return write_foreign(tmp_path_factory.mktemp("foreign"), base_path)


@pytest.fixture
def foreign(plain: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(plain, tmp_path / "foreign"))


@pytest.fixture
def store(tmp_path: Path) -> AdapterStore:
    return AdapterStore(tmp_path / "store")


def take(
    source: str | Path, store: AdapterStore, info: BaseInfo, sources: Sources | None = None, **given: Any
) -> dict[str, Any]:
    tokenizer = load_tokenizer(info.path)
    found = parse_source(str(source))
    return import_adapter(found, str(source), store, info, tokenizer, CPU, sources or Sources(), **given)


def refused(
    source: str | Path, store: AdapterStore, info: BaseInfo, sources: Sources | None = None, **given: Any
) -> EngineError:
    """The refusal; nothing may be left of what was refused."""
    with pytest.raises(EngineError) as refusal:
        take(source, store, info, sources, **given)
    assert list(store._root.iterdir()) == []
    return refusal.value


def edit_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / CONFIG).read_bytes())
    (folder / CONFIG).write_text(json.dumps({**config, **changes}))


def edit_tensors(folder: Path, change: Change) -> None:
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS)


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"use_dora": True}])
def test_a_foreign_adapter_is_kept_and_served(
    options: dict[str, Any], base_path: Path, store: AdapterStore, info: BaseInfo, tmp_path: Path
) -> None:
    folder = write_foreign(tmp_path / "foreign", base_path, **options)
    given = adapter_id(folder)
    found = take(folder, store, info, digest=given)
    assert found["rank"] == 4
    assert found["layers"] == 9
    assert found["parity"]["effect"] > 0.1 > 1e-3 > found["parity"]["difference"]
    kept = store.folder(found["id"])
    assert json.loads((kept / CONFIG).read_bytes())["base_model_name_or_path"] == info.id
    origin = json.loads((kept / ORIGIN).read_bytes())
    assert (origin["digest"], origin["trainedOn"]) == (given, "someone/tiny-random-llama")
    again = take(folder, store, info)
    assert again["id"] == found["id"]
    assert [entry["id"] for entry in store.list()] == [found["id"]]


def test_what_was_exported_here_keeps_its_id(store: AdapterStore, info: BaseInfo, foreign: Path) -> None:
    first = store.folder(take(foreign, store, info)["id"])
    other = AdapterStore(store._root.parent / "other")
    assert take(first, other, info, digest=first.name)["id"] == first.name


def test_another_base_is_refused_unless_its_name_is_confirmed(
    store: AdapterStore, info: BaseInfo, foreign: Path
) -> None:
    edit_config(foreign, base_model_name_or_path="someone/large-llama")
    for trained_on in (None, "someone/other"):
        refusal = refused(foreign, store, info, trained_on=trained_on)
        assert (refusal.status, refusal.code) == (409, "adapter_other_base")
        assert "someone/large-llama" in refusal.message
    assert take(foreign, store, info, trained_on="someone/large-llama")["rank"] == 4
    shutil.rmtree(store._root)
    store._root.mkdir()
    other = "0x" + "ab" * 32
    edit_config(foreign, base_model_name_or_path=other)
    assert refused(foreign, store, info, trained_on=other).code == "adapter_other_base"


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"peft_type": "IA3"}, "adapter_malformed", "no LoRA adapter"),
        ({"r": 8}, "adapter_unsupported", "do not fit rank 8"),
        ({"r": 0}, "adapter_malformed", "from 1 to 256"),
        ({"r": 257}, "adapter_malformed", "from 1 to 256"),
        ({"r": True}, "adapter_malformed", "from 1 to 256"),
        ({"r": "4"}, "adapter_malformed", "from 1 to 256"),
        ({"lora_alpha": None}, "adapter_malformed", "lora_alpha"),
        ({"bias": "all"}, "adapter_unsupported", "not a plain LoRA"),
        ({"modules_to_save": ["lm_head"]}, "adapter_unsupported", "modules_to_save"),
        ({"rank_pattern": {"q_proj": 2}}, "adapter_unsupported", "rank_pattern"),
        ({"megatron_config": {"a": 1}}, "adapter_unsupported", "megatron_config"),
        ({"megatron_core": "os"}, "adapter_unsupported", "megatron_core"),
        ({"layer_replication": [[0, 2]]}, "adapter_unsupported", "layer_replication"),
        ({"something_new": 1}, "adapter_unsupported", "something_new"),
        ({"init_lora_weights": "pissa"}, "adapter_unsupported", "changes the base itself"),
        ({"base_model_name_or_path": None}, "adapter_malformed", "which base"),
        ({"target_modules": ["q_proj"]}, "adapter_parity", "differ on this adapter"),
        ({"base_quantization": {"load_in_8bit": True}}, "adapter_unsupported", "not known here"),
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused(
    changes: dict[str, Any], code: str, reason: str, store: AdapterStore, info: BaseInfo, foreign: Path
) -> None:
    edit_config(foreign, **changes)
    refusal = refused(foreign, store, info)
    assert refusal.code == code
    assert reason in refusal.message


def at(key: str, value: float) -> Change:
    def change(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        name = next(name for name in sorted(tensors) if key in name)
        tensors[name].view(-1)[3] = value
        return tensors

    return change


def renamed(old: str, new: str) -> Change:
    return lambda tensors: {key.replace(old, new): tensor for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        (at("lora_A", float("nan")), "adapter_not_finite", "not finite"),
        (at("lora_B", float("inf")), "adapter_not_finite", "not finite"),
        (at("lora_B", 3e38), "adapter_not_finite", "answers are no finite numbers"),
        (renamed("q_proj", "query"), "adapter_unsupported", "no linear layer model.layers.0.self_attn.query"),
        (
            renamed("model.layers.0.mlp.down_proj", "lm_head"),
            "adapter_unsupported",
            "no linear layer lm_head",
        ),
        (renamed("lora_A", "lora_embedding_A"), "adapter_unsupported", "no LoRA weight"),
        (renamed("q_proj", "o_proj"), "adapter_parity", "differ on this adapter"),
        (
            lambda tensors: {k: x for k, x in tensors.items() if "lora_A" in k},
            "adapter_unsupported",
            "rank 4",
        ),
        (
            lambda tensors: {k: x[:2].contiguous() for k, x in tensors.items()},
            "adapter_unsupported",
            "rank 4",
        ),
        (lambda tensors: {k: x.int() for k, x in tensors.items()}, "adapter_malformed", "holds I32"),
        (lambda tensors: {}, "adapter_malformed", "changes nothing"),
    ],
)
def test_tensors_that_cannot_be_served_are_refused(
    change: Change, code: str, reason: str, store: AdapterStore, info: BaseInfo, foreign: Path
) -> None:
    edit_tensors(foreign, change)
    refusal = refused(foreign, store, info)
    assert refusal.code == code
    assert reason in refusal.message


def test_a_layer_of_another_size_is_refused(store: AdapterStore, info: BaseInfo, foreign: Path) -> None:
    edit_tensors(foreign, lambda tensors: {k: x.repeat(1, 2) if "A" in k else x for k, x in tensors.items()})
    assert "not of that layer's size" in refused(foreign, store, info).message


def test_a_pickle_is_never_read(store: AdapterStore, info: BaseInfo, foreign: Path) -> None:
    touched = foreign / "touched"

    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return Path.touch, (touched,)  # type: ignore[return-value]

    for name, data in (
        ("adapter_model.bin", pickle.dumps(Trap())),
        (WEIGHTS, pickle.dumps(Trap())),
        (WEIGHTS, b"PK\x03\x04 a zip, as torch.save writes"),
    ):
        (foreign / WEIGHTS).unlink(missing_ok=True)
        (foreign / name).write_bytes(data)
        refusal = refused(foreign, store, info)
        assert (refusal.status, refusal.code) == (400, "adapter_pickle")
        assert not touched.exists()


@pytest.mark.parametrize(
    ("file", "data", "code"),
    [
        (WEIGHTS, b"", "adapter_malformed"),
        (WEIGHTS, b"\xff" * 8 + b"{}", "adapter_malformed"),
        (WEIGHTS, None, "adapter_incomplete"),
        (CONFIG, None, "adapter_incomplete"),
        (CONFIG, b"{", "adapter_malformed"),
        (CONFIG, b"[]", "adapter_malformed"),
        (CONFIG, b"\xff", "adapter_malformed"),
        (CONFIG, b'{"r": NaN}', "adapter_malformed"),
        (CONFIG, b" " * 65_537, "adapter_too_large"),
    ],
)
def test_broken_files_are_refused(
    file: str, data: bytes | None, code: str, store: AdapterStore, info: BaseInfo, foreign: Path
) -> None:
    (foreign / file).unlink()
    if data is not None:
        (foreign / file).write_bytes(data)
    assert refused(foreign, store, info).code == code


def test_a_cut_file_an_oversized_one_and_another_digest_are_refused(
    store: AdapterStore, info: BaseInfo, foreign: Path
) -> None:
    size = (foreign / WEIGHTS).stat().st_size
    too_large = refused(foreign, store, info, Sources(adapter_bytes=size - 1))
    assert (too_large.status, too_large.code) == (413, "adapter_too_large")
    other = refused(foreign, store, info, digest="0x" + "12" * 32)
    assert (other.status, other.code) == (409, "adapter_digest")
    whole = (foreign / WEIGHTS).read_bytes()
    (foreign / WEIGHTS).write_bytes(whole[:-4])
    assert refused(foreign, store, info).code == "adapter_malformed"


def test_a_full_disk_keeps_nothing(
    store: AdapterStore, info: BaseInfo, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("openlora.adapters.source.shutil.copyfile", full)
    refusal = refused(foreign, store, info)
    assert (refusal.status, refusal.code) == (507, "no_space")


class Remote:
    """A hub and an IPFS gateway in one: serves the bytes it is given by path, or sends on."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.sent_on: dict[str, str] = {}
        self.asked: list[str] = []
        remote = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                remote.asked.append(self.path)
                if self.path in remote.sent_on:
                    self.send_response(302)
                    self.send_header("location", remote.sent_on[self.path])
                    self.end_headers()
                    return
                data = remote.files.get(self.path)
                self.send_response(404 if data is None else 200)
                self.end_headers()
                try:
                    if self.command == "GET":
                        self.wfile.write(data or b"")
                except OSError:
                    pass  # the reader has had enough

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def give(self, folder: Path, path: str) -> None:
        for name in (WEIGHTS, CONFIG):
            self.files[f"{path}/{name}"] = (folder / name).read_bytes()


@pytest.fixture
def remote() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_adapter_comes_from_ipfs_by_its_digest(
    store: AdapterStore, info: BaseInfo, foreign: Path, remote: Remote
) -> None:
    sources = Sources(ipfs_gateway=remote.url)
    remote.give(foreign, f"/ipfs/{CID}")
    digest = adapter_id(foreign)
    assert refused(f"ipfs://{CID}", store, info, sources).code == "digest_needed"
    assert refused(f"ipfs://{CID}", store, info, digest=digest).code == "source_refused"
    assert refused(f"ipfs://{CID}", store, info, sources, digest="0x" + "00" * 32).code == "adapter_digest"
    small = Sources(ipfs_gateway=remote.url, adapter_bytes=1_000)
    assert refused(f"ipfs://{CID}", store, info, small, digest=digest).code == "adapter_too_large"
    found = take(f"ipfs://{CID}", store, info, sources, digest=digest)
    assert found["digest"] == digest
    shutil.rmtree(store._root)
    store._root.mkdir()
    one, two = "bafkrei" + "a" * 52, "bafkrei" + "b" * 52
    remote.files |= {
        f"/ipfs/{one}": (foreign / WEIGHTS).read_bytes(),
        f"/ipfs/{two}": (foreign / CONFIG).read_bytes(),
    }
    assert take(f"ipfs://{one},{two}", store, info, sources, digest=digest)["id"] == found["id"]


def test_an_adapter_comes_from_the_hub_of_an_owner_who_is_allowed(
    store: AdapterStore, info: BaseInfo, foreign: Path, remote: Remote
) -> None:
    sources = Sources(hub_endpoint=remote.url, hub_owners=("someone",))
    remote.give(foreign, "/someone/maths/resolve/v1")
    weights = f"/someone/maths/resolve/v1/{WEIGHTS}"
    remote.files["/stored/weights"] = remote.files.pop(weights)
    remote.sent_on[weights] = "/stored/weights"
    stranger = refused("hub://stranger/maths@v1", store, info, sources)
    assert (stranger.status, stranger.code) == (403, "source_refused")
    assert refused("hub://someone/maths", store, info, sources).code == "adapter_incomplete"
    found = take("hub://someone/maths@v1", store, info, sources)
    assert found["source"] == "hub://someone/maths@v1"


def test_a_hub_that_gives_pickles_sends_elsewhere_or_is_gone_is_refused(
    store: AdapterStore, info: BaseInfo, foreign: Path, remote: Remote
) -> None:
    sources = Sources(hub_endpoint=remote.url, hub_owners=("someone",))
    root = "/someone/maths/resolve/main"
    remote.give(foreign, root)
    weights = remote.files.pop(f"{root}/{WEIGHTS}")
    remote.files[f"{root}/adapter_model.bin"] = b"\x80"
    assert refused("hub://someone/maths", store, info, sources).code == "adapter_pickle"
    remote.files[f"{root}/{WEIGHTS}"] = weights
    for location in (
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://localhost.hf.co.example/",
    ):
        remote.sent_on[f"{root}/{WEIGHTS}"] = location
        assert refused("hub://someone/maths", store, info, sources).code == "source_refused"
    remote.sent_on[f"{root}/{WEIGHTS}"] = f"{root}/{WEIGHTS}"
    assert refused("hub://someone/maths", store, info, sources).code == "source_unreachable"
    remote.server.shutdown()
    remote.server.server_close()
    gone = refused("hub://someone/maths", store, info, sources)
    assert (gone.status, gone.code) == (502, "source_unreachable")


@pytest.mark.parametrize(
    "text",
    ["ipfs://", "ipfs://../../etc", f"ipfs://{CID},{CID},{CID}", "hub://maths", "hub://a/b/c", "hub://a/../b",
     "hub://a/b@../x", "http://a/b", "s3://a"],
)  # fmt: skip
def test_a_source_that_names_no_adapter_is_refused(text: str) -> None:
    with pytest.raises(EngineError) as refusal:
        parse_source(text)
    assert (refusal.value.status, refusal.value.code) == (400, "source_unknown")


def test_a_request_imports_from_the_states_own_folder_only(engine: Engine, plain: Path) -> None:
    folder = engine.state / "imports" / "maths"
    shutil.copytree(plain, folder)
    status, found = engine.post("/v1/adapters/import", {"source": "maths"})
    assert status == 201, found
    assert found["id"] in [entry["id"] for entry in engine.get("/v1/adapters")[1]]
    asked = {"messages": question("What is 3?"), "maxTokens": 6}
    with_it, without = engine.generate(**{**asked, "adapter": found["id"]}), engine.generate(**asked)
    assert with_it[1]["tokenIds"] != without[1]["tokenIds"]
    for source in (str(plain), "../adapters", "maths/../..", "."):
        status, body = engine.post("/v1/adapters/import", {"source": source})
        assert (status, body["error"]["code"]) == (403, "source_refused")
    status, body = engine.post("/v1/adapters/import", {"source": "maths", "digest": "0x12"})
    assert (status, body["error"]["code"]) == (400, "invalid_request")
