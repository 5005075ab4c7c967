"use strict";
// Tables that sort, filter and page. Text reaches the page as text nodes only.

const DATA = JSON.parse(document.getElementById("data").textContent);
const PAGE_ROWS = 50;
const MINUS = "\u2212";

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function timeText(ms) {
  if (ms === null) return "";
  const text = new Date(ms).toISOString().replace("T", " ").slice(0, 23);
  return text.endsWith(".000") ? text.slice(0, 19) : text;
}

// Making a format is slow, using one is not.
const FORMATS = Array.from({ length: 9 }, (_, digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

function numberText(value, digits) {
  return value === null ? "" : FORMATS[digits].format(value).replace("-", MINUS);
}

function decimals(value) {
  const text = Math.abs(value).toFixed(8).replace(/0+$/, "");
  return text.length - text.indexOf(".") - 1;
}

function isNumeric(column) { return column.kind === "number" || column.kind === "signed"; }

// "> 5", "<= 2", "10..20" and "= 3" compare; anything else is looked for in the text.
function numberTest(query) {
  const range = query.match(/^(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)$/);
  if (range) return (value) => value !== null && value >= Number(range[1]) && value <= Number(range[2]);
  const compared = query.match(/^(>=|<=|>|<|=)\s*(-?[\d.]+)$/);
  if (!compared) return (value) => value !== null && String(value).includes(query.replaceAll(",", ""));
  const limit = Number(compared[2]);
  const tests = { ">": (v) => v > limit, "<": (v) => v < limit, ">=": (v) => v >= limit, "<=": (v) => v <= limit, "=": (v) => v === limit };
  return (value) => value !== null && tests[compared[1]](value);
}

function columnTest(column, query) {
  if (column.kind === "choice") return (value) => value === query;
  if (isNumeric(column)) return numberTest(query.replaceAll(MINUS, "-"));
  const wanted = query.toLowerCase();
  if (column.kind === "time") return (value) => timeText(value).includes(wanted);
  return (value) => value.toLowerCase().includes(wanted);
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === "") return 1;
  if (b === null || b === "") return -1;
  return a < b ? -1 : 1;
}

class DataTable {
  constructor(place, name, table) {
    this.name = name;
    this.columns = table.columns;
    this.count = table.count;
    this.queries = this.columns.map(() => "");
    this.search = "";
    this.sorted = null;
    this.page = 0;
    this.texts = null;
    this.build(place, table.constants);
    this.update();
  }

  build(place, constants) {
    const search = element("input", { type: "search", placeholder: "Search all columns", ariaLabel: `Search ${this.name}` });
    search.addEventListener("input", () => { this.search = search.value.trim().toLowerCase(); this.updateSoon(); });
    const said = Object.entries(constants).map(([label, value]) => `${label} ${value}`).join(" · ");
    this.state = element("span", { className: "state", role: "status" });
    place.append(element("div", { className: "find" }, search, element("span", { className: "constants" }, said), this.state));
    this.headers = this.columns.map((column, index) => this.header(column, index));
    this.body = element("tbody");
    const filters = element("tr", {}, ...this.columns.map((column, index) => element("th", {}, this.filter(column, index))));
    const head = element("thead", {}, element("tr", {}, ...this.headers), filters);
    this.scroll = element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: `Table of ${this.name}` });
    this.scroll.append(element("table", {}, head, this.body));
    place.append(this.scroll, this.pager());
  }

  header(column, index) {
    const button = element("button", { type: "button" }, column.label);
    button.addEventListener("click", () => this.sortBy(index));
    const cell = element("th", { scope: "col", className: isNumeric(column) ? "right" : "" }, button);
    cell.setAttribute("aria-sort", "none");
    return cell;
  }

  filter(column, index) {
    const field = column.kind === "choice" ? this.choices(column) : element("input", { type: "text" });
    if (isNumeric(column)) field.placeholder = "> 0";
    field.ariaLabel = `Filter ${column.label}`;
    field.addEventListener("input", () => { this.queries[index] = field.value.trim(); this.updateSoon(); });
    return field;
  }

  choices(column) {
    const values = [...new Set(column.values)].sort();
    return element("select", {}, element("option", { value: "" }, "all"), ...values.map((value) => element("option", { value }, value || "none")));
  }

  pager() {
    this.previous = element("button", { type: "button", ariaLabel: "Previous page" }, "←");
    this.next = element("button", { type: "button", ariaLabel: "Next page" }, "→");
    this.where = element("span");
    const csv = element("button", { type: "button" }, "Save as CSV");
    this.previous.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
    csv.addEventListener("click", () => this.save());
    const buttons = element("span", { className: "buttons" }, this.previous, this.next);
    return element("div", { className: "pages" }, element("span", { className: "buttons csv" }, csv), this.where, buttons);
  }

  sortBy(index) {
    const descending = this.sorted?.index === index && !this.sorted.descending;
    this.sorted = { index, descending };
    this.headers.forEach((cell, at) => cell.setAttribute("aria-sort", at !== index ? "none" : descending ? "descending" : "ascending"));
    this.update();
  }

  turn(by) {
    this.page += by;
    this.draw();
    this.scroll.scrollTop = 0;
  }

  updateSoon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.update(), 120);
  }

  update() {
    this.rows = this.found();
    if (this.sorted) {
      const { index, descending } = this.sorted;
      const values = this.columns[index].values;
      const sign = descending ? -1 : 1;
      this.rows.sort((a, b) => sign * compare(values[a], values[b]) || a - b);
    }
    this.page = 0;
    this.draw();
  }

  found() {
    const tests = this.columns.flatMap((column, index) => {
      const query = this.queries[index];
      if (!query) return [];
      const test = columnTest(column, query);
      return [(row) => test(column.values[row])];
    });
    if (this.search) tests.push((row) => this.text(row).includes(this.search));
    const rows = [];
    for (let row = 0; row < this.count; row++) if (tests.every((test) => test(row))) rows.push(row);
    return rows;
  }

  text(row) {
    this.texts ??= new Array(this.count);
    return this.texts[row] ??= this.columns
      .map(({ kind, values }) => (kind === "time" ? timeText(values[row]) : values[row] ?? ""))
      .join("\n").toLowerCase();
  }

  draw() {
    const from = this.page * PAGE_ROWS;
    const shown = this.rows.slice(from, from + PAGE_ROWS);
    const digits = this.columns.map((column) =>
      isNumeric(column) ? shown.reduce((most, row) => Math.max(most, decimals(column.values[row] ?? 0)), 0) : 0);
    this.body.replaceChildren(...shown.map((row) => element("tr", {}, ...this.columns.map((column, index) => this.cell(column, row, digits[index])))));
    const total = this.count.toLocaleString("en-US"), found = this.rows.length.toLocaleString("en-US");
    this.state.textContent = this.rows.length === this.count ? "" : `${found} of ${total} rows`;
    this.where.textContent = shown.length ? `${(from + 1).toLocaleString("en-US")}–${(from + shown.length).toLocaleString("en-US")} of ${found}` : "no rows";
    this.previous.disabled = this.page === 0;
    this.next.disabled = from + PAGE_ROWS >= this.rows.length;
  }

  cell(column, row, digits) {
    const value = column.values[row];
    if (isNumeric(column)) {
      const tone = column.kind !== "signed" ? "" : value > 0 ? " up" : value < 0 ? " down" : " soft";
      return element("td", { className: `right${tone}` }, numberText(value, digits));
    }
    if (column.kind === "time") return element("td", {}, value === null ? "" : this.timeButton(value));
    const cell = element("td", { className: column.label === "message" || column.label === "data" || column.label === "intents" ? "wide" : "" }, value);
    if (column.label === "side") cell.className = value === "Buy" ? "up" : "down";
    if (column.label === "level") cell.className = `level-${value.toUpperCase()}`;
    return cell;
  }

  timeButton(time) {
    const button = element("button", { type: "button", title: "Show in the charts" }, timeText(time));
    button.addEventListener("click", () => document.dispatchEvent(new CustomEvent("show-time", { detail: time })));
    return button;
  }

  save() {
    // A leading =, +, - or @ would be a formula in a spreadsheet.
    const quoted = (text) => (/^[=+\-@]/.test(text) ? `"'${text.replaceAll('"', '""')}"` : `"${text.replaceAll('"', '""')}"`);
    const write = ({ kind, values }, row) => (values[row] === null ? "" : typeof values[row] === "number" && kind !== "time" ? values[row] : quoted(kind === "time" ? timeText(values[row]) : values[row]));
    const lines = this.rows.map((row) => this.columns.map((column) => write(column, row)).join(","));
    const text = [this.columns.map(({ label }) => quoted(label)).join(","), ...lines].join("\r\n");
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `${this.name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

for (const place of document.querySelectorAll("[data-table]")) {
  new DataTable(place, place.dataset.table, DATA.tables[place.dataset.table]);
}

for (const section of document.querySelectorAll("main > section[id]")) {
  const title = section.id === "charts" ? "Charts" : section.querySelector("h2").firstChild.textContent.trim();
  document.getElementById("links").append(element("a", { href: `#${section.id}` }, title));
}
