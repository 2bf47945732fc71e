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
    [b"", b"no pickle", b"\x80\x05cnot_a_module\nx\n.", pickle.dumps("x"), pickle.dumps((1, 2))],
)
def test_a_spoilt_entry_is_made_anew(tmp_path, content):
    made, kept = [], Store(tmp_path)
    kept.keep("a", 1, counted(made))
    (entry,) = tmp_path.glob("*.pickle")
    entry.write_bytes(content)
    assert kept.keep("a", 1, counted(made)) == "x" and len(made) == 2
    assert kept.keep("a", 1, counted(made)) == "x" and len(made) == 2


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
def test_a_usual_folder_where_others_may_write_is_not_used(tmp_path, monkeypatch):
    monkeypatch.delenv("NTM_STORE")
    assert Store.usual(tmp_path).folder == tmp_path / ".store"
    (tmp_path / ".store").mkdir(mode=0o700)
    assert Store.usual(tmp_path).folder == tmp_path / ".store"
    (tmp_path / ".store").chmod(0o777)
    assert Store.usual(tmp_path).folder is None
    monkeypatch.setenv("NTM_STORE", str(tmp_path / ".store"))
    assert Store.usual(tmp_path).folder == tmp_path / ".store", "who names it knows it"


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
