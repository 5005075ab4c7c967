// The charts: one figure, so that every panel zooms with the others. What lies in the window is thinned to what a screen
// resolves, and again at every zoom, so that a close look always finds the single fill.

const MOST_POINTS = 1200;
const MOST_FILLS = 800;
const MOST_RESTING = 1500;
const PHONE = 640;
const SPANS = [["5m", 3e5], ["15m", 9e5], ["1h", 36e5], ["6h", 216e5], ["1d", 864e5], ["7d", 6048e5], ["30d", 2592e6], ["90d", 7776e6]];
const chart = document.getElementById("chart");
const whole = [Math.min(DATA.from, DATA.times[0] ?? DATA.from), Math.max(DATA.to, DATA.times.at(-1) ?? DATA.to)];
const view = { range: [...whole], fills: true, resting: true, thinned: [] };

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const column = (table, label) => DATA.tables[table]?.columns.find((one) => one.label === label)?.values;
const constant = (table, label) => DATA.tables[table]?.constants[label] ?? "";

// The first index whose time is not before `time`.
function indexAt(time) {
  let low = 0, high = DATA.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (DATA.times[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}

// One index more on each side, so that lines leave the window instead of ending in it.
function windowIndexes() {
  return [Math.max(indexAt(view.range[0]) - 1, 0), Math.min(indexAt(view.range[1]) + 2, DATA.times.length)];
}

// The lowest and highest of each stretch, in order: a thinned line keeps every spike.
function thin(values, [from, to]) {
  const kept = [];
  const stretch = Math.max(1, Math.ceil((2 * (to - from)) / MOST_POINTS));
  for (let start = from; start < to; start += stretch) {
    let low = -1, high = -1;
    for (let at = start; at < Math.min(start + stretch, to); at++) {
      if (values[at] === null) continue;
      if (low < 0 || values[at] < values[low]) low = at;
      if (high < 0 || values[at] > values[high]) high = at;
    }
    if (low < 0) kept.push(start);
    else if (low === high) kept.push(low);
    else kept.push(Math.min(low, high), Math.max(low, high));
  }
  return kept;
}

function line(values, indexes, axis, more) {
  const kept = thin(values, indexes);
  return { type: "scatter", mode: "lines", x: kept.map((at) => DATA.times[at]), y: kept.map((at) => values[at]), xaxis: "x", yaxis: axis, hoverinfo: "skip", ...more };
}

function extent(...lists) {
  let low = Infinity, high = -Infinity;
  for (const list of lists) for (const value of list) {
    if (value === null || value === undefined) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [-1, 1] : [low, high];
}

function padded([low, high], share = 0.08) {
  const pad = (high - low) * share || Math.abs(high) * 0.001 || 1;
  return [low - pad, high + pad];
}

// At most `most` of the rows, evenly spread; says so in the note below the charts.
function capped(rows, most, what) {
  if (rows.length <= most) return rows;
  view.thinned.push(`${most.toLocaleString("en-US")} of the ${rows.length.toLocaleString("en-US")} ${what}`);
  return Array.from({ length: most }, (_, at) => rows[Math.floor((at * rows.length) / most)]);
}

const inside = (time) => time >= view.range[0] && time <= view.range[1];

function equityPanel() {
  const indexes = windowIndexes();
  const draw = (axis) => {
    const main = line(DATA.total, indexes, axis, { line: { color: color("accent"), width: 2 } });
    const held = DATA.held.length ? [line(DATA.held, indexes, axis, { line: { color: color("held"), width: 1.2, dash: "dot" } })] : [];
    return { traces: [...held, main], range: padded(extent(main.y, ...held.map((one) => one.y))) };
  };
  const title = `Equity <span style="color:${color("soft")}">${plain(DATA.currency)}</span>` + (DATA.held.length ? key("held", "┈ deposits alone") : "");
  return { title, height: 200, draw, tickformat: ",~f" };
}

function drawdownPanel() {
  const draw = (axis) => {
    const trace = line(DATA.drawdown, windowIndexes(), axis, { fill: "tozeroy", fillcolor: color("shade-down"), line: { color: color("down"), width: 1.2 } });
    return { traces: [trace], range: [Math.min(extent(trace.y)[0] * 1.15, -1e-5), 0] };
  };
  return { title: "Drawdown", height: 84, draw, tickformat: "~%" };
}

function pricePanel(market) {
  const draw = (axis) => {
    const indexes = windowIndexes();
    const edge = { width: 0 };
    const low = line(market.low, indexes, axis, { line: edge });
    const high = line(market.high, indexes, axis, { line: edge, fill: "tonexty", fillcolor: color("band") });
    const mid = line(market.mid, indexes, axis, { line: { color: color("accent"), width: 1.3 } });
    const fills = view.fills ? fillMarkers(market, axis) : [];
    const range = padded(extent(low.y, high.y, mid.y, ...fills.map((one) => one.y)), 0.12);
    const resting = view.resting ? restingLines(market, axis, range) : [];
    return { traces: [low, high, ...resting, mid, ...fills], range };
  };
  const title = `${plain(market.name)}` + key("accent", "━ mid") + key("up", "▲ buy") + key("down", "▼ sell") + key("up", "─") + key("down", "─", "") + ` <span style="color:${color("soft")}">resting</span>`;
  return { title, height: 360, draw, tickformat: ",~f" };
}

function key(name, text, gap = "   ") { return `${gap}<span style="color:${color(name)}">${text}</span>`; }

function fillMarkers(market, axis) {
  const times = column("fills", "time"), sides = column("fills", "side"), prices = column("fills", "price");
  const rows = capped(market.fills.filter((row) => inside(times[row])), MOST_FILLS, `fills of ${market.sym}`);
  return [["Buy", "up", "triangle-up"], ["Sell", "down", "triangle-down"]].map(([side, name, symbol]) => {
    const mine = rows.filter((row) => sides[row] === side);
    return {
      type: "scatter", mode: "markers", x: mine.map((row) => times[row]), y: mine.map((row) => prices[row]), xaxis: "x", yaxis: axis, name: side,
      text: mine.map(fillText), hovertemplate: "%{text}<extra></extra>",
      marker: { symbol, size: mine.length > 300 ? 7 : 10, color: color(name), line: { color: color("panel"), width: 1 } },
    };
  });
}

function fillText(row) {
  const of = (label) => column("fills", label)?.[row] ?? constant("fills", label);
  const money = (label) => { const value = of(label); return value === "" || value === null ? "0" : numberText(value, Math.min(decimals(value), 8)); };
  return [
    `<b>${plain(of("side"))} ${money("size")} at ${money("price")}</b>`,
    timeText(of("time")),
    `P&amp;L ${money("P&L")} ${plain(of("P&L in"))}`,
    `fee ${money("fee")} ${plain(of("fee in"))} (${plain(of("liquidity"))})`,
    `position ${money("position")}`,
    `order ${plain(of("order"))}`,
  ].join("<br>");
}

// Orders far from the price are cut at the panel's edge rather than flattening the price.
function restingLines(market, axis, range) {
  const all = market.resting;
  if (!all.row) return [];
  const sides = column("orders", "side");
  let [low, high] = range;
  const most = (high - low) * 0.3;
  const rows = [];
  for (let at = 0; at < all.row.length; at++) if (all.to[at] >= view.range[0] && all.from[at] <= view.range[1]) rows.push(at);
  for (const at of rows) {
    if (all.price[at] >= range[0] - most && all.price[at] < low) low = all.price[at] - most / 20;
    if (all.price[at] <= range[1] + most && all.price[at] > high) high = all.price[at] + most / 20;
  }
  range[0] = low;
  range[1] = high;
  const drawn = capped(rows, MOST_RESTING, `resting orders of ${market.sym}`);
  return [["Buy", "rest-up"], ["Sell", "rest-down"]].map(([side, name]) => {
    const mine = drawn.filter((at) => sides[all.row[at]] === side);
    return {
      type: "scatter", mode: "lines", xaxis: "x", yaxis: axis, hoverinfo: "skip", connectgaps: false,
      line: { color: color(name), width: rows.length > 600 ? 1 : 1.6 },
      x: mine.flatMap((at) => [Math.max(all.from[at], whole[0]), all.to[at], null]), y: mine.flatMap((at) => [all.price[at], all.price[at], null]),
    };
  });
}

function positionPanel(market) {
  const draw = (axis) => {
    const traces = Object.values(market.positions).map((sizes, at) =>
      line(sizes, windowIndexes(), axis, { line: { shape: "hv", color: color(at % 2 ? "held" : "accent"), width: 1.3 }, fill: "tozeroy", fillcolor: color("band") }));
    return { traces, range: padded(extent([0], ...traces.map((one) => one.y)), 0.12) };
  };
  const names = Object.keys(market.positions);
  return { title: `Position <span style="color:${color("soft")}">${plain(names.join(", "))}</span>`, height: 96, draw, tickformat: "~s" };
}

function pnlPanel() {
  const { length, starts, pnl } = DATA.periods;
  const draw = (axis) => {
    const rows = starts.map((_, at) => at).filter((at) => starts[at] + length >= view.range[0] && starts[at] <= view.range[1]);
    const trace = {
      type: "bar", x: rows.map((at) => starts[at] + length / 2), y: rows.map((at) => pnl[at]), width: length * 0.86, xaxis: "x", yaxis: axis,
      text: rows.map((at) => `${timeText(starts[at]).slice(0, 16)}<br>${numberText(pnl[at], 2)} ${plain(DATA.currency)}`), textposition: "none", hovertemplate: "%{text}<extra></extra>",
      marker: { color: rows.map((at) => color(pnl[at] < 0 ? "down" : "up")), line: { width: 0 } },
    };
    return { traces: [trace], range: padded(extent([0], trace.y)) };
  };
  return { title: `P&amp;L by ${length < 864e5 ? "hour" : "day"} <span style="color:${color("soft")}">${plain(DATA.currency)}</span>`, height: 110, draw, tickformat: "~s" };
}

function panels() {
  const markets = DATA.markets.flatMap((market) => [pricePanel(market), ...(Object.keys(market.positions).length ? [positionPanel(market)] : [])]);
  return [equityPanel(), drawdownPanel(), ...markets, pnlPanel()];
}

function figure() {
  view.thinned = [];
  const isPhone = chart.clientWidth < PHONE, gap = 34, margin = { l: 4, r: isPhone ? 48 : 64, t: 26, b: 30 };
  const all = panels();
  const inner = all.reduce((sum, panel) => sum + panel.height, 0) + gap * (all.length - 1);
  const layout = {
    height: inner + margin.t + margin.b, margin, showlegend: false, hovermode: "closest", hoverdistance: 24, dragmode: isPhone ? false : "zoom", bargap: 0,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", annotations: [],
    font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: color("soft") },
    hoverlabel: { bgcolor: color("panel"), bordercolor: color("line"), align: "left", font: { family: getComputedStyle(document.body).fontFamily, color: color("ink"), size: 12 } },
    xaxis: { type: "date", range: view.range.map((time) => new Date(time).toISOString()), gridcolor: color("line"), zeroline: false, showspikes: true, spikemode: "across", spikesnap: "cursor", spikethickness: 1, spikedash: "solid", spikecolor: color("held"), nticks: isPhone ? 5 : 12, anchor: all.length > 1 ? `y${all.length}` : "y" },
  };
  const data = [];
  let top = inner;
  all.forEach((panel, at) => {
    const name = at ? `y${at + 1}` : "y";
    const drawn = panel.draw(name);
    data.push(...drawn.traces);
    const domain = [(top - panel.height) / inner, top / inner];
    layout[`yaxis${at ? at + 1 : ""}`] = { domain, range: drawn.range, side: "right", fixedrange: true, gridcolor: color("line"), zerolinecolor: color("line"), tickformat: panel.tickformat, nticks: Math.max(4, Math.round(panel.height / 30)), anchor: "x", ticks: "outside", ticklen: 5, tickcolor: "rgba(0,0,0,0)" };
    layout.annotations.push({ text: `<b>${panel.title.split(" <span")[0].split("   ")[0]}</b>${panel.title.slice(panel.title.split(" <span")[0].split("   ")[0].length)}`, xref: "paper", yref: "paper", x: 0, y: domain[1], xanchor: "left", yanchor: "bottom", yshift: 3, showarrow: false, align: "left", font: { size: 12, color: color("ink") } });
    top -= panel.height + gap;
  });
  return { data, layout };
}

function draw() {
  const { data, layout } = figure();
  const note = document.getElementById("drawn");
  note.textContent = view.thinned.length ? `Drawn here: ${view.thinned.join(", ")} in this window. Zoom in to see every one; the tables hold them all.` : "";
  document.querySelectorAll("#spans button").forEach((button) => button.setAttribute("aria-pressed", Math.abs(view.range[1] - view.range[0] - Number(button.dataset.span)) < 1));
  return Plotly.react(chart, data, layout, { displayModeBar: false, responsive: true, doubleClick: false, showTips: false });
}

function show(from, to) {
  const length = Math.min(Math.max(to - from, 1000), whole[1] - whole[0]);
  const start = Math.min(Math.max((from + to - length) / 2, whole[0]), whole[1] - length);
  view.range = [start, start + length];
  draw();
}

function showAround(time, length = view.range[1] - view.range[0]) { show(time - length / 2, time + length / 2); }

function spanButtons() {
  const length = whole[1] - whole[0];
  const spans = [...SPANS.filter(([, span]) => span < length * 0.9).slice(-4), ["All", length]];
  for (const [label, span] of spans) {
    const button = element("button", { type: "button" }, label);
    button.dataset.span = span;
    button.addEventListener("click", () => showAround((view.range[0] + view.range[1]) / 2, span));
    document.getElementById("spans").append(button);
  }
}

function readout(event) {
  const area = chart._fullLayout?._size;
  if (!area || !DATA.times.length) return;
  const share = (event.clientX - chart.getBoundingClientRect().left - area.l) / area.w;
  if (share < 0 || share > 1) return;
  const time = view.range[0] + share * (view.range[1] - view.range[0]);
  const at = Math.min(indexAt(time), DATA.times.length - 1);
  const items = [["", timeText(Math.round(time / 1000) * 1000)], ["equity", numberText(DATA.total[at], 2)], ["drawdown", `${numberText(DATA.drawdown[at] * 100, 2)} %`]];
  for (const market of DATA.markets) {
    if (market.mid.length) items.push([market.sym, numberText(market.mid[at], market.mid[at] === null ? 0 : Math.min(decimals(market.mid[at]), 6))]);
    for (const sizes of Object.values(market.positions)) items.push(["position", numberText(sizes[at], Math.min(decimals(sizes[at]), 6))]);
  }
  document.getElementById("readout").replaceChildren(...items.map(([label, value]) => element("span", {}, label ? `${label} ` : "", element("b", {}, value))));
}

function listen() {
  chart.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    if (from !== undefined) show(...[from, to].map((time) => (typeof time === "number" ? time : Date.parse(`${time.replace(" ", "T").replace("Z", "")}Z`))));
  });
  chart.on("plotly_doubleclick", () => show(...whole));
  chart.addEventListener("mousemove", readout);
  for (const button of document.querySelectorAll("[data-move]")) button.addEventListener("click", () => {
    const by = Number(button.dataset.move) * (view.range[1] - view.range[0]);
    show(view.range[0] + by, view.range[1] + by);
  });
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () =>
    showAround((view.range[0] + view.range[1]) / 2, Number(button.dataset.zoom) * (view.range[1] - view.range[0])));
  for (const box of document.querySelectorAll("[data-show]")) box.addEventListener("change", () => { view[box.dataset.show] = box.checked; draw(); });
  document.addEventListener("show-time", ({ detail }) => {
    showAround(detail, Math.min(view.range[1] - view.range[0], Math.max((whole[1] - whole[0]) / 24, 6e4)));
    document.getElementById("charts").scrollIntoView({ behavior: "smooth" });
  });
  window.matchMedia(`(max-width: ${PHONE}px)`).addEventListener("change", draw);
}

// Where the browser keeps nothing for local files, the choice lasts as long as the page.
function stored(theme) {
  try {
    if (theme) localStorage.setItem("ticklink-theme", theme);
    return theme ?? localStorage.getItem("ticklink-theme");
  } catch { return theme ?? null; }
}

function useTheme(theme) { document.documentElement.dataset.theme = theme; }

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
useTheme(stored() ?? (systemDark.matches ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => {
  useTheme(stored(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  if (window.Plotly) draw();
});
systemDark.addEventListener("change", () => {
  if (stored()) return;
  useTheme(systemDark.matches ? "dark" : "light");
  if (window.Plotly) draw();
});

async function loadPlotly() {
  const packed = document.getElementById("plotly");
  const letters = atob(packed.textContent);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = element("script", { textContent: text });
  script.nonce = document.currentScript?.nonce ?? document.querySelector("script[nonce]").nonce;
  packed.replaceWith(script);
}

async function start() {
  if (!("DecompressionStream" in window)) {
    chart.textContent = "The charts need a browser of 2023 or later.";
    return;
  }
  await loadPlotly();
  spanButtons();
  await draw();
  listen();
  chart.dataset.ready = "yes";
}

start();
