"""Words that a browser, a template, a spreadsheet or a renderer of Markdown might take for more
than words, put into every text of a data set; and the pages of it, made without kernels.
"""

import ast
import csv
import json
import random
import re
import shutil
from pathlib import Path

from ntm_analysis.reports.render import to_html
from ntm_analysis.tables import TABLES, dictionary

ROOT = Path(__file__).resolve().parents[2]
HIT = "window.hit=1"
WORDS = [
    f"<script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f'"><svg onload={HIT}>',
    f"' onmouseover='{HIT}' autofocus onfocus='{HIT}' x='",
    f'" style="position:fixed;inset:0" onclick="{HIT}',
    f"<a href='javascript:{HIT}'>x</a>",
    f"javascript:{HIT}",
    f"JaVaScRiPt&colon;{HIT}",
    f"&#106;avascript:{HIT}",
    f"[x](javascript:{HIT})",
    "![x](http://x.invalid/a.png)",
    "<http://x.invalid/>",
    "http://x.invalid/a b",
    f"<iframe srcdoc='<script>parent.{HIT}</script>'>",
    "<iframe src='http://x.invalid/'></iframe>",
    "<object data='http://x.invalid/'></object>",
    "<link rel=stylesheet href='http://x.invalid/a.css'>",
    "<base href='http://x.invalid/'>",
    "<meta http-equiv=refresh content='0;url=http://x.invalid/'>",
    "</style><style>*{background:url(http://x.invalid/b)}</style>",
    "</td></tr></table></div></section></main><h1>x</h1>",
    "<!-- ",
    "--><textarea>",
    "<plaintext>",
    "]]><![CDATA[",
    "{{7*7}}",
    "{% for i in range(9) %}x{% endfor %}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "{0} {x} {x!r} %s %(x)s %n",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.invalid/","x")',
    "=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "'=1+1",
    '"=1+1"',
    "`x` **x** __x__ ~~x~~ # x",
    "$x^2$ \\(x\\) \\\\ \\",
    "| a | b |",
    "<b>x</b> &lt;i&gt; &amp;amp;",
    "W" * 150,
    "_".join(["ướ"] * 60),
]
SHORT = 110  # letters of a title
# Texts that mean something, so that other words in them are refused.
MEANING = {"typical_works.indicator", "envelopes.served", "pots.earmark", "sources.id"}
MEANING |= {"carry_over.from_set", "carry_over.to_set", "assumptions.key", "assumptions.measure"}
# Ids that other tables refer to, by the columns in which they stand, and those of cement and debt,
# which the program knows.
IDS, KNOWN = ("item", "pot", "work"), ("xi-mang", "no-dong")
SAFE_SIGN = re.compile(r"-|[+\-][0-9][0-9.,]*\s?%?")  # a dash, a figure with its sign


def is_free(table: str, name: str) -> bool:
    column = dictionary(table)[name]
    return column.type == "text" and f"{table}.{name}" not in MEANING


def hostile_copy(chance: random.Random, folder: Path) -> tuple[Path, int]:
    """The model district in ``folder/data`` with hostile words in every text: its place, and how
    many texts there are.
    """
    for name in ("criteria", "reference", "scenarios"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    place = Path(shutil.copytree(ROOT / "data" / "huyen-mau", folder / "data" / "huyen-mau"))
    order, ids, number = chance.sample(WORDS, len(WORDS)), {}, 0

    def word() -> str:
        nonlocal number
        number += 1
        return f"{order[number % len(order)]} {number}"

    for table in TABLES:
        path = place / f"{table}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        if table == "ocop":
            own = {"commune": "A6", "stars": "3", "date": "2022-11-30", "known_from": "2022-11-30"}
            own |= {"source": "bia-dat", "mark": "illustrative", "valid_to": "2025-11-30"}
            rows = [[own.get(name, "x") for name in head]]
        for row in rows:
            for at, name in enumerate(head):
                if name in IDS and row[at] not in ("", *KNOWN):
                    ids[row[at]] = ids.get(row[at]) or word().replace("|", "/")
                    row[at] = ids[row[at]]
                elif name not in IDS and is_free(table, name):
                    row[at] = word()
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
    short = [one for one in WORDS if len(one) < SHORT]
    titles = (place / "dataset.yaml", *(folder / "data" / "scenarios").glob("*.yaml"))
    for path in titles:
        text = path.read_text(encoding="utf-8")
        for key in ("title", "hamlet_word"):
            words = {lang: chance.choice(short) for lang in ("vi", "en")}
            value = json.dumps(words, ensure_ascii=False)
            text = re.sub(rf"(?m)^{key}: .*$", lambda _, said=f"{key}: {value}": said, text)
        path.write_text(text, encoding="utf-8")
    return place, number


def page_of(notebook: str, **parameters: object) -> str:
    """A page: the cells of a notebook run here, their parts in the template of the reports."""
    import nbformat

    source = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    names, shown = {}, []
    for cell in source["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), names)
        if "parameters" in cell["metadata"].get("tags", ()):
            names |= {name: value for name, value in parameters.items() if name in names}
        if last:
            part = eval(compile(ast.Expression(last.value), notebook, "eval"), names)
            data = {"text/html": f"{part}"}
            shown.append(nbformat.v4.new_output("display_data", data))
    cells = [nbformat.v4.new_code_cell("", outputs=shown)]
    lang = parameters.get("lang", "vi")
    words = {"title": names["page"].workbook.meta["title"][lang], "back": "x", "skip": "x"}
    links = [(f"{notebook}.html", words["title"])]
    return to_html(nbformat.v4.new_notebook(cells=cells), lang=lang, links=links, **words)


def unguarded(cells: list[str]) -> list[str]:
    """Cells of a CSV file that a spreadsheet would take for a formula."""
    begun = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and cell]
    return [cell for cell in begun if not SAFE_SIGN.fullmatch(cell)]
