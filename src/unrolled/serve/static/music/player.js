/* Plays a piece, step by step, while it may still grow. */

const AHEAD = 0.16, TICK = 40;

export class Player extends EventTarget {
  playing = false;
  #sound;
  #piece;
  #seconds;
  #isGrowing;
  #place = 0;
  #next = 0;
  #time = 0;
  #marks = [];
  #held = new Map();
  #timer = 0;

  /** `seconds()` is the length of a step; `isGrowing()` says whether more steps will come. */
  constructor(sound, piece, seconds, isGrowing) {
    super();
    this.#sound = sound;
    this.#piece = piece;
    this.#seconds = seconds;
    this.#isGrowing = isGrowing;
  }

  /** Step that is heard now, with its fraction. */
  get place() {
    if (!this.playing) return this.#place;
    const time = this.#sound.now - this.#sound.latency;
    while (this.#marks.length > 1 && this.#marks[1].time <= time) this.#marks.shift();
    const mark = this.#marks[0];
    return mark ? mark.step + Math.max(0, Math.min(1, (time - mark.time) / mark.seconds)) : this.#place;
  }

  /** Go to a step; goes on playing if it plays. */
  seek(step) {
    const {playing} = this;
    if (playing) this.#halt();
    this.#place = Math.max(0, Math.min(step, this.#piece.length));
    if (playing) this.#begin();
    this.#changed();
  }

  async play(from = this.#place) {
    await this.#sound.wake();
    if (this.playing) this.#halt();
    const isAtEnd = from >= this.#piece.length && !this.#isGrowing();
    this.#place = isAtEnd ? 0 : Math.floor(from);
    this.#begin();
    this.#changed();
  }

  pause() {
    if (!this.playing) return;
    const place = Math.min(Math.floor(this.place + 0.02), this.#piece.length);
    this.#halt();
    this.#place = place;
    this.#changed();
  }

  async toggle() { if (this.playing) this.pause(); else await this.play(); }

  #begin() {
    this.playing = true;
    this.#next = Math.floor(this.#place);
    this.#time = this.#sound.now + 0.06;
    this.#marks = [];
    this.#timer = setInterval(() => this.#schedule(), TICK);
    this.#schedule();
  }

  #halt() {
    this.playing = false;
    clearInterval(this.#timer);
    for (const voice of this.#held.values()) voice.stop();
    this.#held.clear();
  }

  #schedule() {
    const {now} = this.#sound, isOver = () => this.#next >= this.#piece.length;
    if (!isOver() && this.#time < now) this.#time = now + 0.02;  // the page was asleep, or waited for the model
    while (!isOver() && this.#time < now + AHEAD) this.#playStep(this.#next);
    if (isOver() && !this.#isGrowing()) this.#finish();
  }

  #playStep(step) {
    const seconds = this.#seconds(), keys = this.#piece.at(step);
    this.#release((key) => !keys.has(key));
    for (const key of keys.keys()) {
      if (!this.#held.has(key)) this.#held.set(key, this.#sound.press(key, this.#time, 1 / Math.sqrt(Math.max(1, keys.size / 4))));
    }
    this.#marks.push({step, time: this.#time, seconds});
    this.#next += 1;
    this.#time += seconds;
  }

  #release(isOver) {
    for (const [key, voice] of this.#held) {
      if (!isOver(key)) continue;
      voice.release(this.#time - 0.012);
      this.#held.delete(key);
    }
  }

  #finish() {
    if (this.#time < this.#sound.now + AHEAD) this.#release(() => true);
    if (this.#time > this.#sound.now - this.#sound.latency) return;
    this.#halt();
    this.#place = this.#piece.length;
    this.#changed();
  }

  #changed() { this.dispatchEvent(new Event("change")); }
}
