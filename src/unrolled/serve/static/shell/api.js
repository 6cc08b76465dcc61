/* The server: questions, answers, events. */
import { h } from "./dom.js";

/** Name of the model of this page; empty on the page of all models. */
export const model = document.documentElement.dataset.model;

const root = (name) => `/v1/models/${encodeURIComponent(name)}`;
let waiting = 0, dialog = null;

/* Mark the page as busy while a request takes longer than a moment. */
function busy(change) {
  waiting += change;
  if (!waiting) delete document.documentElement.dataset.busy;
  else setTimeout(() => { if (waiting) document.documentElement.dataset.busy = ""; }, 150);
}

/** Ask the server: a path, and the options of fetch. Asks for the token when the server wants one.
    Returns the response, whose status is below 400.
    Throws Error with the server's line; `status` and `type` are those of the answer. */
export async function request(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem("token");
    const headers = {...options.headers, ...(token && {Authorization: `Bearer ${token}`})};
    let response;
    try {
      response = await fetch(path, {...options, headers});
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The server does not answer. Is it still running?", {cause: error});
    }
    if (response.status !== 401) {
      if (!response.ok) throw await failure(response);
      return response;
    }
    await (dialog ??= askToken(Boolean(token)).finally(() => { dialog = null; }));
  }
}

async function failure(response) {
  const text = await response.text();
  let body = {};
  try { body = JSON.parse(text); } catch { /* not from the model's server: a proxy, perhaps */ }
  const error = new Error(body.error ?? `The server answered ${response.status} ${response.statusText}.`);
  return Object.assign(error, {status: response.status, type: body.error_type ?? ""});
}

async function json(path, options) {
  busy(1);
  try {
    return await (await request(path, options)).json();
  } finally {
    busy(-1);
  }
}

const post = (body, signal) =>
  ({method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body), signal});

/** Return what the server says of all its models: a list. */
export const models = async () => (await json("/v1/models")).models;

let known = null;
/** Return what the server says of the model of this page. */
export const info = () => known ??= json(root(model)).catch((error) => { known = null; throw error; });

/** Ask the model. Throws Error with the server's line, or AbortError. */
export const ask = (operation, body, {signal} = {}) => json(`${root(model)}/${operation}`, post(body, signal));

/** Let the model write: an async iterator of {event, data}. The last event is "done"; an event "error" is thrown. */
export async function* stream(operation, body, {signal} = {}) {
  busy(1);
  try {
    const response = await request(`${root(model)}/${operation}`, post({...body, stream: true}, signal));
    for await (const event of events(response.body)) {
      if (event.event === "error") throw Object.assign(new Error(event.data.error), {type: event.data.error_type});
      yield event;
      if (event.event === "done") return;
    }
    throw new Error("The answer ended before it was complete. Try again.");
  } finally {
    busy(-1);
  }
}

/** Read server-sent events from a stream of bytes; their data is JSON. */
export async function* events(bytes) {
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      const blocks = (rest + value).replace(/\r\n/g, "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});  // tells the server that nobody reads on; it may have ended already
  }
}

function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
  return data.length ? {event, data: JSON.parse(data.join("\n"))} : null;
}

/** Forget a session that the server keeps. */
export const forget = (session) => request(`${root(model)}/sessions/${encodeURIComponent(session)}`, {method: "DELETE"});

function askToken(wrong) {
  const input = h("input", {type: "password", id: "token", required: true, autocomplete: "off", spellcheck: "false"});
  const box = h("dialog", {"aria-labelledby": "token-title"}, h("form", {method: "dialog"},
    h("h2", {id: "token-title"}, "This server needs a token"),
    h("p", {class: "quiet"}, wrong ? "That was not the token. Try again." : "Whoever started the server has set it."),
    h("div", {class: "field"}, h("label", {for: "token"}, "Token"), input),
    h("div", {class: "row end"}, h("button", {class: "primary", value: "enter"}, "Enter"))));
  document.body.append(box);
  box.showModal();
  return new Promise((resolve, reject) => box.addEventListener("close", () => {
    box.remove();
    if (box.returnValue !== "enter") {  // Escape
      const error = new Error("The server needs a token. Reload the page to enter it.");
      return reject(Object.assign(error, {needsToken: true}));
    }
    sessionStorage.setItem("token", input.value.trim());
    resolve();
  }));
}
