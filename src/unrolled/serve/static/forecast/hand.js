/* The hand on the chart: mouse, touch and keyboard. */

const NEAR = 44;  // pixels from the line at which a finger takes hold of it, and does not scroll the page

export class Hand {
  #drag = null;

  /** `page`: {chart, series(), tool() → {mode, reach, every}, onplace(), onchange(), onend(), undo()}. `place` is the
      step that is pointed at or selected, or null; `hot` is true while it is dragged. */
  constructor(canvas, page) {
    Object.assign(this, {canvas, page, place: null, hot: false, keys: false});
    canvas.addEventListener("pointermove", (event) => this.#drag ? this.#move(event) : this.#point(event));
    canvas.addEventListener("pointerdown", (event) => this.#take(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.#let());
    canvas.addEventListener("pointerleave", () => { if (!this.#drag && !this.keys) this.#select(null); });
    canvas.addEventListener("touchstart", (event) => { if (this.#isNear(event.touches[0])) event.preventDefault(); }, {passive: false});
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => { this.keys = false; this.#select(null); });
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible") && this.place === null) { this.keys = true; this.#select(page.series().length - 1); }
    });
  }

  #at({clientX, clientY}) {
    const {left, top} = this.canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  #select(place) {
    if (place === this.place) return;
    this.place = place;
    this.page.onplace(place);
  }

  #point(event) {
    const [px] = this.#at(event), scale = this.page.chart.scale();
    this.keys = false;
    this.#select(px < scale.left - 4 ? null : scale.step(px));
    const past = this.place !== null && this.place < scale.now;
    this.canvas.style.cursor = !past ? "default" : this.page.tool().mode === "draw" ? "crosshair" : "ns-resize";
  }

  /* True if a finger is near enough to the line to bend it. */
  #isNear(touch) {
    if (!touch) return false;
    const [px, py] = this.#at(touch), scale = this.page.chart.scale(), step = scale.step(px);
    if (step >= scale.now || px < scale.left - 4) return false;
    return this.page.tool().mode === "draw" || Math.abs(scale.y(this.page.series().values[step]) - py) < NEAR;
  }

  #take(event) {
    if (event.button) return;
    const [px, py] = this.#at(event), {chart, series, tool} = this.page, scale = chart.scale(), step = scale.step(px);
    const touch = event.pointerType === "touch";
    this.keys = false;
    this.#select(px < scale.left - 4 ? null : step);
    if (this.place === null || step >= scale.now || (touch && !this.#isNear(event))) return;
    this.canvas.setPointerCapture(event.pointerId);
    chart.held = this.hot = true;
    this.#drag = {base: series().begin(), step, from: scale.value(py), before: [step, scale.value(py)]};
    if (tool().mode === "draw") this.#move(event); else this.page.onplace(step);
  }

  #move(event) {
    const [px, py] = this.#at(event), {chart, series, tool} = this.page, {mode, reach, every} = tool();
    const scale = chart.scale(), value = scale.value(py), {base, step, from, before} = this.#drag;
    if (mode === "draw") {
      const now = [Math.min(scale.now - 1, scale.step(px)), value];
      series().line(before, now);
      this.#drag.before = now;
      this.place = now[0];
    } else {
      series().bend(base, step, value - from, reach, every);
    }
    this.page.onchange();
  }

  #let() {
    if (!this.#drag) return;
    this.#drag = null;
    this.page.chart.held = this.hot = false;
    this.page.onend();
  }

  #key(event) {
    const {chart, series, tool} = this.page, last = chart.scale().last, now = series().length;
    const place = this.place ?? now - 1, fine = event.shiftKey ? 5 : 1;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); this.page.undo(); return; }
    const to = {
      ArrowLeft: place - fine, ArrowRight: place + fine, Home: chart.state().from, End: now - 1, Escape: null,
    }[event.key];
    const up = {ArrowUp: fine, ArrowDown: -fine, PageUp: 10, PageDown: -10}[event.key];
    if (to === undefined && up === undefined) return;
    if (event.key !== "Escape") event.preventDefault();
    this.keys = true;
    if (to !== undefined) {
      this.#select(to === null ? null : Math.max(chart.state().from, Math.min(last, to)));
    } else if (place < now) {
      const {reach, every} = tool();
      this.#select(place);
      const base = event.repeat ? [...series().values] : series().begin();
      series().bend(base, place, (up * chart.scale().span) / 100, reach, every);
      this.page.onchange();
      this.page.onend();
    }
  }
}
