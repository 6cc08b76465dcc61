/* Drawings: canvases, colours of the theme, scales. */

const probe = document.createElement("i");
probe.hidden = true;
document.documentElement.append(probe);
const painter = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
let cache = new Map();
const listeners = new Set();

/* Return a colour as [red, green, blue], 0 to 255. */
function components(name) {
  if (!cache.has(name)) {
    probe.style.color = name.startsWith("--") ? `var(${name})` : name;
    painter.fillStyle = getComputedStyle(probe).color;
    painter.fillRect(0, 0, 1, 1);
    cache.set(name, [...painter.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
  }
  return cache.get(name);
}

/** Return a colour of the theme for a canvas: colour("--ink"), colour("--accent", 0.5). */
export function colour(name, alpha = 1) {
  const [r, g, b] = components(name);
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

const STEPS = {seq: 7, warm: 5, div: 7};

/** Return a function of a number to a colour as [r, g, b]: "seq" and "warm" take 0 to 1, "div" takes −1 to 1.
    Values outside are clipped. `.css(value)` is the colour as text. */
export function scale(name) {
  const count = STEPS[name];
  const map = (value) => {
    const share = name === "div" ? (value + 1) / 2 : value;
    const place = Math.max(0, Math.min(1, share || 0)) * (count - 1), low = Math.min(count - 2, Math.floor(place));
    const a = components(`--${name}-${low}`), b = components(`--${name}-${low + 1}`);
    return a.map((c, k) => Math.round(c + (b[k] - c) * (place - low)));
  };
  map.css = (value) => `rgb(${map(value).join(" ")})`;
  return map;
}

/** Call `fn` when the theme changes. */
export const onTheme = (fn) => { listeners.add(fn); };

function changed() {
  cache = new Map();
  for (const fn of listeners) fn();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
new MutationObserver(changed).observe(document.documentElement, {attributeFilter: ["data-theme"]});

/** True if the reader wants little motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Draw on a canvas at the resolution of the screen: `draw(context, width, height)` in CSS pixels, on a clean canvas.
    Its size is that of its box (give it a height in CSS). It is drawn again when its size or the theme changes.
    Returns `redraw()`, which draws in the next frame. */
export function draw(canvas, paint) {
  const context = canvas.getContext("2d");
  let frame = 0;
  const now = () => {
    frame = 0;
    const {clientWidth: width, clientHeight: height} = canvas;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const w = Math.round(width * ratio), high = Math.round(height * ratio);
    if (canvas.width !== w || canvas.height !== high) Object.assign(canvas, {width: w, height: high});
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (width && height) paint(context, width, height);
  };
  const redraw = () => { frame ||= requestAnimationFrame(now); };
  new ResizeObserver(redraw).observe(canvas);
  onTheme(redraw);
  return redraw;
}
