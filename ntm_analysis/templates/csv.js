// Every table of the page can be saved as CSV, cell by cell as it is shown; needs no network. Without scripts there is no button.
const csvWords = { vi: "Tải CSV", en: "Save as CSV" }[document.documentElement.lang] ?? "CSV";
const csvText = node => (node?.textContent ?? "").replace(/\s+/g, " ").trim();
// A cell that a spreadsheet would take for a formula begins with an apostrophe; a dash alone, or a figure with its sign, does not.
const csvSafe = text => (/^[=+\-@]/.test(text) && text !== "-" && !/^[+\-][0-9][0-9.,]*\s?%?$/.test(text) ? "'" : "") + text;
// 1.150 is read as 1,15 by a spreadsheet set to another country: thousands stand without their points.
const csvPlain = document.documentElement.lang === "en"
  ? text => (/^[+\-−]?\d{1,3}(,\d{3})+(\.\d+)?%?$/.test(text) ? text.replace(/,/g, "") : text)
  : text => (/^[+\-−]?\d{1,3}(\.\d{3})+(,\d+)?%?$/.test(text) ? text.replace(/\./g, "") : text);
const csvCell = text => `"${csvSafe(csvPlain(text)).replace(/"/g, '""')}"`;
const csvPlainName = text => text.replace(/[đĐ]/g, "d").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
  .replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
// A long name is cut between words and keeps its day, which tells one file from the next.
const csvDay = /-(\d{4}-\d\d-\d\d|\d{1,2}-(\d{1,2}|[a-z]+)-\d{4})(?=-|$)/g;
const csvName = text => {
  const name = csvPlainName(text), day = [...name.matchAll(csvDay)].at(-1);
  if (name.length <= 80) return name;
  const end = day?.[0] ?? "", room = 80 - end.length;
  const head = name.slice(0, Math.min(day?.index ?? name.length, room + 1));
  return (head.length > room ? head.slice(0, Math.max(head.lastIndexOf("-"), 0) || room) : head) + end;
};
for (const table of document.querySelectorAll("table.office")) {
  const unit = csvText(table.caption?.querySelector(".unit"));
  const title = csvText(table.caption).slice(0, unit ? -unit.length : undefined).trim() || csvText(document.querySelector("h1"));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "csv";
  button.textContent = csvWords;
  button.setAttribute("aria-label", `${csvWords}: ${title}`);
  button.addEventListener("click", () => {
    const shown = [...table.rows].filter(row => !row.hidden).map(row => [...row.cells].map(csvText));
    const lines = [[title], ...(unit ? [[unit]] : []), ...shown].map(cells => cells.map(csvCell).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = `${csvName(location.pathname.split("/").pop().replace(/\.html$/, ""))}_${csvName(title)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  table.parentElement.after(button);
}
