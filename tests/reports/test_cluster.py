"""The same batch on a cluster of two workers: the same pages, whichever machine is lost on
the way.
"""

import os
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from shutil import which

import psutil
import pytest
from conftest import sample
from test_batch import BUILDING, GOOD, POSIX, asked, gone, notebook, run

from ntm_analysis.cli import main
from ntm_analysis.reports.manifest import Manifest

pytestmark = [POSIX, pytest.mark.filterwarnings("ignore")]
dask = pytest.importorskip("dask")
pytest.importorskip("distributed")
from distributed import LocalCluster, Security  # noqa: E402 - an extra that may not be there

# Kills the worker that holds the run: the process above the one that papermill runs in.
POISON = """
import os, signal
above = int(open(f"/proc/{os.getppid()}/stat").read().rsplit(")", 1)[1].split()[1])
os.kill(above, signal.SIGKILL)
os._exit(0)
"""


@pytest.fixture(scope="module")
def client():
    """Of a cluster of two workers, processes of their own as machines have them."""
    from ntm_analysis.reports import ClusterRuns

    settings = {
        "distributed.scheduler.allowed-failures": 1,  # the poison takes only four workers with it
        # back sooner after they were killed
        "distributed.worker.multiprocessing-method": "forkserver",
    }
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        ClusterRuns.at(cluster.scheduler_address, 0, {}) as runs,
    ):
        yield runs.client


def listening():
    connections = psutil.Process().net_connections("inet")
    return {end.laddr for end in connections if end.status == psutil.CONN_LISTEN}


def test_the_cluster_of_this_machine_alone_makes_pages_and_listens_nowhere(tmp_path):
    from ntm_analysis.reports import ClusterRuns

    good, before = notebook(tmp_path / "good.ipynb", GOOD), listening()
    with ClusterRuns.at("local", 2, {"NTM_STORE": ""}) as runs:
        lines = run(tmp_path / "out", lambda batch: asked(batch, good, "a", "b"), runs=runs)
        assert listening() == before
    assert {line["status"] for line in lines.values()} == {"complete"} and len(lines) == 2


@pytest.mark.skipif(not which("openssl"), reason="no openssl to make a certificate")
def test_a_scheduler_behind_tls_takes_those_who_have_the_keys_and_nobody_else(tmp_path):
    from ntm_analysis.reports import ClusterRuns, NoClusterError

    key, certificate = f"{tmp_path / 'key.pem'}", f"{tmp_path / 'certificate.pem'}"
    making = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=ntm",
        "-keyout",
    ]
    subprocess.run([*making, key, "-out", certificate], check=True, capture_output=True)
    own = {"ca-file": certificate, "client.key": key, "client.cert": certificate}
    roles = {
        f"tls_{role}_{kind}": file
        for role in ("scheduler", "worker", "client")
        for kind, file in (("key", key), ("cert", certificate))
    }
    closed = Security(require_encryption=True, tls_ca_file=certificate, **roles)
    with LocalCluster(
        n_workers=1, processes=False, protocol="tls://", security=closed, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        with pytest.raises(NoClusterError), ClusterRuns.at(address, 0, {}):
            pass
        own = {f"distributed.comm.tls.{name}": file for name, file in own.items()}
        with dask.config.set(own), ClusterRuns.at(address, 0, {}) as runs:
            assert runs.client.submit(sum, [1, 2]).result() == 3


@pytest.mark.long
@pytest.mark.parametrize("communes", sample((6, 36), 1))
def test_with_one_worker_killed_and_one_poison_notebook_all_other_pages_equal_the_serial_ones(
    client, tmp_path, communes
):
    from ntm_analysis.reports import ClusterRuns

    good, bad = notebook(tmp_path / "good.ipynb", GOOD), notebook(tmp_path / "bad.ipynb", POISON)
    names, killed = [f"xa-{n:02}" for n in range(communes)], []

    def ask(batch) -> None:
        asked(batch, bad, "doc")
        asked(batch, good, *names)

    def kill_one(file: str, line: dict) -> None:
        held = client.processing()
        if not killed and any(held.values()):
            pids = client.run(os.getpid)
            os.kill(pids[next(worker for worker, tasks in held.items() if tasks)], signal.SIGKILL)
            killed.append(file)

    with ThreadPoolExecutor() as beside:  # most of the time of both is waiting
        serial = beside.submit(run, tmp_path / "serial", lambda batch: asked(batch, good, *names))
        lines = run(
            tmp_path / "cluster",
            ask,
            runs=ClusterRuns(client, {"NTM_STORE": ""}, "here"),
            on_end=kill_one,
        )
    assert killed and len(lines) == communes + 1 and len(serial.result()) == communes
    assert {file for file, line in lines.items() if line["status"] == "failed"} == {"doc.html"}
    for file in serial.result():
        assert (tmp_path / "cluster" / file).read_bytes() == (
            tmp_path / "serial" / file
        ).read_bytes()
    assert not (tmp_path / "cluster" / "doc.html").exists()


def test_a_run_too_long_is_told_and_others_go_on_and_a_stopped_batch_leaves_no_run_on_any_machine(
    client, tmp_path, monkeypatch
):
    from ntm_analysis.reports import ClusterRuns

    # this machine's memory is not the workers'
    monkeypatch.setattr("ntm_analysis.reports.batch.usual_limit", lambda jobs: 1)
    good, endless = (
        notebook(tmp_path / "good.ipynb", GOOD),
        notebook(tmp_path / "endless.ipynb", "while True: pass"),
    )
    folder = tmp_path / "out"

    def ask(batch) -> None:
        batch.timeout = 1
        asked(batch, endless, "mai")
        batch.finish()
        batch.timeout = 100
        asked(batch, endless, "nua")
        asked(batch, good, "a")

    def stop(file: str, line: dict) -> None:
        if file == "a.html":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            folder, ask, runs=ClusterRuns(client, {"NTM_REPORTS": f"{folder}"}, "here"), on_end=stop
        )
    assert not (folder / BUILDING).exists()
    lines = Manifest(folder).pages
    assert (
        lines["a.html"]["status"] == "complete"
        and lines["mai.html"]["reason"] == "overdue"
        and len(lines) == 2
    )
    assert gone(f"{folder}", 60) and not (folder / BUILDING).exists()


def test_what_stands_at_an_address_and_is_no_scheduler_is_refused_in_one_sentence(capsys, tmp_path):
    def answer(listening: socket.socket) -> None:
        while True:
            listening.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        for address in (f"tcp://127.0.0.1:{listening.getsockname()[1]}", "http://a.b"):
            assert main(["report", "huyen-mau", "--out", f"{tmp_path}", "--cluster", address]) == 1
            said = capsys.readouterr().err.splitlines()
            assert [line.split(" “")[0] for line in said] == [
                "Đang kết nối với cụm máy",
                "Không nối được với cụm máy",
            ]
    with pytest.raises(SystemExit) as ended:
        main(["report", "--cluster", ""])
    assert ended.value.code == 2


def test_a_full_disk_is_not_told_as_a_cluster_that_cannot_be_reached(capsys, tmp_path, monkeypatch):
    def full(*_, **__) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ntm_analysis.reports.cluster.ClusterRuns.at", lambda *_: nullcontext())
    monkeypatch.setattr("ntm_analysis.reports.make_report", full)
    assert main(["report", "huyen-mau", "--out", f"{tmp_path}", "--cluster", "local"]) == 1
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith("Không đọc hoặc ghi được: No space left")
    )
