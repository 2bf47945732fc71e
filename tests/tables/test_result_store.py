"""What is worked out once is shared; what cannot be kept or read back is worked out anew."""

import os
import pickle
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.tables import Store, hash_of_files, result_store


@pytest.fixture(autouse=True)
def own_key(tmp_path_factory, monkeypatch):
    """A user whose key is made by the first test that needs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
    result_store._key.cache_clear()
    yield
    result_store._key.cache_clear()


def counted(made: list, value: object = "x"):
    """A maker that notes each time it is asked."""

    def make() -> object:
        made.append(value)
        return value

    return make


def test_a_result_is_made_once_for_the_same_inputs_and_again_for_others(tmp_path):
    made, kept = [], Store(tmp_path / "s")
    for rests_on in ({"a": 1}, {"a": 1}, {"a": 2}):
        assert kept.keep("need", rests_on, counted(made)) == "x"
    assert len(made) == 2
    assert kept.keep("forecast", {"a": 1}, counted(made)) == "x" and len(made) == 3, (
        "another subject is another result"
    )


def test_none_and_tables_and_arrays_come_back_as_they_were(tmp_path):
    kept = Store(tmp_path)
    assert kept.keep("a", 1, lambda: None) is None and kept.keep("a", 1, lambda: 3) is None
    array = np.arange(6).reshape(2, 3)
    kept.keep("b", 1, lambda: array)
    assert (kept.keep("b", 1, lambda: None) == array).all()


def test_other_software_is_another_result(tmp_path, monkeypatch):
    made, kept = [], Store(tmp_path)
    kept.keep("a", 1, counted(made))
    monkeypatch.setattr(result_store, "software", lambda: {"pandas": "99"})
    kept.keep("a", 1, counted(made))
    assert len(made) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no pickle", b"\x80\x05cnot_a_module\nx\n.", "short", "changed"],
)
def test_a_spoilt_entry_is_made_anew(tmp_path, content):
    made, kept = [], Store(tmp_path)
    kept.keep("a", 1, counted(made))
    (entry,) = tmp_path.glob("*.pickle")
    whole = entry.read_bytes()
    spoilt = {"short": whole[:-1], "changed": whole[:-1] + b"x"}
    entry.write_bytes(spoilt.get(content, content))
    assert kept.keep("a", 1, counted(made)) == "x" and len(made) == 2
    assert kept.keep("a", 1, counted(made)) == "x" and len(made) == 2


class Planted:
    """What runs a command when it is read."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


def test_an_entry_of_another_hand_runs_nothing(tmp_path, monkeypatch):
    made, kept, ran = [], Store(tmp_path / "s"), tmp_path / "ran"
    kept.keep("a", 1, counted(made))
    (entry,) = (tmp_path / "s").glob("*.pickle")
    planted, own = pickle.dumps((Planted(str(ran)),)), entry.read_bytes()
    with monkeypatch.context() as other:
        other.setattr(result_store, "_key", lambda: b"k" * 32)
        signed_by_another = result_store._signature(entry, planted) + planted
    for content in (planted, own[:32] + planted, bytes(32) + planted, signed_by_another):
        entry.write_bytes(content)
        assert kept.keep("a", 1, counted(made)) == "x" and not ran.exists()
    assert len(made) == 5


def test_an_entry_under_the_name_of_another_is_none(tmp_path):
    kept = Store(tmp_path)
    kept.keep("a", 1, lambda: "one")
    (one,) = tmp_path.glob("*.pickle")
    content = one.read_bytes()
    kept.keep("a", 2, lambda: "two")
    (two,) = {*tmp_path.glob("*.pickle")} - {one}
    two.write_bytes(content)
    assert kept.keep("a", 2, lambda: "anew") == "anew"


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
def test_a_link_a_pipe_and_what_others_may_change_are_no_entries(tmp_path):
    made, kept = [], Store(tmp_path / "s")

    def spoil(act) -> None:
        kept.keep("a", 1, lambda: "x")
        (entry,) = (tmp_path / "s").glob("*.pickle")
        act(entry)
        kept.keep("a", 1, counted(made))
        entry.unlink()

    def linked(entry):
        os.symlink(entry.rename(tmp_path / "elsewhere"), entry)

    def pipe(entry):
        entry.unlink()
        os.mkfifo(entry)

    acts = [linked, pipe, lambda entry: entry.chmod(0o666)]
    if os.geteuid() == 0:
        acts.append(lambda entry: os.chown(entry, 12345, 12345))
    for act in acts:
        spoil(act)
    assert len(made) == len(acts)


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
def test_a_key_that_others_may_read_signs_nothing(tmp_path):
    made, kept = [], Store(tmp_path)
    kept.keep("a", 1, counted(made))
    (key,) = result_store.user_data_path(result_store.APP).iterdir()
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_bytes()) == 32
    key.chmod(0o644)
    result_store._key.cache_clear()
    for _ in range(2):
        kept.keep("a", 1, counted(made))
    assert len(made) == 3


def test_what_fails_is_not_kept(tmp_path):
    kept = Store(tmp_path)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.keep("a", 1, lambda: 1 / 0)
    assert list(tmp_path.glob("*.pickle")) == []


def test_without_a_folder_or_the_right_to_write_every_result_is_made(tmp_path):
    made = []
    (tmp_path / "file").write_text("")
    for kept in (Store(None), Store(tmp_path / "file" / "s")):
        for _ in range(2):
            assert kept.keep("a", 1, counted(made)) == "x"
    assert len(made) == 4


def test_of_several_at_once_one_makes_it_and_the_others_wait(tmp_path):
    made, begun, kept = [], threading.Event(), Store(tmp_path)

    def slow() -> str:
        made.append(1)
        assert begun.wait(60)
        return "x"

    code = "import sys, pathlib\n"
    code += "from ntm_analysis.tables import Store\nprint('here', flush=True)\n"
    code += "print(Store(pathlib.Path(sys.argv[1])).keep('a', 1, lambda: 'y'))"
    thread = threading.Thread(target=lambda: kept.keep("a", 1, slow))
    thread.start()
    while not made:
        pass
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "here\n"
    time.sleep(0.3)
    assert other.poll() is None, "it waits"
    begun.set()
    thread.join()
    assert other.communicate(timeout=60)[0].strip() == "x" and len(made) == 1


def test_what_was_not_used_longest_goes_first(tmp_path):
    kept = Store(tmp_path)
    for i in range(4):
        kept.keep("a", i, lambda: b"0" * 1000)
    entries = sorted(tmp_path.glob("*.pickle"))
    for age, path in enumerate(entries):
        os.utime(path, (1e9 - age, 1e9 - age))
    others = [tmp_path / name for name in ("luan-van.docx", "cua-toi.pickle", "cua-toi.lock")]
    for path in others:
        path.write_bytes(b"x" * 5000)
        os.utime(path, (1e9, 1e9))
    kept.prune(limit=2500)
    assert sorted(tmp_path.glob("*-*.pickle")) == sorted([*entries[:2], others[1]])
    assert all(path.exists() for path in others), (
        "a folder that a user names may hold files of the user's own"
    )


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
@pytest.mark.parametrize("named", [False, True])
def test_a_folder_where_others_may_write_or_a_link_is_not_used(tmp_path, monkeypatch, named):
    monkeypatch.delenv("NTM_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    usual = result_store.user_cache_path(result_store.APP) / "store"
    if named:
        usual = tmp_path / "named"
        monkeypatch.setenv("NTM_STORE", str(usual))
    assert Store.usual().folder == usual, "made when it is needed"
    usual.mkdir(mode=0o700, parents=True)
    assert Store.usual().folder == usual
    usual.chmod(0o777)
    assert Store.usual().folder is None
    usual.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    usual.symlink_to(tmp_path / "elsewhere")
    assert Store.usual().folder is None


def test_a_folder_that_was_received_is_no_store(tmp_path, monkeypatch):
    monkeypatch.delenv("NTM_STORE")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".store").mkdir(mode=0o700)
    assert tmp_path not in Store.usual().folder.parents


def test_the_hash_of_files_minds_names_and_content_but_not_line_ends_or_hidden_files(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1\r\n2\r\n")
    first = hash_of_files(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"1\n2\n")
    (tmp_path / ".hidden").write_bytes(b"x")
    assert hash_of_files(tmp_path) == first
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    assert hash_of_files(tmp_path) != first


def test_a_page_opened_by_hand_shows_the_same_with_and_without_the_store(tmp_path, monkeypatch):
    parts = (
        "title",
        "summary",
        "criteria",
        "targets",
        "funding",
        "feasibility",
        "set_in_force",
        "knowledge",
        "footer",
    )
    shown = []
    for place in ("", str(tmp_path), str(tmp_path)):
        monkeypatch.setenv("NTM_STORE", place)
        page = CommunePage("data/thanh-chuong", "Thanh Chi")
        shown.append([str(getattr(page, part)()) for part in parts])
    assert shown[0] == shown[1] == shown[2]
    kept = {path.name.split("-")[0] for path in tmp_path.glob("*.pickle")}
    assert {"workbook", "standing", "forecast", "in", "inputs"} <= kept


def test_of_a_file_without_end_no_more_is_hashed_than_a_table_may_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("ntm_analysis.tables.whole_files.LARGEST", 1_000)
    path = tmp_path / "units.csv"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    beginning = hash_of_files(path)
    path.write_bytes(bytes(2_000))
    assert hash_of_files(path) == beginning


def test_a_key_that_could_be_guessed_signs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(result_store, "user_data_path", lambda *_: tmp_path)
    result_store._key.cache_clear()
    try:
        (tmp_path / "store.key").write_bytes(b"")
        (tmp_path / "store.key").chmod(0o600)
        with pytest.raises(PermissionError):
            result_store._key()
    finally:
        result_store._key.cache_clear()
