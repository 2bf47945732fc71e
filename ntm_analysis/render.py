"""One notebook executed by papermill and turned into one HTML page with our own template; written whole or not at all."""

import logging
import re
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from .parameters import check
from .whole_files import write_whole
from .words import text

TEMPLATES = Path(str(files("ntm_analysis").joinpath("templates")))


class NotebookFailed(RuntimeError):
    """A notebook stopped with an error; the message is the kernel's own, on one line."""


def style() -> str:
    """The style sheet that pages, index and single file share."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def script() -> str:
    """The script that pages, index and single file share: tables saved as CSV."""
    return (TEMPLATES / "csv.js").read_text(encoding="utf-8")


def execute(notebook: Path, parameters: dict) -> object:
    """The executed notebook (nbformat node). Parameters are checked before a kernel starts.

    Raises ValueError for bad parameters, :class:`NotebookFailed` when a cell fails or the kernel dies.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    faults = check(parameters)
    if faults:
        raise ValueError("; ".join(faults))
    for noisy in ("papermill", "traitlets", "nbclient"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return papermill.execute_notebook(
                notebook, Path(folder) / "out.ipynb", parameters, progress_bar=False, cwd=notebook.parent,
                extra_arguments=["--log-level=CRITICAL"],
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            raise NotebookFailed(" ".join(f"{error.ename}: {error.evalue}".split())) from None
        except (DeadKernelError, RuntimeError) as error:
            raise NotebookFailed(" ".join(str(error).split())) from None


def to_html(executed: object, *, title: str, lang: str, back: str, skip: str, links: Sequence[tuple[str, str]] = ()) -> str:
    """The page of an executed notebook: what its cells show, in our template; ``links``: to other pages (file, label)."""
    from nbconvert.exporters import HTMLExporter

    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES)])
    shown = "".join(o.get("data", {}).get("text/html", "") for cell in executed.cells for o in cell.get("outputs", []))
    contents = re.findall(r'<section id="([^"]+)"[^>]*><h2>(.*?)</h2>', shown)
    page = {
        "title": title,
        "lang": lang,
        "style": style(),
        "script": script(),
        "back": back,
        "skip": skip,
        "links": links,
        "contents": contents,
    }
    page["contents_title"] = text("contents", lang)
    return exporter.from_notebook_node(executed, resources={"page": page})[0]


def render(notebook: Path, parameters: dict, target: Path, **page) -> None:
    """Execute a notebook and write its page to ``target``."""
    write_whole(target, to_html(execute(notebook, parameters), **page))
