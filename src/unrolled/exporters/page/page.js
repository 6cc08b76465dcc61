/* What the page shows, and what it does when one types. */
const BARS = 10, SUGGESTED = 60, WRITTEN = 400;
const NOTHING = {text: "", tokens: []};
/* Places in the text that the model wrote, the text that is shown, and how the model would go on. */
let written = [], shown = "", suggestion = NOTHING, timer;
/* Number of the running writer; 0: none. */
let writers = 0, writing = 0;

const next = () => distribution(now.logits, part, temperature());

function paint() {
  const text = $("text").value, behind = $("behind");
  behind.textContent = "";
  let end = 0;
  for (const [from, to] of written) {
    behind.append(text.slice(end, from));
    behind.append(Object.assign(document.createElement("mark"), {textContent: text.slice(from, to)}));
    end = to;
  }
  behind.append(text.slice(end), Object.assign(document.createElement("span"), {textContent: suggestion.text}), "\n");
  $("clear").disabled = !text;
}

const visible = (text) => text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/^ +$/, (s) => "␣".repeat(s.length));

const name = (token) => token !== EOS ? visible(data.tokens[token]) : words ? "↵" : "end of text";

function list() {
  const p = next(), listed = turn;
  const best = Array.from(p.keys()).sort((a, b) => p[b] - p[a]).slice(0, BARS).filter((k) => p[k] > 0.0005);
  $("bars").replaceChildren(...best.map((token) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.innerHTML = "<i></i><code></code><small></small>";
    button.children[0].style.width = `${100 * p[token] / p[best[0]]}%`;
    button.children[1].textContent = name(token);
    button.children[2].textContent = `${(100 * p[token]).toFixed(1)}%`;
    button.title = "Add to the text";
    button.onclick = () => { if (listed === turn) { take(token); update(); } };
    item.append(button);
    return item;
  }));
}

/* Add what the model wrote to a text that was read to its end. */
function add({text, tokens}) {
  const from = $("text").value.length, last = written.at(-1);
  $("text").value += text;
  if (last && last[1] === from) last[1] += text.length; else written.push([from, from + text.length]);
  shown = $("text").value;
  known = {text: shown, tokens: [...read.slice(1).map(({token}) => token), ...tokens]};
  suggestion = NOTHING;
}

const take = (token) => add({text: piece(token, $("text").value, part), tokens: [token]});

async function suggest() {
  const mine = turn, begin = $("text").value, tokens = [];
  let text = "", {state} = now, p = next();
  while (text.length < SUGGESTED && mine === turn) {
    const token = draw(p), added = piece(token, begin + text, text ? "" : part);
    if (text && added === "\n") break;
    text += added;
    tokens.push(token);
    const after = await advance(state, token);
    state = after.state;
    p = distribution(after.logits, "", temperature());
    await breathe();
  }
  if (mine === turn) { suggestion = {text, tokens}; paint(); }
}

async function update() {
  const mine = ++turn;
  clearTimeout(timer);
  paint();
  await follow();
  if (mine !== turn) return;
  list();
  if ($("text").value && !writing) timer = setTimeout(suggest, 350);
}

function stop() {
  writing = 0;
  $("go").textContent = "Continue";
  update();
}

async function write() {
  const mine = writing = ++writers;
  $("go").textContent = "Stop";
  const end = $("text").value.length + WRITTEN;
  if (suggestion.text) add(suggestion);
  await update();
  while (writing === mine && $("text").value.length < end) {
    take(draw(next()));
    await update();
    await pause(words ? 90 : 24);
    await follow();  // what was typed meanwhile
  }
  if (writing === mine) stop();
}

/* Marks of what the model wrote move with the text around them. */
function edited() {
  const text = $("text").value, change = text.length - shown.length;
  let same = 0;
  while (same < text.length && text[same] === shown[same]) same++;
  const moved = (place) => place <= same ? place : Math.max(same, place + change);
  written = written.map(([from, to]) => [moved(from), moved(to)]).filter(([from, to]) => to > from);
  shown = text;
  if (!text) known = EMPTY;
  suggestion = NOTHING;
  update();
}

const toggle = () => writing ? stop() : write();
$("text").addEventListener("input", edited);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Tab" && suggestion.text && !event.shiftKey) { event.preventDefault(); add(suggestion); update(); }
  if (event.key === "Escape") { suggestion = NOTHING; paint(); }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && !$("go").disabled) toggle();
});
$("go").onclick = toggle;
$("clear").onclick = () => { writing && stop(); $("text").value = ""; edited(); $("text").focus(); };
$("temperature").oninput = () => { $("value").value = temperature().toFixed(2); update(); };
$("next").textContent = words ? "Next word" : "Next character";

addEventListener("unhandledrejection", ({reason}) => {
  $("about").className = "failed";
  $("about").textContent = `The model does not run: ${reason.message ?? reason}`;
});
const began = performance.now(), ready = model.load();
ready.then(() => {
  const count = new Intl.NumberFormat("en");
  $("go").disabled = false;
  $("about").textContent = `${count.format(data.weights)} weights, ${count.format(data.tokens.length)} tokens, ` +
    `loaded in ${Math.round(performance.now() - began)} ms. It runs in this page: your text goes nowhere. ` +
    "What the model wrote is tinted.";
});
$("text").value = decodeURIComponent(location.hash.slice(1));
edited();
