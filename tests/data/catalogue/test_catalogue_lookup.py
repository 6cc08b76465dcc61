"""Look up data sets by name; the network is never used."""

import gzip
import hashlib
from pathlib import Path

import pooch
import pytest

from unrolled.data import documents, open_documents
from unrolled.data.catalogue import CATALOGUE, find_dataset, locate, lookup
from unrolled.data.catalogue.dataset import LABELLED, PLAIN, TAGGED, TEXT, VECTORS, DataSet
from unrolled.data.labelled import read_labelled
from unrolled.data.pairs import PairForm, read_pairs
from unrolled.data.piano import open_pieces
from unrolled.data.remote import RemoteFile
from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series_list
from unrolled.data.tagged import Columns, read_tagged
from unrolled.errors import DataError

CONTENT = b"a small data set\n"
FILE = RemoteFile("f.txt", "https://example.invalid/f.txt", hashlib.sha256(CONTENT).hexdigest())
OTHER = RemoteFile("g.txt", "https://example.invalid/g.txt", "0" * 64)


def text_set(name, **files):
    parts = {part: (file,) for part, file in files.items()}
    return {name: DataSet(name, TEXT, "a text", "plain text", "https://example.invalid", "none", parts)}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionError("no network here")

    monkeypatch.setattr(pooch, "retrieve", refuse)


@pytest.fixture
def catalogue_folder(monkeypatch, tmp_path):
    """Data sets ``@one`` (one part) and ``@two`` (two parts), and a folder for their files."""
    sets = text_set("one", input=FILE) | text_set("two", train=FILE, test=OTHER)
    monkeypatch.setattr(lookup, "CATALOGUE", sets)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize("source", ["@one", "@one/input"])
def test_a_file_under_unrolled_data_is_used(catalogue_folder, source):
    (catalogue_folder / "one" / "f.txt").write_bytes(CONTENT)
    [document] = open_documents(source)
    assert document.text == CONTENT.decode()


def test_a_file_with_another_hash_is_refused(catalogue_folder):
    (catalogue_folder / "one" / "f.txt").write_bytes(CONTENT + b"!")
    with pytest.raises(DataError, match=r"f\.txt: is not the published file.*UNROLLED_DATA"):
        open_documents("@one")


def test_without_a_network_the_error_names_the_url_and_folders(catalogue_folder, monkeypatch):
    with pytest.raises(DataError) as caught:
        open_documents("@two/train")
    message = str(caught.value)
    assert FILE.url in message
    assert str(catalogue_folder / "two" / "f.txt") in message
    assert str(Path(pooch.os_cache("unrolled")) / "two" / "f.txt") in message

    monkeypatch.delenv("UNROLLED_DATA")
    with pytest.raises(DataError) as caught:
        open_documents("@two/train")
    assert FILE.url in str(caught.value)
    assert str(Path(pooch.os_cache("unrolled")) / "two" / "f.txt") in str(caught.value)
    assert str(catalogue_folder) not in str(caught.value)


def test_a_download_is_checked_by_hash_and_cached(catalogue_folder, monkeypatch, tmp_path):
    requests = []

    def retrieve(url, known_hash, fname, path):
        requests.append((url, known_hash, fname, Path(path).name))
        (tmp_path / "fetched.txt").write_bytes(CONTENT)
        return str(tmp_path / "fetched.txt")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    [document] = open_documents("@one")
    assert document.text == CONTENT.decode()
    assert requests == [(FILE.url, "sha256:" + FILE.sha256, "f.txt", "one")]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("@tinyshakespear", "did you mean 'tinyshakespeare'"),
        ("@", "no such data set"),
        ("@stdlib/test", "did you mean 'stdlib'"),
        ("@ptb", "write one of @ptb/train, @ptb/valid, @ptb/test"),
        ("@ptb/dev", "write one of @ptb/train, @ptb/valid, @ptb/test"),
    ],
)
def test_unknown_names_suggest_known_ones(source, message):
    with pytest.raises(DataError, match=message):
        open_documents(source)


def test_the_standard_library_needs_no_download():
    documents = open_documents("@stdlib")
    names = [d.name for d in documents]
    assert names == sorted(names)
    assert {"os.py", "random.py"} <= set(names)
    assert all(d.text.strip() for d in documents)
    assert open_documents("@stdlib") == documents


def test_a_python_without_library_source_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(documents.sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    with pytest.raises(DataError, match="no library source; give --data"):
        open_documents("@stdlib")


def test_paths_are_read_as_paths(tmp_path):
    (tmp_path / "a.txt").write_text("A")
    assert open_documents(tmp_path / "a.txt") == open_documents(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "part"),
    [(entry.name, part) for entry in CATALOGUE.values() if entry.kind in PLAIN for part in entry.parts],
)
def test_published_files_match_the_catalogue(published, name, part):
    path = published(f"{name}/{CATALOGUE[name].parts[part][0].name}")
    [document] = open_documents(f"@{name}/{part}")
    assert document.text.encode() == path.read_bytes().replace(b"\r\n", b"\n")


@pytest.mark.parametrize("hash_matches", [True, False])
def test_the_hash_of_a_compressed_file_is_that_of_its_content(
    catalogue_folder, monkeypatch, tmp_path, hash_matches
):
    sha256 = FILE.sha256 if hash_matches else OTHER.sha256
    packed = RemoteFile("f.txt", "https://example.invalid/f.txt.gz", sha256)
    monkeypatch.setattr(lookup, "CATALOGUE", text_set("one", input=packed))
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    folder = tmp_path / "cache" / "one"
    folder.mkdir(parents=True)

    def retrieve(url, known_hash, fname, path, processor):
        assert url == packed.url
        (path / fname).write_bytes(gzip.compress(CONTENT))
        return processor(str(path / fname), "download", None)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    if hash_matches:
        assert locate("@one", TEXT).read_bytes() == CONTENT
        return
    with pytest.raises(DataError, match="could not download"):
        locate("@one", TEXT)
    assert not list(folder.iterdir())


READERS = {
    "texts": open_documents,
    "labelled texts": read_labelled,
    "tagged sentences": lambda source: read_tagged(source, Columns()),
    "pairs of texts": lambda source: read_pairs(source, PairForm()),
    "time series": lambda source: read_series_list(source, ColumnsConfig(), TimeRulesConfig()),
    "pieces of music": open_pieces,
    "word vectors": lambda source: locate(source, VECTORS),
}


@pytest.mark.parametrize("noun", READERS)
def test_every_reader_suggests_the_nearest_of_all_names(noun):
    for name in CATALOGUE:
        with pytest.raises(DataError, match=rf"@{name}x: no such data set \(did you mean '{name}'\?\)"):
            READERS[noun](f"@{name}x")


@pytest.mark.parametrize("noun", READERS)
def test_every_reader_names_the_task_for_data_of_another_kind(noun):
    other = "trec" if noun != "labelled texts" else "ud_english-ewt"
    entry = CATALOGUE[other]
    with pytest.raises(DataError) as caught:
        READERS[noun](f"@{other}/train")
    message = str(caught.value)
    assert message.startswith(
        f"@{other}/train: contains {entry.kind.noun}, for use with `{entry.kind.used_by}`; "
    )
    assert noun in message
    suitable = [name for name, candidate in CATALOGUE.items() if candidate.kind.noun == noun]
    assert all(f"@{name}" in message for name in suitable)


def test_a_data_set_without_a_file_cannot_be_located():
    with pytest.raises(DataError, match=r"@stdlib: is not a single file.*; use it with `unrolled train lm`"):
        locate("@stdlib", TEXT)


def test_the_part_may_be_omitted_if_there_is_only_one():
    assert find_dataset("@names", LABELLED)[1] == "all"
    with pytest.raises(DataError, match="@trec: write one of @trec/train, @trec/test"):
        find_dataset("@trec", LABELLED)
    with pytest.raises(DataError, match="write one of @ud_english-ewt/train"):
        find_dataset("@ud_english-ewt", TAGGED)
