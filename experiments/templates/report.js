"use strict";
// Click on a heading sorts by that column; numbers by data-value where given, "inf" last when ascending.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const parse = (text) => (text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text));
      const numeric = head.classList.contains("n");
      const compare = (a, b) => {
        if (!numeric) return value(a).localeCompare(value(b));
        const x = parse(value(a)), y = parse(value(b));
        return x === y ? 0 : x < y ? -1 : 1;
      };
      const rows = [...table.tBodies[0].rows].sort(compare);
      table.tBodies[0].append(...(down ? rows.reverse() : rows));
    });
  });
}
