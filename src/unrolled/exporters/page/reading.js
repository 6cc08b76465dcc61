/* The text as the model has read it. */

/* Tokens that were read, each with the state before it: typing and deleting cost one step each. `now` is the state
   and the logits after the last of them, `part` the beginning of a word after it. */
let read = [], now = null, part = "";
/* Number of changes of the text so far, and the text as it was when the model wrote last, with its tokens. */
const EMPTY = {text: "", tokens: data.start};
let turn = 0, known = EMPTY;

const temperature = () => Number($("temperature").value);
const pause = (time) => new Promise((done) => setTimeout(done, time));
let rest = Date.now();
const breathe = async () => { if (Date.now() - rest > 30) { await pause(0); rest = Date.now(); } };

/* Read one token. Where sentences are separate, each begins at the first state. */
const advance = (state, token) => model.step(token === EOS && data.separate ? model.start() : state, token);

/* Read the text as it is now. All callers share one reader, which begins again where the text has changed. */
let reader = null;
const follow = () => reader ??= chase().finally(() => { reader = null; });

async function chase() {
  await ready;
  for (let mine = -1; mine !== turn;) {
    mine = turn;
    const target = encode($("text").value, known), tokens = [EOS, ...target.tokens];
    part = target.part;
    let keep = 0;
    while (keep < read.length && keep < tokens.length && read[keep].token === tokens[keep]) keep++;
    if (keep === tokens.length && keep < read.length) keep--;  // once more, for its logits
    let state = read[keep]?.state ?? now?.state ?? model.start();
    for (const token of tokens.slice(keep)) {
      const after = await advance(state, token);
      read.length = keep++;
      read.push({token, state});
      now = after;
      state = after.state;
      await breathe();
      if (mine !== turn) break;
    }
  }
}
