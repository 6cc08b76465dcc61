"""Runs that are loaded anew: faults while they are read, and what is left of the version before."""

import asyncio
import gc
import weakref
from pathlib import Path

from serving import Toy
from unrolled.serve import api, reload
from unrolled.serve.reload import Reloader


def test_a_run_that_meets_a_fault_is_loaded_when_it_changes(open_client, toy, monkeypatch, caplog):
    client = open_client()
    model = client.models.find("toy")
    stamps = [((0, 0, 0),)]
    monkeypatch.setattr(reload, "stamp", lambda folder: stamps[-1])
    reloader = Reloader(client.models, client.metrics, 1.0)

    async def look_twice() -> None:
        await reloader.look(model)
        await reloader.look(model)

    def broken():
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(model, "load", broken)
    stamps.append(((1, 0, 0),))
    client.portal.call(look_twice)
    client.portal.call(look_twice)  # the note stays as long as the run does
    assert "a fault of the server" in model.note
    assert model.note.endswith("; the old model is still served")
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.setattr(model, "load", toy.load)
    toy.fingerprint = b"2" * 32
    stamps.append(((2, 0, 0),))
    client.portal.call(look_twice)
    assert (model.reloads, model.note) == (1, "")


def test_a_request_that_is_read_meanwhile_is_answered_by_the_new_version(open_client, toy, monkeypatch):
    client = open_client()
    model = client.models.find("toy")
    old, decode = model.version.worker, api.decode_body

    async def slow_decode(body, decoder):
        message = await decode(body, decoder)
        if model.reloads == 0:
            model.replace(toy.load(), asyncio.get_running_loop())
            await asyncio.to_thread(old.join, 20)
        return message

    monkeypatch.setattr(api, "decode_body", slow_decode)
    assert client.answer("double", number=4) == {"number": 8}


def test_the_version_before_is_freed(open_client, toy):
    client = open_client()
    model = client.models.find("toy")
    client.get("/openapi.json")
    client.answer("write", length=2, keep="session")
    old = weakref.ref(toy.service)
    new = Toy()

    async def replace() -> None:
        model.replace(new.load(), asyncio.get_running_loop())

    worker = model.version.worker
    client.portal.call(replace)
    assert worker.join(20)
    toy.service = None
    gc.collect()
    assert old() is None


def test_a_note_about_a_folder_with_an_odd_name_is_text(open_client, monkeypatch):
    client = open_client()
    model = client.models.find("toy")
    model.folder = Path("caf\udce9\nx")
    monkeypatch.setattr(reload, "stamp", lambda folder: (None,))
    client.portal.call(Reloader(client.models, client.metrics, 1.0).look, model)
    note = client.get("/healthz").json()["notes"]["toy"]
    assert note.startswith("caf\\udce9 x: the run folder is gone")
    assert client.get("/v1/models/toy").json()["notes"] == [note]
