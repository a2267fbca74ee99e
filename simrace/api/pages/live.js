"use strict";
// What a stream tells is text and is never made HTML: it is written with textContent alone.
const SVG = "http://www.w3.org/2000/svg";
const status = document.getElementById("status");
const entry = document.getElementById("entry");
const cars = new Map(); // by stream: its element, and the points of its running and best lap
const KEPT = "simrace token";

function element(parent, name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}

function drawn(parent, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function say(text, isWrong) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("wrong", Boolean(isWrong));
}

function time(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(3).padStart(6, "0")}`;
}

function number(value, digits, unit) {
  return value === null || value === undefined ? "–" : `${Number(value).toFixed(digits)}${unit || ""}`;
}

function signed(value, unit) {
  return value === null || value === undefined ? "–" : `${value > 0 ? "+" : ""}${Number(value).toFixed(2)}${unit}`;
}

function figures(list, car) {
  const speed = car.points.length ? car.points.at(-1)[1] : null;
  const delta = car.told.delta_to_best_s;
  const rows = [
    ["Lap", number(car.told.lap_number, 0)],
    ["Time", time(car.told.lap_elapsed_s)],
    ["To the best", signed(delta, " s"), delta > 0 ? "behind" : delta < 0 ? "ahead" : ""],
    ["Speed", number(speed, 0, " km/h")],
    ["Best", time(car.told.personal_best_lap_time_s)],
    ["Last", time(car.told.last_lap_time_s)],
    ["Fuel", number(car.told.fuel_l, 1, " l")],
    ["Fuel lasts", number(car.told.fuel_left_laps, 1, " laps")],
    ["Place", number(car.told.place, 0)],
    ["Car ahead", car.told.gap_to_ahead_s === null
      ? number(car.told.gap_to_ahead_laps, 2, " laps") : signed(car.told.gap_to_ahead_s, " s")],
  ];
  list.replaceChildren();
  for (const [name, value, kind] of rows) {
    const pair = element(list, "div");
    element(pair, "dt", name);
    element(pair, "dd", value, kind);
  }
}

// Speed above, throttle and brake below; a gap where nothing is told.
function path(points, column, top, height, most) {
  let line = "";
  let pen = "M";
  for (const point of points) {
    if (point[column] === null) {
      pen = "M";
      continue;
    }
    line += `${pen}${(point[0] * 600).toFixed(1)} ${(top + height * (1 - Math.min(point[column] / most, 1))).toFixed(1)}`;
    pen = "L";
  }
  return line;
}

function trace(svg, car) {
  svg.replaceChildren();
  const fastest = Math.max(60, ...car.points.map((point) => point[1]), ...car.best.map((point) => point[1]));
  for (const [column, top, height, most] of [[1, 4, 92, fastest], [2, 104, 38, 1], [3, 150, 38, 1]]) {
    drawn(svg, "line", { class: "split", x1: 0, x2: 600, y1: top + height, y2: top + height });
    drawn(svg, "path", { class: "best", d: path(car.best, column, top, height, most) });
    drawn(svg, "path", { class: "now", d: path(car.points, column, top, height, most) });
  }
  const last = car.points.at(-1);
  svg.setAttribute("aria-label", last
    ? `Running lap: at ${number(100 * last[0], 0)} % of the lap ${number(last[1], 0)} km/h, throttle ${number(100 * last[2], 0)} %, brake ${number(100 * last[3], 0)} %`
    : "Nothing of the running lap yet");
}

// How much of the lap has positions.
function covered(points) {
  const shares = points.filter((point) => point[4] !== null && point[5] !== null).map((point) => point[0]);
  return shares.length > 20 ? Math.max(...shares) - Math.min(...shares) : 0;
}

// The longest way that any car on this track has driven; where none tells positions, the lap is a circle.
function map(svg, car) {
  svg.replaceChildren();
  const there = [...cars.values()].filter((other) =>
    other === car || (other.told.layout_id !== null && other.told.layout_id === car.told.layout_id));
  const ways = there.flatMap((other) => [other.best, other.before, other.points]);
  const way = ways.reduce((longest, points) => covered(points) > covered(longest) ? points : longest);
  let place;
  if (covered(way)) {
    const fixes = way.filter((point) => point[4] !== null && point[5] !== null);
    const squeeze = Math.cos(fixes[0][4] * Math.PI / 180);
    const flat = (point) => [point[5] * squeeze, -point[4]];
    const xs = fixes.map((point) => flat(point)[0]);
    const ys = fixes.map((point) => flat(point)[1]);
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const size = Math.max(Math.max(...xs) - left, Math.max(...ys) - top) || 1;
    const at = (point) => flat(point).map((value, axis) => 12 + 176 * (value - [left, top][axis]) / size);
    const outline = fixes.map((point, step) => `${step ? "L" : "M"}${at(point).map((value) => value.toFixed(1)).join(" ")}`);
    drawn(svg, "path", { class: "track", d: outline.join("") + (covered(way) > 0.97 ? "Z" : "") });
    place = (share) => at(fixes.reduce((near, point) =>
      Math.abs(point[0] - share) < Math.abs(near[0] - share) ? point : near));
  } else {
    drawn(svg, "path", { class: "track", d: "M100 20A80 80 0 1 1 99.9 20" });
    place = (share) => [100 + 80 * Math.sin(2 * Math.PI * share), 100 - 80 * Math.cos(2 * Math.PI * share)];
  }
  for (const other of cars.values()) {
    const share = other.told.lap_distance_ratio;
    if (share === null || other.told.layout_id !== car.told.layout_id || (other !== car && car.told.layout_id === null)) continue;
    const [cx, cy] = place(share);
    drawn(svg, "circle", { class: other === car ? "own" : "other", r: other === car ? 8 : 6, cx, cy });
  }
  svg.setAttribute("aria-label", `Place on the map: ${number(100 * car.told.lap_distance_ratio, 0)} % of the lap`);
}

function tyres(body, car) {
  body.replaceChildren();
  const told = car.told.tyres;
  for (const [left, right, axle] of [[0, 1, "front"], [2, 3, "rear"]]) {
    const row = element(body, "tr");
    for (const [wheel, side] of [[left, "left"], [right, "right"]]) {
      const cell = element(row, "td");
      cell.setAttribute("aria-label", `${axle} ${side}`);
      element(cell, "div", number(told[2 * wheel], 0, " °C"));
      element(cell, "div", number(told[2 * wheel + 1], 0, " kPa"));
    }
  }
}

function laps(body, car) {
  body.replaceChildren();
  if (!car.told.laps.length) element(element(body, "tr"), "td", "none yet").colSpan = 3;
  for (const lap of car.told.laps) {
    const row = element(body, "tr");
    element(row, "td", number(lap.lap, 0));
    element(row, "td", lap.time_s === null ? lap.class : time(lap.time_s) + (lap.class === "pace" ? "" : ` ${lap.class}`));
    element(row, "td", number(lap.fuel_l, 2, " l"));
  }
}

function show(event) {
  const main = document.getElementById("cars");
  const streams = new Set(event.cars.map((told) => told.stream));
  for (const [stream, car] of cars) {
    if (!streams.has(stream)) {
      car.article.remove();
      cars.delete(stream);
    }
  }
  for (const told of event.cars) {
    let car = cars.get(told.stream);
    if (!car) {
      const article = document.getElementById("car").content.cloneNode(true).firstElementChild;
      car = { article, points: [], before: [], best: [] };
      cars.set(told.stream, car);
    }
    if (told.before) car.before = told.before;
    else if (told.is_new && covered(car.points) > covered(car.before)) car.before = car.points;
    car.told = told;
    car.points = told.is_new ? told.points : car.points.concat(told.points);
    if (told.best) car.best = told.best;
    main.append(car.article); // in the order of the standing
  }
  for (const car of cars.values()) {
    const find = (selector) => car.article.querySelector(selector);
    find("h2").textContent = car.told.driver_name || "Somebody";
    find(".what").textContent = [car.told.car_name, car.told.track_name, car.told.on_pit_road ? "in the pits" : ""].filter(Boolean).join(", ");
    figures(find(".figures"), car);
    trace(find(".trace"), car);
    map(find(".map"), car);
    tyres(find(".tyres tbody"), car);
    laps(find(".laps tbody"), car);
  }
  if (event.problem) say(event.problem, true);
  else say(cars.size ? `${cars.size} on track` : "Nobody streams now. `simrace live` reads a source.");
}

async function watch() {
  const token = sessionStorage.getItem(KEPT);
  const answer = await fetch("/api/v1/live", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401) {
    entry.hidden = false;
    say(token ? "The server knows no such token." : "The server asks for its token.", Boolean(token));
    sessionStorage.removeItem(KEPT);
    return false;
  }
  if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
  cars.clear();
  document.getElementById("cars").replaceChildren();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const lines = (held + value).split("\n");
    held = lines.pop();
    if (lines.length) lines.forEach((line) => show(JSON.parse(line)));
  }
}

async function run() {
  for (;;) {
    try {
      if (!await watch()) return;
    } catch (error) {
      say(`No connection: it is tried again. ${error.message}`, true);
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

entry.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, document.getElementById("token").value.trim());
  entry.hidden = true;
  run();
});
// A link may bring the token behind `#`, which a browser sends to no server.
if (location.hash.startsWith("#token=")) {
  sessionStorage.setItem(KEPT, decodeURIComponent(location.hash.slice(7)));
  history.replaceState(null, "", location.pathname);
}
run();
