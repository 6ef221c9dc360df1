"""Exports of every family: each read back by another program, or refused with the reason."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from openlora.adapters.store import Adapter, adapter_id, read_adapter, write_adapter
from openlora.errands import MOST_WAITING
from openlora.errors import EngineError
from openlora.export import llamacpp
from openlora.export.card import Provenance
from openlora.export.check import divergence
from openlora.export.families import WHY_NOT
from openlora.export.manager import ExportManager
from openlora.export.run import Format, export
from openlora.models.base import BaseInfo, load_base, load_plain
from openlora.models.tiny import tiny_tokenizer
from openlora.ops.lora import fit
from openlora.train.targets import choose_targets
from openlora.verify import hashing

from .conftest import Engine
from .test_families import FAMILIES

CPU = torch.device("cpu")
BASE = "0x" + "ba" * 32
# What cannot be written as GGUF at the sizes of the other tests, and in what it must differ for this one: the
# factor of Gemma's attention is that of its real models.
CHANGES: dict[str, dict[str, Any]] = {
    "gemma2": {"query_pre_attn_scalar": 8},
    "gemma3": {"query_pre_attn_scalar": 8},
}


def make_base(family: str, folder: Path, **changes: Any) -> BaseInfo:
    """A tiny random model that has the tiny tokenizer's vocabulary."""
    torch.manual_seed(0)
    config = FAMILIES[family]()
    tokenizer = tiny_tokenizer()
    ids = {f"{name}_token_id": 2 for name in ("bos", "eos", "pad")}
    plain = {**config.to_dict(), **ids, "vocab_size": len(tokenizer), **CHANGES.get(family, {}), **changes}
    model = AutoModelForCausalLM.from_config(type(config)(**plain))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return BaseInfo(BASE, f"tiny-{family}", family, "Apache-2.0", 20_000, 64, "", folder)


def make_adapter(info: BaseInfo, folder: Path, dora: bool = False) -> Adapter:
    """A random one on all linear layers; with DoRA magnitudes away from the layers' own norms."""
    base = load_base(info.path, torch.float32, CPU, "eager")
    generator = torch.Generator().manual_seed(3)
    tensors = {}
    chosen = choose_targets(load_plain(info.path, torch.float32, CPU, "eager"))
    names = sorted(base.switch.layers) if isinstance(chosen, str) else chosen
    for name in names:
        layer = base.switch.layers[name]
        weight = cast(torch.Tensor, layer.weight)
        rows = weight if isinstance(layer, torch.nn.Linear) else weight.T
        prefix = f"base_model.model.{name}"
        tensors[f"{prefix}.lora_A.weight"] = torch.randn(2, rows.shape[1], generator=generator) * 0.2
        tensors[f"{prefix}.lora_B.weight"] = torch.randn(rows.shape[0], 2, generator=generator) * 0.2
        if dora:
            tensors[f"{prefix}.lora_magnitude_vector"] = rows.norm(dim=1) * 1.2
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "use_dora": dora}
    more = {"base_model_name_or_path": info.id, "target_modules": names}
    write_adapter(folder, tensors, {**config, **more, "fan_in_fan_out": info.family == "gpt2"})
    return read_adapter(folder, adapter_id(folder))


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[BaseInfo, Path, str]]:
    """Base, adapter folder and id of each family."""
    found = {}
    for family in FAMILIES:
        folder = tmp_path_factory.mktemp(family)
        info = make_base(family, folder / "base")
        found[family] = (info, folder / "adapter", make_adapter(info, folder / "adapter").id)
    return found


def run(base: tuple[BaseInfo, Path, str], kind: str, out: Path) -> dict[str, Any]:
    info, adapter, id = base
    return export(cast(Format, kind), adapter, id, info, tiny_tokenizer(), out, CPU, Provenance())


def served(base: tuple[BaseInfo, Path, str], ids: list[int]) -> torch.Tensor:
    info, adapter, id = base
    model = load_base(info.path, torch.float32, CPU, "eager")
    weights = fit(read_adapter(adapter, id).weights, model.switch, torch.float32, CPU)
    with torch.no_grad(), model.switch.use(weights):
        return cast(torch.Tensor, model.model(input_ids=torch.tensor([ids])).logits[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_peft_and_merged_exports_answer_as_served(family: str, bases: Any, tmp_path: Path) -> None:
    ids = [5, 60, 7, 80, 9, 100]
    expected = served(bases[family], ids)
    run(bases[family], "peft", tmp_path / "peft")
    run(bases[family], "merged", tmp_path / "merged")
    plain = load_plain(bases[family][0].path, torch.float32, CPU, "eager")
    peft = PeftModel.from_pretrained(plain, tmp_path / "peft").eval()
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", attn_implementation="eager")
    for model in (peft, merged):
        with torch.no_grad():
            found = model(input_ids=torch.tensor([ids])).logits[0]
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in WHY_NOT])
def test_gguf_is_read_as_served_by_transformers_and_llamacpp(family: str, bases: Any, tmp_path: Path) -> None:
    for kind, limit in (("gguf-f16", 1e-4), ("gguf-q8_0", 1e-2)):
        record = run(bases[family], kind, tmp_path / kind)
        readers = [entry["reader"] for entry in record["checks"]]
        assert readers == ["transformers", "llama.cpp"] if llamacpp.installed() else ["transformers"]
        assert all(entry["divergence"] <= entry["limit"] == limit for entry in record["checks"])


@pytest.mark.parametrize("family", sorted(WHY_NOT))
def test_a_family_that_cannot_be_gguf_says_why(family: str, bases: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=WHY_NOT[family]) as refusal:
        run(bases[family], "gguf-f16", tmp_path / "out")
    assert (refusal.value.status, refusal.value.code) == (400, "gguf_unsupported")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("family", "changes", "reason"),
    [
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "scaled"),
        ("gemma2", {"query_pre_attn_scalar": 256}, "scaled by 256"),
        ("falcon", {"new_decoder_architecture": True}, "layout of the 7B"),
        ("qwen2", {"use_sliding_window": True}, "sliding window"),
    ],
)
def test_a_model_that_llamacpp_would_compute_otherwise_is_refused(
    family: str, changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    info = make_base(family, tmp_path / "base", **changes)
    adapter = make_adapter(info, tmp_path / "adapter")
    with pytest.raises(EngineError, match=reason):
        run((info, tmp_path / "adapter", adapter.id), "gguf-f16", tmp_path / "out")


def test_a_dora_adapter_is_merged_with_its_magnitudes(bases: Any, tmp_path: Path) -> None:
    info = bases["gpt2"][0]
    adapter = make_adapter(info, tmp_path / "adapter", dora=True)
    base = (info, tmp_path / "adapter", adapter.id)
    run(base, "merged", tmp_path / "merged")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", attn_implementation="eager")
    with torch.no_grad():
        found = merged(input_ids=torch.tensor([[5, 60, 7]])).logits[0]
    torch.testing.assert_close(found, served(base, [5, 60, 7]), rtol=1e-3, atol=1e-3)
    assert run(base, "gguf-f16", tmp_path / "gguf")["checks"]


def test_files_and_card_say_what_they_are(bases: Any, tmp_path: Path) -> None:
    info, adapter, id = bases["llama"]
    facts = Provenance.model_validate(
        {
            "releaseHash": "0x" + "12" * 32,
            "datanets": [{"datanetId": 3, "version": 2, "root": "0x" + "34" * 32}],
            "training": {"epochs": 3},
            "evaluation": {"heldOutLossAfter": 2.77},
        }
    )
    record = export("peft", adapter, id, info, tiny_tokenizer(), tmp_path / "out", CPU, facts)
    assert json.loads((tmp_path / "out" / "export.json").read_bytes()) == record
    for file in record["files"]:
        assert hashing.to_hex(hashing.sha256_file(tmp_path / "out" / file["name"])) == file["sha256"]
    card = (tmp_path / "out" / "README.md").read_text()
    for said in (id, info.id, "0x" + "12" * 32, "| 3 | 2 | `0x" + "34" * 32, "2.77", "license: apache-2.0"):
        assert said in card
    with pytest.raises(EngineError, match="exists: export to a new folder"):
        run(bases["llama"], "peft", tmp_path / "out")


def test_what_reads_back_otherwise_is_not_kept(
    bases: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two heads changed places on the way: the export must notice by itself."""
    whole = AutoModelForCausalLM.from_pretrained

    def swapped(folder: Path, *given: Any, **options: Any) -> Any:
        weights = folder / "model.safetensors"
        tensors = load_file(weights)
        key = next(key for key in tensors if key.endswith("layers.0.self_attn.q_proj.weight"))
        tensors[key] = torch.cat([tensors[key][8:16], tensors[key][:8], tensors[key][16:]])
        save_file(tensors, weights, metadata={"format": "pt"})
        return whole(folder, *given, **options)

    monkeypatch.setattr("openlora.export.check.AutoModelForCausalLM.from_pretrained", swapped)
    with pytest.raises(EngineError) as refusal:
        run(bases["llama"], "merged", tmp_path / "out")
    assert refusal.value.code == "export_differs"
    assert refusal.value.detail["divergence"] > 1e-3
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(bases: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("openlora.export.run.shutil.copyfile", full)
    with pytest.raises(EngineError) as refusal:
        run(bases["llama"], "peft", tmp_path / "out")
    assert (refusal.value.status, refusal.value.code) == (507, "no_space")
    monkeypatch.undo()
    monkeypatch.setattr("openlora.export.run.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(EngineError, match="free some") as refusal:
        run(bases["llama"], "merged", tmp_path / "out")
    assert refusal.value.status == 507
    assert list(tmp_path.iterdir()) == []


def test_divergence_is_that_of_the_definition() -> None:
    one, two = torch.randn(5, 7), torch.randn(5, 7)
    expected = torch.nn.functional.kl_div(
        two.log_softmax(-1), one.log_softmax(-1), log_target=True, reduction="batchmean"
    )
    assert divergence(one, two) == pytest.approx(float(expected), rel=1e-5)


def test_a_request_exports_and_downloads(engine: Engine, trained: dict[str, Any]) -> None:
    asked = {"adapter": trained["adapter"], "format": "gguf-q8_0"}
    status, formats = engine.get(f"/v1/exports?adapter={asked['adapter']}")
    assert status == 200
    assert [x["format"] for x in formats] == ["peft", "merged", "gguf-f16", "gguf-q8_0"]
    assert all(x["refused"] is None for x in formats)
    status, begun = engine.post("/v1/exports", asked)
    assert (status, begun["id"]) == (202, f"{trained['adapter']}.gguf-q8_0")
    for _ in range(600):
        found = engine.get(f"/v1/exports/{begun['id']}")[1]
        if found["status"] not in ("queued", "running"):
            break
        time.sleep(0.2)
    assert found["status"] == "done", found
    for file in found["result"]["files"]:
        answer = engine.http.get(f"/v1/exports/{begun['id']}/files/{file['name']}")
        assert hashing.to_hex(hashing.sha256(answer.content)) == file["sha256"]
        part = engine.http.get(str(answer.url), headers={"range": "bytes=1-4"})
        assert (part.status_code, part.content) == (206, answer.content[1:5])
    assert engine.post("/v1/exports", asked) == (202, found)
    for path in ("0x12.peft", f"{begun['id']}/files/other", "..%2Fjobs"):
        status, body = engine.get(f"/v1/exports/{path}")
        assert (status, body["error"]["type"]) == (404, "invalid_request_error")
    assert engine.post("/v1/exports", {**asked, "adapter": "0x" + "00" * 32})[0] == 404
    assert engine.post("/v1/exports", {**asked, "format": "onnx"})[0] == 400
    assert engine.get(f"/v1/exports?adapter=0x{'00' * 32}")[0] == 404


def test_formats_are_those_of_the_command_line() -> None:
    from openlora.export.command import FORMATS

    assert get_args(Format) == FORMATS


def test_an_export_that_fails_says_why_and_leaves_nothing(base_path: Path, tmp_path: Path) -> None:
    """Here of an adapter that was removed after it was asked for."""
    root = tmp_path / "exports"
    (root / ".0x12.peft.7.partial").mkdir(parents=True)  # of an engine that was killed
    manager = ExportManager(root, tmp_path / "state", base_path, "cpu", 1)
    assert list(root.iterdir()) == []
    adapter = "0x" + "12" * 32
    for _ in range(2):  # what has failed may be asked for again
        id = manager.submit(adapter, "peft", {})["id"]
        assert manager.submit(adapter, "peft", {})["status"] in ("queued", "running")
        while (found := manager.status(id))["status"] in ("queued", "running"):
            time.sleep(0.05)
        assert found["status"] == "failed"
        assert f"There is no adapter {adapter}" in found["error"]["message"]
        with pytest.raises(EngineError) as refusal:
            manager.file(id, "README.md")
        assert refusal.value.code == "export_not_done"
    assert not (root / id).exists()
    with pytest.raises(EngineError) as refusal:
        manager.status("..")
    assert refusal.value.code == "export_not_found"
    manager.close()


def finished(root: Path, name: str, size: int, age: int) -> Path:
    """An export of `size` bytes that was asked for `age` seconds ago."""
    folder = root / f"0x{name}.merged"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(bytes(size))
    (folder / "export.json").write_text(json.dumps({"files": [{"name": "weights"}]}))
    os.utime(folder, (time.time() - age, time.time() - age))
    return folder


def test_exports_that_were_asked_for_longest_ago_make_room(
    base_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openlora.errands.sys.executable", "true")  # each ends well at once
    root = tmp_path / "exports"
    old, older, young = (finished(root, name, 1_000, age) for name, age in (("a", 60), ("b", 90), ("c", 30)))
    manager = ExportManager(root, tmp_path / "state", base_path, "cpu", 1, budget=2_500)
    assert manager.file(older.name, "weights").stat().st_size == 1_000  # and so it is the newest now
    id = manager.submit("0x" + "12" * 32, "peft", {})["id"]
    while id in manager._open:
        time.sleep(0.02)
    manager.close()
    assert [folder.exists() for folder in (old, older, young)] == [False, True, True]


def test_only_so_many_exports_wait(base_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportManager, "_loop", lambda self: None)  # none is begun
    manager = ExportManager(tmp_path / "exports", tmp_path / "state", base_path, "cpu", 1)
    for i in range(MOST_WAITING):
        assert manager.submit(f"0x{i:064x}", "peft", {})["status"] == "queued"
    with pytest.raises(EngineError, match="ask again") as refusal:
        manager.submit("0x" + "ff" * 32, "peft", {})
    assert (refusal.value.status, refusal.value.detail["retryAfter"]) == (429, 60)
    assert manager.submit(f"0x{0:064x}", "peft", {})["status"] == "queued"  # the same as before
    manager.close()
