/* A map of states: units from top to bottom, tokens from left to right, and the text coloured by one unit. */

const NOT_FINITE = -128;
const NOT_FINITE_COLOUR = [200, 30, 180]; // the colour of values that are not finite
const COLOURS = JSON.parse(document.getElementById("map-colours").textContent);

/* 256 colours [r, g, b] from negative to positive; softened towards the middle for backgrounds of text. */
function ramp(softened) {
  const stops = COLOURS[theme.now];
  const middle = stops[(stops.length - 1) / 2];
  const strength = theme.now === "dark" ? 0.42 : 0.55; // leaves text a contrast of 4.5
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    return [0, 1, 2].map((c) => {
      const full = stops[left][c] + (place - left) * (stops[left + 1][c] - stops[left][c]);
      return Math.round(softened ? middle[c] + strength * (full - middle[c]) : full);
    });
  });
}

function unpack(layer) {
  const bytes = atob(layer.data);
  const cells = new Int8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) cells[i] = bytes.charCodeAt(i);
  return cells;
}

class StateMap {
  constructor(part) {
    this.body = part.querySelector(".map-body");
    const data = JSON.parse(part.querySelector(".map-data").textContent);
    this.tokens = data.tokens;
    this.shown = data.shown;
    this.layers = data.layers.map((layer) => ({
      ...layer, cells: unpack(layer), notes: new Map(layer.notes), natural: Array.from({ length: layer.units }, (_, u) => u),
    }));
    this.narrow = this.shown.every((token) => [...token].length <= 2);
    this.cell = this.narrow ? 9 : 16; // width of a token in pixels
    const longest = Math.max(...this.shown.map((token) => [...token].length));
    this.strip = this.narrow ? 20 : Math.min(10 + 6.8 * longest, 92); // height of the tokens below
    this.picture = document.createElement("canvas"); // one pixel per value
    this.cursor = null;
    this.body.hidden = false;
    part.querySelector(".needs-script").hidden = true;
    this.find(".track").style.width = `${this.cell * this.tokens.length}px`;
    this.writeText();
    this.fillLayers();
    this.listen();
    this.selectLayer(0);
  }

  find(selector) { return this.body.querySelector(selector); }
  get layer() { return this.layers[this.layerNumber]; }
  get order() { return this.find(".pick-order").value === "similar" ? this.layer.order : this.layer.natural; }
  get rowHeight() { return Math.min(16, Math.max(1, Math.floor(384 / this.layer.units))); }
  get mapHeight() { return this.rowHeight * this.layer.units; }

  /* Return a value; NaN if it is not finite. */
  value(unit, time) {
    const step = this.layer.cells[unit * this.tokens.length + time];
    return step === NOT_FINITE ? NaN : (step * this.layer.scale[unit]) / 127;
  }

  /* Return the index of a value's colour among 256. */
  shade(value) {
    return Math.round(127.5 + 127.5 * Math.max(-1, Math.min(1, value / this.layer.limit)));
  }

  /* ---- selection ---- */

  selectLayer(number) {
    this.layerNumber = number;
    const notes = this.layer.notes;
    const units = this.layer.natural.map((unit) => {
      const option = document.createElement("option");
      option.value = unit;
      option.textContent = notes.has(unit) ? `${unit} · ${notes.get(unit)}` : `${unit}`;
      return option;
    });
    this.find(".pick-unit").replaceChildren(...units);
    this.listTracked();
    this.paintPicture();
    this.drawRamp();
    this.drawOverview();
    this.selectUnit(notes.size ? notes.keys().next().value : 0);
  }

  selectUnit(unit) {
    this.unit = unit;
    this.find(".pick-unit").value = unit;
    for (const button of this.body.querySelectorAll(".tracked button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.unit) === unit));
    }
    const note = this.layer.notes.get(unit);
    this.find(".coloured-title").textContent =
      `The text, coloured by unit ${unit} of ${this.layer.name}${note ? `: ${note}` : ""}`;
    this.drawWindow();
    this.colourText();
    this.showReadout();
  }

  pointAt(time, unit) {
    this.body.querySelector(".coloured .here")?.classList.remove("here");
    this.cursor = { time, unit };
    this.spans[time].classList.add("here");
    this.showReadout();
    this.drawWindow();
  }

  showReadout() {
    const readout = this.find(".readout");
    const strong = (text) => Object.assign(document.createElement("b"), { textContent: text });
    if (!this.cursor) {
      const precision = Math.max(...this.layer.scale) / 254;
      readout.textContent = "Point at the map or at the text to read a value; press to select a unit. "
        + `Values are rounded to ±${precision.toPrecision(1)} or better.`;
      return;
    }
    const { time, unit } = this.cursor;
    const token = Object.assign(document.createElement("code"), { textContent: this.shown[time] });
    const value = this.value(unit, time);
    const written = Number.isNaN(value) ? "not finite" : (value < 0 ? "−" : "+") + Math.abs(value).toPrecision(2);
    const note = this.layer.notes.get(unit);
    readout.replaceChildren(
      `token ${time} `, token, "  ·  unit ", strong(`${unit}`), "  ·  value ", strong(written), note ? `  ·  ${note}` : "",
    );
    Object.assign(readout.dataset, { token: time, unit, value });
  }

  /* ---- drawing ---- */

  repaint() {
    this.paintPicture();
    this.drawRamp();
    this.drawOverview();
    this.drawWindow();
    this.colourText();
  }

  paintPicture() {
    const width = this.tokens.length;
    const { units, cells, scale } = this.layer;
    const colours = ramp(false);
    Object.assign(this.picture, { width, height: units });
    const context = this.picture.getContext("2d");
    const image = context.createImageData(width, units);
    const pixels = new Uint32Array(image.data.buffer);
    const colourOf = new Uint32Array(256); // colour of each byte, for the scale of one unit
    const channels = new Uint8Array(colourOf.buffer);
    this.order.forEach((unit, row) => {
      for (let step = NOT_FINITE; step < 128; step++) {
        const colour = step === NOT_FINITE ? NOT_FINITE_COLOUR : colours[this.shade((step * scale[unit]) / 127)];
        channels.set(colour, 4 * (step - NOT_FINITE));
        channels[4 * (step - NOT_FINITE) + 3] = 255;
      }
      for (let time = 0; time < width; time++) {
        pixels[row * width + time] = colourOf[cells[unit * width + time] - NOT_FINITE];
      }
    });
    context.putImageData(image, 0, 0);
  }

  drawRamp() {
    const canvas = this.find(".ramp");
    const context = canvas.getContext("2d");
    ramp(false).forEach((colour, i) => {
      context.fillStyle = `rgb(${colour})`;
      context.fillRect((i / 256) * canvas.width, 0, canvas.width / 256 + 1, canvas.height);
    });
    const limit = this.layer.limit.toPrecision(2);
    this.find(".low").textContent = `≤ −${limit}`;
    this.find(".high").textContent = `≥ ${limit}`;
  }

  /* Resize a canvas to the pixels of the screen; return its context, scaled to CSS pixels. */
  fit(canvas, width, height) {
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    return context;
  }

  drawOverview() {
    const canvas = this.find(".overview");
    const view = this.find(".window");
    const fullWidth = this.cell * this.tokens.length;
    canvas.hidden = view.clientWidth >= fullWidth; // everything is visible anyway
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const context = this.fit(canvas, width, height);
    context.imageSmoothingQuality = "high";
    context.imageSmoothingEnabled = this.tokens.length > width;
    context.drawImage(this.picture, 0, 0, width, height);
    context.strokeStyle = this.ink;
    context.lineWidth = 2;
    const left = (view.scrollLeft / fullWidth) * width;
    context.strokeRect(left + 1, 1, Math.max((view.clientWidth / fullWidth) * width - 2, 3), height - 2);
  }

  drawWindow() {
    const view = this.find(".window");
    const canvas = this.find(".cells");
    const fullWidth = this.cell * this.tokens.length;
    const width = Math.min(view.clientWidth, fullWidth);
    const height = this.mapHeight + this.strip;
    if (!width) return;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = this.fit(canvas, width, height);
    context.translate(-view.scrollLeft, 0);
    const first = Math.floor(view.scrollLeft / this.cell);
    const count = Math.min(Math.ceil(width / this.cell) + 1, this.tokens.length - first);
    context.imageSmoothingEnabled = false;
    context.drawImage(
      this.picture, first, 0, count, this.layer.units, first * this.cell, 0, count * this.cell, this.mapHeight,
    );
    this.drawMarks(context, view.scrollLeft, width);
    this.drawTokens(context, first, count);
  }

  drawMarks(context, left, width) {
    const row = (unit) => this.order.indexOf(unit) * this.rowHeight;
    context.strokeStyle = this.ink;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, row(this.unit) - 0.5, width - 1, this.rowHeight + 1);
    if (!this.cursor) return;
    const { time, unit } = this.cursor;
    context.globalAlpha = 0.45;
    context.strokeRect(time * this.cell - 0.5, 0, this.cell + 1, this.mapHeight + this.strip);
    context.globalAlpha = 1;
    context.strokeRect(time * this.cell - 1, row(unit) - 1, this.cell + 2, this.rowHeight + 2);
  }

  drawTokens(context, first, count) {
    context.fillStyle = this.ink;
    context.font = `${this.narrow ? 12 : 11}px ${this.mono}`;
    context.textBaseline = "middle";
    for (let time = first; time < first + count; time++) {
      const middle = (time + 0.5) * this.cell;
      if (this.narrow) {
        context.textAlign = "center";
        context.globalAlpha = this.tokens[time].trim() ? 1 : 0.5;
        context.fillText(this.shown[time], middle, this.mapHeight + this.strip / 2);
        continue;
      }
      const letters = [...this.shown[time]];
      const written = letters.length > 12 ? `${letters.slice(0, 11).join("")}…` : letters.join("");
      context.save();
      context.textAlign = "right";
      context.translate(middle, this.mapHeight + 4);
      context.rotate(-Math.PI / 2);
      context.fillText(written, 0, 0);
      context.restore();
    }
    context.globalAlpha = 1;
  }

  get ink() { return getComputedStyle(this.body).color; }
  get mono() { return getComputedStyle(this.find(".coloured")).fontFamily; }

  /* ---- the text ---- */

  writeText() {
    this.spans = this.tokens.map((token, time) => {
      const span = document.createElement("span");
      span.dataset.token = time;
      span.textContent = this.shown[time];
      span.classList.toggle("faint", token.trim() === "");
      return span;
    });
    const text = this.find(".coloured");
    const ends = this.tokens.map((token) => (token.includes("\n") ? "\n" : ""));
    text.replaceChildren(...this.spans.flatMap((span, time) => [span, ends[time]]));
    const words = this.tokens.filter((token) => token.trim());
    text.classList.toggle("spaced", !this.narrow && !words.some((token) => /\s/.test(token)));
  }

  colourText() {
    const colours = ramp(true);
    this.spans.forEach((span, time) => {
      const value = this.value(this.unit, time);
      span.style.background = Number.isNaN(value) ? "none" : `rgb(${colours[this.shade(value)]})`;
    });
  }

  /* ---- controls and events ---- */

  fillLayers() {
    const options = this.layers.map((layer, number) =>
      Object.assign(document.createElement("option"), { value: number, textContent: `${layer.name} (${layer.units} units)` }));
    this.find(".pick-layer").replaceChildren(...options);
  }

  listTracked() {
    const items = [...this.layer.notes].map(([unit, note]) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.unit = unit;
      button.append(Object.assign(document.createElement("b"), { textContent: unit }), note);
      button.addEventListener("click", () => this.selectUnit(unit));
      item.append(button);
      return item;
    });
    this.find(".tracked").hidden = items.length === 0;
    this.find(".tracked ul").replaceChildren(...items);
  }

  listen() {
    this.find(".pick-layer").addEventListener("change", (e) => {
      this.cursor = null;
      this.selectLayer(Number(e.target.value));
    });
    this.find(".pick-unit").addEventListener("change", (e) => this.selectUnit(Number(e.target.value)));
    this.find(".pick-order").addEventListener("change", () => this.repaint());
    const cells = this.find(".cells");
    for (const event of ["pointermove", "pointerdown"]) {
      cells.addEventListener(event, (e) => {
        const position = this.positionOf(e);
        if (position) this.pointAt(position.time, position.unit);
      });
    }
    cells.addEventListener("click", () => this.cursor && this.selectUnit(this.cursor.unit));
    this.listenToOverview();
    this.listenToText();
    const view = this.find(".window");
    view.addEventListener("scroll", () => requestAnimationFrame(() => { this.drawWindow(); this.drawOverview(); }));
    view.addEventListener("keydown", (e) => this.pressKey(e));
    new ResizeObserver(() => { this.drawWindow(); this.drawOverview(); }).observe(view);
    theme.listeners.push(() => this.repaint());
  }

  listenToOverview() {
    const overview = this.find(".overview");
    const go = (e) => {
      if (e.buttons === 0) return;
      const share = (e.clientX - overview.getBoundingClientRect().left) / overview.clientWidth;
      this.scrollTo(Math.floor(share * this.tokens.length));
    };
    overview.addEventListener("pointerdown", (e) => { overview.setPointerCapture(e.pointerId); go(e); });
    overview.addEventListener("pointermove", go);
  }

  listenToText() {
    const text = this.find(".coloured");
    const timeOf = (e) => e.target.dataset.token === undefined ? null : Number(e.target.dataset.token);
    text.addEventListener("pointerover", (e) => {
      const time = timeOf(e);
      if (time !== null) this.pointAt(time, this.unit);
    });
    text.addEventListener("click", (e) => {
      const time = timeOf(e);
      if (time !== null) this.scrollTo(time);
    });
  }

  positionOf(event) {
    const box = this.find(".cells").getBoundingClientRect();
    const time = Math.floor((event.clientX - box.left + this.find(".window").scrollLeft) / this.cell);
    const row = Math.floor((event.clientY - box.top) / this.rowHeight);
    const inside = time >= 0 && time < this.tokens.length && row >= 0;
    if (!inside) return null;
    return { time, unit: row < this.layer.units ? this.order[row] : this.unit };
  }

  scrollTo(time) {
    const view = this.find(".window");
    view.scrollLeft = (time + 0.5) * this.cell - view.clientWidth / 2;
  }

  pressKey(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Enter" && this.cursor) this.selectUnit(this.cursor.unit);
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [right, down] = moves[event.key];
    const first = Math.floor(this.find(".window").scrollLeft / this.cell);
    const { time, unit } = this.cursor ?? { time: first, unit: this.unit };
    const clamp = (n, count) => Math.max(0, Math.min(count - 1, n));
    const to = clamp(time + right, this.tokens.length);
    this.pointAt(to, this.order[clamp(this.order.indexOf(unit) + down, this.layer.units)]);
    const view = this.find(".window");
    const hidden = to * this.cell < view.scrollLeft || (to + 1) * this.cell > view.scrollLeft + view.clientWidth;
    if (hidden) this.scrollTo(to);
  }
}

for (const part of document.querySelectorAll("figure.map")) new StateMap(part);
addCopyButtons();
highlightCurrentSection();
theme.start();
