/* Elements of a page. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. Attributes: `onclick` and its like are listeners, `style` an object, true means without a value,
    false, null and undefined are left out. Children: nodes, texts, lists of them; null and false are left out. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** Make an SVG element, as `h` does. */
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "style") for (const [key, part] of Object.entries(value)) setStyle(element, key, part);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

const setStyle = (element, name, value) =>
  name.startsWith("--") ? element.style.setProperty(name, value) : (element.style[name] = value);

/** Call `fn` when it has not been called for `ms`. `.cancel()` forgets a call, `.flush()` does it now. */
export function debounce(fn, ms) {
  let timer = 0, last = [];
  const later = (...args) => { last = args; clearTimeout(timer); timer = setTimeout(run, ms); };
  const run = () => { timer = 0; fn(...last); };
  later.cancel = () => { clearTimeout(timer); timer = 0; };
  later.flush = () => { if (timer) { clearTimeout(timer); run(); } };
  return later;
}

/** True for the error of a request that was aborted. */
export const isAbort = (error) => error?.name === "AbortError";

function notice(message, failed) {
  const close = () => element.remove();
  const element = h("div", {class: `notice${failed ? " failed" : ""}`, role: failed ? "alert" : "status"},
    h("span", null, message), h("button", {class: "icon", "aria-label": "Close", onclick: close}, "✕"));
  const list = document.getElementById("notices");
  for (const old of list.querySelectorAll(".notice")) {
    if (failed && old.classList.contains("failed") && old.firstChild.textContent === message) return close;  // said already
    if (failed || !old.classList.contains("failed")) old.remove();  // one of each kind at a time
  }
  list.append(element);
  return close;
}

/** Show a message for some seconds. */
export const toast = (message) => { setTimeout(notice(String(message), false), 4000); };

/** Show an error until it is closed or `clear()` is called. The error of an aborted request is not shown. */
export function fail(error) {
  if (isAbort(error)) return;
  if (!(error instanceof Error) || error.name === "TypeError") console.info(error);
  notice(String(error?.message ?? error), true);
}

/** Remove the error that is shown, if there is one: the last request went well. */
export const clear = () => document.querySelectorAll(".notice.failed").forEach((element) => element.remove());

const numbers = new Intl.NumberFormat("en", {maximumFractionDigits: 2});
const rounded = new Intl.NumberFormat("en", {maximumSignificantDigits: 3, notation: "compact"});

/** Format a number: 12,345.68. `.short` has three digits: 12.3K. */
export const format = (value) => numbers.format(value);
format.short = (value) => rounded.format(value);
/** Format a probability: "12.3%", "<0.1%". */
format.percent = (p) => p > 0 && p < 0.0005 ? "<0.1%" : `${(100 * p).toFixed(p > 0.99945 ? 0 : 1)}%`;

/** Show white space and control characters of a token. */
export const visible = (text) => text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/^ +$/, (s) => "␣".repeat(s.length));

/** Make a block of code with a button that copies it. */
export function codeBlock(text) {
  const button = h("button", {type: "button", onclick: copy}, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {  // not allowed: pages without TLS on another machine
      getSelection().selectAllChildren(block.firstChild);
      toast("Selected: copy it with the keyboard.");
    }
  }
  const block = h("div", {class: "code-block"}, h("pre", {tabindex: "0"}, h("code", null, text)), button);
  return block;
}

/** Fill a list (`<ol class="bars">`) with bars. Items: {key, name, share (length, 0 to 1), value (text), tip, on}.
    With `pick(item)` each bar is a button. Bars are used again, so that they move smoothly. */
export function bars(list, items, pick) {
  list.classList.add("bars");
  while (list.children.length > items.length) list.lastChild.remove();
  items.forEach((item, n) => {
    const row = list.children[n] ?? list.appendChild(makeBar(pick));
    const [inner] = row.children, [bar, name, value] = inner.children;
    row.classList.toggle("on", Boolean(item.on));
    bar.style.setProperty("--share", Math.max(0, Math.min(1, item.share)) || 0);
    if (name.textContent !== item.name) name.textContent = item.name;
    value.textContent = item.value;
    inner.item = item;
    if (item.tip) inner.dataset.tip = item.tip; else delete inner.dataset.tip;
    if (pick) inner.setAttribute("aria-label", `${item.spoken ?? item.name}, ${item.value}`);
  });
}

function makeBar(pick) {
  const parts = [h("i"), h("span", {class: "name"}), h("span", {class: "value"})];
  const inner = pick ? h("button", {type: "button", onclick: () => pick(inner.item)}, parts) : h("div", null, parts);
  return h("li", null, inner);
}
