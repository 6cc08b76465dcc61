// Use a served language model from JavaScript: a browser, Node or Deno.
// Run: unrolled serve RUN, and in another terminal: node examples/serve/client.mjs [ADDRESS]

const address = process.argv[2] ?? "http://127.0.0.1:8000";
const headers = { "Content-Type": "application/json" };
if (process.env.UNROLLED_TOKEN) headers.Authorization = `Bearer ${process.env.UNROLLED_TOKEN}`;

async function send(path, body) {
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  const response = await fetch(address + path, options);
  if (!response.ok) throw new Error((await response.json()).error);
  return response;
}

// The events of an answer while it is written.
async function* events(path, body) {
  const response = await send(path, { ...body, stream: true });
  let buffer = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    buffer += chunk;
    const whole = buffer.split("\n\n");
    buffer = whole.pop();
    for (const text of whole) {
      const [event, data] = text.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
      yield { event, data: JSON.parse(data) };
    }
  }
}

const { models } = await (await send("/v1/models")).json();
const path = `/v1/models/${encodeURIComponent(models.find((model) => model.task === "lm").name)}`;

for await (const { event, data } of events(`${path}/generate`, { text: "The ", length: 80, seed: 1 })) {
  if (event === "error") throw new Error(data.error);
  if (event === "data") process.stdout.write(data.text);
}
console.log();

// The client can also keep the state itself.
const first = await (await send(`${path}/next`, { text: "The ", keep: "state" })).json();
const second = await (await send(`${path}/next`, { text: "r", state: first.state, top: 3 })).json();
console.log(second.tokens.map(({ text, probability }) => `${text} ${probability.toFixed(3)}`).join("  "));
