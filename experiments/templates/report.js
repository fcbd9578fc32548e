"use strict";
// The page: tables that sort, filters that reach every table and figure, and figures drawn from the numbers in #data.
const SVG = "http://www.w3.org/2000/svg";
const holder = document.getElementById("data");
const data = holder ? JSON.parse(holder.textContent) : { methods: [], problems: {}, figures: {} };
const order = new Map(data.methods.map((method, index) => [method.name, index]));
const off = { method: new Set(), family: new Set(), n: new Set(), group: new Set() };
const DOTS = { o: "M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0Z", s: "M-2.7,-2.7h5.4v5.4h-5.4Z", "^": "M0,-3.4L3.2,2.6H-3.2Z",
  v: "M0,3.4L3.2,-2.6H-3.2Z", D: "M0,-3.6L3.6,0L0,3.6L-3.6,0Z", "<": "M-3.4,0L2.6,3.2V-3.2Z", ">": "M3.4,0L-2.6,3.2V-3.2Z" };

// --- numbers as text
const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (e) => (e === 0 ? "1" : e === 1 ? "10" : e === 2 ? "100" : e === -1 ? "0.1"
  : "10" + (e < 0 ? "⁻" : "") + [...String(Math.abs(e))].map((d) => POWERS[d]).join(""));
const number = (v) => (v === null || v === undefined ? "–" : v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3
  ? v.toExponential(2) : String(Number(v.toPrecision(3))));

// --- tables
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

// --- what is shown
const methodOn = (name) => !off.method.has(name);
const problemOn = (name) => {
  const facts = data.problems[name];
  return !facts || !(off.family.has(facts.family) || off.n.has(String(facts.n)) || off.group.has(facts.group));
};
const panelOn = (panel) => (!panel.problem || problemOn(panel.problem)) && (!panel.family || !off.family.has(panel.family))
  && (!panel.methods || panel.methods.every(methodOn)) && (!panel.problems || panel.problems.some(problemOn));

function tag(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function ticks(low, high, log, most) {
  if (log) {
    const a = Math.ceil(Math.log10(low) - 1e-9), b = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((b - a + 1) / most));
    if (b - a >= 1) return Array.from({ length: Math.floor((b - a) / step) + 1 }, (_, k) => a + k * step).map((e) => [10 ** e, power(e)]);
    const found = [];
    for (let e = a - 1; e <= b; e++) for (const m of [1, 2, 5]) if (m * 10 ** e >= low && m * 10 ** e <= high) found.push(m * 10 ** e);
    const words = (v) => { const e = Math.floor(Math.log10(v) + 1e-9); return v < 1e4 ? number(v) : v === 10 ** e ? power(e) : `${Math.round(v / 10 ** e)}·${power(e)}`; };
    return found.map((v) => [v, words(v)]);
  }
  const raw = (high - low) / most || 1, size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * size).find((s) => s >= raw * 0.999);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) found.push(v);
  return found.map((v) => [v, String(Number(v.toPrecision(6)))]);
}

// Series of a panel with their own x and y. Where there are parts, the mean over the problems that are shown: these are
// resampled apart from each other, so that the variance of the mean is the sum of theirs over their number squared.
function seriesOf(panel) {
  const source = panel.of ? data.figures[panel.of][0] : panel;
  const shown = panel.kind === "mean" ? (panel.problems || Object.keys(data.problems)).filter(problemOn) : [];
  const sum = (parts, i, power) => shown.reduce((total, name) => total + (parts[name] ? parts[name][i] ** power : 0), 0);
  return (source.series || []).filter((s) => methodOn(s.m)).map((s) => {
    if (panel.kind !== "mean") return { ...s, x: s.x || panel.x };
    const y = panel.x.map((_, i) => (shown.length ? sum(s.parts, i, 1) / shown.length : null));
    const half = panel.x.map((_, i) => (shown.length ? (1.96 * Math.sqrt(sum(s.deviations, i, 2))) / shown.length : 0));
    const lo = y.map((v, i) => (v === null ? null : Math.max(0, v - half[i]))), hi = y.map((v, i) => (v === null ? null : Math.min(1, v + half[i])));
    return { m: s.m, x: panel.x, y, lo, hi, end: (panel.ends || {})[s.m] };
  });
}

// Lines of published algorithms behind the methods: the mean over the problems that are shown.
function referencesOf(panel) {
  const source = panel.of ? data.figures[panel.of][0] : panel, shown = (panel.problems || Object.keys(data.problems)).filter(problemOn);
  if (panel.kind !== "mean" || !shown.length) return [];
  return (source.references || []).map((r) => ({ ...r, y: panel.x.map((_, i) => shown.reduce((t, name) => t + (r.parts[name] ? r.parts[name][i] : 0), 0) / shown.length) }));
}

function frame(figure, panel, width, height) {
  const svg = tag("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${panel.title}; ${panel.ylabel} against ${panel.xlabel}` });
  const box = { left: 54, right: width - 12, top: 26, bottom: height - 40 };
  const room = Math.floor((width - 66) / 7.2);
  const title = panel.title.length > room ? panel.title.slice(0, room - 1) + "…" : panel.title;
  tag("title", {}, svg, panel.title);
  tag("text", { x: box.left, y: 15, class: "head" }, svg, title);
  return { svg, box };
}

function axes(svg, box, panel, x, y) {
  const scale = (range, a, b, log) => {
    const f = log ? Math.log10 : (v) => v, low = f(range[0]), high = f(range[1]);
    return (v) => a + ((f(v) - low) / (high - low || 1)) * (b - a);
  };
  const X = scale(x, box.left, box.right, panel.xlog), Y = scale(y, box.bottom, box.top, panel.ylog);
  const wide = box.right - box.left;
  const xt = panel.names ? panel.names.map((name, k) => [k, name]) : panel.xticks ? panel.xticks.map((v) => [v, String(v)]) : ticks(...x, panel.xlog, wide / 62);
  let free = -Infinity;
  for (const [v, text] of xt) {
    const at = X(v), half = text.length * 3.3;
    if (at < box.left - 1 || at > box.right + 1) continue;
    tag("line", { x1: at, x2: at, y1: box.top, y2: box.bottom, class: "grid" }, svg);
    if (at - half > free) { tag("text", { x: at, y: box.bottom + 14, class: "tick mid" }, svg, text); free = at + half + 4; }
  }
  for (const [v, text] of ticks(...y, panel.ylog, (box.bottom - box.top) / 34)) {
    tag("line", { x1: box.left, x2: box.right, y1: Y(v), y2: Y(v), class: "grid" }, svg);
    tag("text", { x: box.left - 6, y: Y(v) + 4, class: "tick end" }, svg, text);
  }
  tag("path", { d: `M${box.left},${box.top}V${box.bottom}H${box.right}`, class: "axis" }, svg);
  tag("text", { x: (box.left + box.right) / 2, y: box.bottom + 31, class: "name mid" }, svg, panel.xlabel);
  tag("text", { transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`, class: "name mid" }, svg, panel.ylabel);
  return [X, Y];
}

const span = (values, log) => {
  const known = values.filter((v) => v !== null && v !== undefined && (!log || v > 0));
  let low = Math.min(...known), high = Math.max(...known);
  if (!known.length) [low, high] = log ? [1, 10] : [0, 1];
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  return [low, high];
};

function drawLines(figure, panel, width, height) {
  const { svg, box } = frame(figure, panel, width, height);
  const series = seriesOf(panel);
  const xs = span(panel.kind === "mean" || panel.x ? panel.x : series.flatMap((s) => s.x), panel.xlog);
  const ys = panel.ylog ? span(series.flatMap((s) => [...s.y, ...(s.lo || []), ...(s.hi || [])]), true) : panel.kind === "mean" || /fraction/.test(panel.ylabel) ? [0, 1] : span(series.flatMap((s) => s.y), false);
  if (panel.ylog) { const pad = (ys[1] / ys[0]) ** 0.05; ys[0] /= pad; ys[1] *= pad; }
  if (series.some((s) => s.dots) && panel.xlog) { xs[0] /= 1.15; xs[1] *= 1.15; }
  const [X, Y] = axes(svg, box, panel, xs, ys);
  const good = (v) => v !== null && v !== undefined && (!panel.ylog || v > 0);
  for (const [k, reference] of referencesOf(panel).entries()) {
    tag("path", { d: "M" + panel.x.map((x, i) => `${X(x).toFixed(1)},${Y(reference.y[i]).toFixed(1)}`).join("L"), class: "reference", stroke: reference.color }, svg);
    if (width > 500) tag("text", { x: box.right - 4 - 84 * k, y: 15, class: "tick end", style: `fill: color-mix(in srgb, ${reference.color} 60%, var(--ink))` }, svg, reference.name);
  }
  for (const s of series) {
    const index = order.get(s.m), method = data.methods[index] || {}, group = tag("g", { class: `m m${index}`, "data-m": s.m }, svg);
    const last = s.end ?? s.x.length;
    if (s.lo && s.hi && !s.dots) {
      const up = [], down = [];
      s.x.forEach((x, i) => { if (i < last && good(s.lo[i]) && good(s.hi[i])) { up.push(`${X(x).toFixed(1)},${Y(s.hi[i]).toFixed(1)}`); down.unshift(`${X(x).toFixed(1)},${Y(s.lo[i]).toFixed(1)}`); } });
      if (up.length > 1) tag("path", { d: `M${up.join("L")}L${down.join("L")}Z`, class: "band" }, group);
    }
    if (s.lo && s.dots) s.x.forEach((x, i) => { if (good(s.y[i]) && good(s.lo[i])) tag("line", { x1: X(x), x2: X(x), y1: Y(s.lo[i]), y2: good(s.hi[i]) ? Y(Math.min(s.hi[i], ys[1])) : box.top, class: "bar" }, group); });
    if (s.dots && s.lo && /ERT/.test(panel.ylabel)) s.x.forEach((x, i) => {
      if (x === null || good(s.y[i])) return;
      const mark = tag("path", { d: DOTS[method.marker] || DOTS.o, transform: `translate(${X(x).toFixed(1)} ${box.top + 5})`, class: "dot hollow" }, group);
      tag("title", {}, mark, `${s.m} at ${panel.names ? panel.names[x] : number(x)}: no trial reached the target`);
    });
    const points = s.x.map((x, i) => (good(s.y[i]) ? [X(x), Y(s.y[i]), i] : null)).filter(Boolean);
    const path = (list) => "M" + list.map((p) => `${p[0].toFixed(1)},${p[1].toFixed(1)}`).join("L");
    const going = points.filter((p) => p[2] < last), rest = points.filter((p) => p[2] >= last - 1);
    if (going.length > 1) tag("path", { d: path(going), class: "line", "stroke-dasharray": method.dash || "none" }, group);
    if (rest.length > 1) tag("path", { d: path(rest), class: "line after" }, group);
    const step = s.dots ? 1 : Math.max(1, Math.floor(going.length / 5)), first = s.dots ? 0 : (index * 2) % step;
    going.filter((p, k) => k % step === first || (!s.dots && k === going.length - 1)).forEach((p) => tag("path", { d: DOTS[method.marker] || DOTS.o, transform: `translate(${p[0].toFixed(1)} ${p[1].toFixed(1)})`, class: "dot" }, group));
  }
  hover(svg, box, panel, series, X);
  return svg;
}

function drawScatter(figure, panel, width) {
  const { svg, box } = frame(figure, panel, width, width);
  const shown = panel.points.filter((p) => problemOn(p[0]));
  const range = span(shown.flatMap((p) => [p[2], p[3]]), true);
  range[0] /= 1.5;
  const edge = range[1] * 3;
  const [X, Y] = axes(svg, box, panel, [range[0], edge], [range[0], edge]);
  for (const f of [1, 10, 0.1]) tag("line", { x1: X(Math.max(range[0], range[0] / f)), y1: Y(Math.max(range[0], range[0] * f)), x2: X(Math.min(edge, edge / f)), y2: Y(Math.min(edge, edge * f)), class: f === 1 ? "axis" : "grid" }, svg);
  const group = tag("g", { class: `m m${order.get(panel.methods[1])}`, "data-m": panel.methods[1] }, svg);
  for (const [problem, target, x, y] of shown) {
    const dot = tag("circle", { cx: X(x ?? edge), cy: Y(y ?? edge), r: 2.4, class: "dot" }, group);
    tag("title", {}, dot, `${problem}, target ${number(target)}: ${number(x)} and ${number(y)} evaluations`);
  }
  return svg;
}

function drawCells(figure, panel, width, height) {
  const { svg, box } = frame(figure, { ...panel, ylabel: panel.ylabel }, width, height);
  const known = span(panel.cells.map((c) => c[2]), true).map(Math.log10);
  const w = (box.right - box.left) / panel.cols.length, h = (box.bottom - box.top) / panel.rows.length;
  const group = tag("g", { class: `m m${order.get(panel.methods[0])}`, "data-m": panel.methods[0] }, svg);
  const least = Math.min(...panel.cells.map((c) => c[2] ?? Infinity));
  for (const [x, y, value, hits] of panel.cells) {
    const i = panel.cols.indexOf(x), j = panel.rows.indexOf(y), good = value !== null;
    const part = good ? 1 - (Math.log10(value) - known[0]) / (known[1] - known[0] || 1) : 0;
    const cell = tag("rect", { x: box.left + i * w, y: box.bottom - (j + 1) * h, width: w - 1, height: h - 1, class: value === least ? "cell best" : "cell", "fill-opacity": good ? 0.08 + 0.85 * part : 0 }, group);
    tag("title", {}, cell, `${panel.xlabel} = ${x}, ${panel.ylabel} = ${y}: ${panel.measure} ${number(value)}, reached ${hits}`);
    if (w > 34 && h > 14) tag("text", { x: box.left + (i + 0.5) * w, y: box.bottom - (j + 0.5) * h + 4, class: "tick mid" }, svg, good ? number(value) : "–");
  }
  const every = Math.ceil(panel.cols.length / Math.max(1, (box.right - box.left) / 48));
  panel.cols.forEach((v, i) => { if (i % every === 0) tag("text", { x: box.left + (i + 0.5) * w, y: box.bottom + 14, class: "tick mid" }, svg, v.length > 7 ? Number(v) ? number(Number(v)) : v.slice(0, 6) + "…" : v); });
  panel.rows.forEach((v, j) => { if (h > 11) tag("text", { x: box.left - 5, y: box.bottom - (j + 0.5) * h + 4, class: "tick end" }, svg, v.length > 7 ? Number(v) ? number(Number(v)) : v.slice(0, 6) + "…" : v); });
  tag("text", { x: (box.left + box.right) / 2, y: box.bottom + 31, class: "name mid" }, svg, panel.xlabel);
  tag("text", { transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`, class: "name mid" }, svg, panel.ylabel);
  return svg;
}

// A line per setting across the axes of its parameters; the deeper the colour, the better the outcome.
function drawParallel(figure, panel, width, height) {
  const { svg, box } = frame(figure, panel, width, height);
  const count = panel.axes.length, left = 40, step = (width - 20 - left) / Math.max(1, count - 1), low = height - 58, top = 34;
  const X = (k) => left + k * step, Y = (v) => low - v * (low - top);
  const group = tag("g", { class: `m m${order.get(panel.methods[0])}`, "data-m": panel.methods[0] }, svg);
  const path = (line) => {
    let d = "";
    line.forEach((v, k) => {
      if (v === null) return;
      d += k && line[k - 1] !== null ? `C${X(k - 0.5).toFixed(1)},${Y(line[k - 1]).toFixed(1)} ${X(k - 0.5).toFixed(1)},${Y(v).toFixed(1)} ${X(k).toFixed(1)},${Y(v).toFixed(1)}` : `M${X(k).toFixed(1)},${Y(v).toFixed(1)}`;
    });
    return d;
  };
  const ranked = panel.lines.map((_, i) => i).filter((i) => i !== panel.best).sort((a, b) => panel.rank[a] - panel.rank[b]);
  for (const i of [...ranked, panel.best]) {
    const line = tag("path", { d: path(panel.lines[i]), class: i === panel.best ? "setting best" : "setting", "stroke-opacity": i === panel.best ? 1 : (0.12 + 0.75 * panel.rank[i] ** 1.5).toFixed(2) }, group);
    tag("title", {}, line, `${panel.names[i]}: ${panel.measure} ${panel.values[i] === null ? "∞" : number(panel.values[i])}`);
  }
  panel.axes.forEach((axis, k) => {
    tag("line", { x1: X(k), x2: X(k), y1: top - 4, y2: low + 4, class: "axis" }, svg);
    let free = Infinity;
    for (const [v, text] of [...axis.ticks].sort((a, b) => a[0] - b[0])) {
      if (Y(v) > free) continue;
      tag("line", { x1: X(k) - 4, x2: X(k), y1: Y(v), y2: Y(v), class: "axis" }, svg);
      tag("text", { x: X(k) - 6, y: Y(v) + 4, class: "tick end halo" }, svg, text.length > 9 ? text.slice(0, 8) + "…" : text);
      free = Y(v) - 11;
    }
    const most = Math.max(6, Math.floor(step / 6.6)), side = k === count - 1 ? "end" : k === 0 ? "" : "mid", at = k === count - 1 ? width - 2 : k === 0 ? 4 : X(k);
    tag("text", { x: at, y: low + 22, class: side }, svg, axis.name.length > most ? axis.name.slice(0, most - 1) + "…" : axis.name);
    tag("text", { x: at, y: low + 38, class: `name ${side}` }, svg, step > 74 ? axis.note : axis.note.replace("explains ", ""));
  });
  return svg;
}

// --- values under the pointer
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
function hover(svg, box, panel, series, X) {
  const rule = tag("line", { y1: box.top, y2: box.bottom, class: "rule", visibility: "hidden" }, svg);
  const leave = () => { rule.setAttribute("visibility", "hidden"); tip.hidden = true; };
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("pointermove", (event) => {
    const rect = svg.getBoundingClientRect(), px = ((event.clientX - rect.left) / rect.width) * svg.viewBox.baseVal.width;
    if (px < box.left || px > box.right || !series.length) return leave();
    let where = null;
    const lines = series.map((s) => {
      let best = 0;
      s.x.forEach((x, i) => { if (Math.abs(X(x) - px) < Math.abs(X(s.x[best]) - px)) best = i; });
      if (where === null || Math.abs(X(s.x[best]) - px) < Math.abs(X(where) - px)) where = s.x[best];
      const more = s.lo && s.lo[best] !== null && s.lo[best] !== undefined ? ` (${number(s.lo[best])} – ${s.hi[best] === null ? "∞" : number(s.hi[best])})` : "";
      return [s.m, s.y[best], `${number(s.y[best])}${more}`];
    }).sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity));
    rule.setAttribute("x1", X(where)); rule.setAttribute("x2", X(where)); rule.setAttribute("visibility", "visible");
    tip.replaceChildren();
    const head = document.createElement("b");
    head.textContent = `${panel.xlabel}: ${panel.names ? panel.names[where] : number(where)}`;
    tip.append(head);
    for (const [name, , text] of lines) {
      const row = document.createElement("div");
      row.className = `m${order.get(name)}`;
      row.textContent = `${name}: ${text}`;
      tip.append(row);
    }
    tip.hidden = false;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(4, left) + scrollX}px`;
    tip.style.top = `${event.clientY + 16 + scrollY}px`;
  });
}

// --- figures
function drawFigure(name) {
  const place = document.querySelector(`.panels[data-figure="${name}"]`);
  if (!place) return;
  const panels = data.figures[name].filter(panelOn);
  const full = place.clientWidth || 1000;
  place.classList.toggle("one", panels.length === 1);
  place.replaceChildren();
  const least = panels.some((panel) => panel.kind === "parallel") ? 520 : 270;
  const columns = Math.max(1, Math.min(4, panels.length, Math.floor(full / least)));
  const width = Math.max(250, Math.floor(panels.length === 1 ? Math.min(full, 860) : Math.min(560, (full - 12 * (columns - 1)) / columns)));
  const height = panels.length === 1 ? Math.max(280, Math.min(430, width * 0.6)) : Math.round(Math.max(210, width * (width > 330 ? 0.6 : 0.74)));
  for (const panel of panels) {
    const draw = { scatter: drawScatter, cells: drawCells, parallel: drawParallel }[panel.kind] || drawLines;
    place.append(draw(name, panel, width, height));
  }
  if (!panels.length) place.textContent = "Nothing is left to show: the filters leave all of it out.";
}
const drawAll = () => Object.keys(data.figures).forEach(drawFigure);

function refresh() {
  for (const row of document.querySelectorAll("tr[data-method], tr[data-problem]"))
    row.hidden = (row.dataset.method !== undefined && !methodOn(row.dataset.method)) || (row.dataset.problem !== undefined && !problemOn(row.dataset.problem));
  for (const cell of document.querySelectorAll("[data-column]")) cell.hidden = !methodOn(cell.dataset.column);
  for (const picture of document.querySelectorAll("[data-static]")) picture.hidden = off.method.size > 0;
  drawAll();
}

// --- filters
function chips(kind, names, look) {
  const place = document.querySelector(`.chips[data-kind="${kind}"]`);
  if (!place || names.length < 2) { if (place) place.parentElement.hidden = true; return; }
  for (const name of names) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.dataset.value = name;
    button.setAttribute("aria-pressed", "true");
    if (look) {
      const index = order.get(name), method = data.methods[index];
      button.className = `m m${index}`;
      const line = tag("svg", { viewBox: "0 0 34 12", width: 34, height: 12, "aria-hidden": "true" });
      tag("path", { d: "M0,6H34", class: "line", "stroke-dasharray": method.dash || "none" }, line);
      tag("path", { d: DOTS[method.marker] || DOTS.o, transform: "translate(17 6)", class: "dot" }, line);
      button.prepend(line);
    }
    const turn = (on) => { off[kind][on ? "delete" : "add"](name); button.setAttribute("aria-pressed", String(on)); };
    button.addEventListener("click", (event) => {
      if (event.altKey || event.detail === 3) for (const other of place.querySelectorAll("button[data-value]")) { const on = other === button; off[kind][on ? "delete" : "add"](other.dataset.value); other.setAttribute("aria-pressed", String(on)); }
      else turn(off[kind].has(name));
      refresh();
    });
    place.append(button);
  }
  const all = document.createElement("button");
  all.type = "button"; all.className = "all"; all.textContent = "all";
  all.addEventListener("click", () => { off[kind].clear(); place.querySelectorAll("button[data-value]").forEach((b) => b.setAttribute("aria-pressed", "true")); refresh(); });
  const none = document.createElement("button");
  none.type = "button"; none.className = "all"; none.textContent = "none";
  none.addEventListener("click", () => { names.forEach((name) => off[kind].add(name)); place.querySelectorAll("button[data-value]").forEach((b) => b.setAttribute("aria-pressed", "false")); refresh(); });
  place.append(all, none);
}
const facts = Object.values(data.problems);
const unique = (values) => [...new Set(values)];
chips("method", data.methods.map((m) => m.name), true);
chips("family", unique(facts.map((f) => f.family)));
chips("n", unique(facts.map((f) => f.n)).sort((a, b) => a - b).map(String));
chips("group", unique(facts.map((f) => f.group)).filter(Boolean));

// --- the numbers behind a figure, as CSV, made when they are asked for
for (const link of document.querySelectorAll("a.csv")) {
  link.addEventListener("click", () => {
    const rows = [["panel", "method", "x", "y", "low", "high"]];
    for (const panel of data.figures[link.dataset.figure]) {
      if (panel.points) for (const [problem, target, x, y] of panel.points) rows.push([panel.title, `${problem}, target ${target}`, x, y, "", ""]);
      else if (panel.cells) for (const [x, y, value, hits] of panel.cells) rows.push([panel.title, panel.methods[0], x, y, value, hits]);
      else if (panel.lines) panel.names.forEach((name, i) => rows.push([panel.title, panel.methods[0], name, panel.values[i], "", ""]));
      else for (const s of panel.kind === "mean" ? seriesOf(panel) : panel.series)
        (s.x || panel.x).forEach((x, i) => rows.push([panel.title, s.m, x, s.y[i], s.lo ? s.lo[i] : "", s.hi ? s.hi[i] : ""]));
    }
    const quote = (v) => (v === null || v === undefined ? "" : /[",\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : v);
    link.href = URL.createObjectURL(new Blob([rows.map((r) => r.map(quote).join(",")).join("\n") + "\n"], { type: "text/csv" }));
  });
}

drawAll();
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
addEventListener("beforeprint", () => document.querySelectorAll("details.picture").forEach((d) => { d.open = false; }));
