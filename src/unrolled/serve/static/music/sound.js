/* A soft tone for each key, through the Web Audio API: two oscillators, a filter that closes, a small room. */

const VOICES = 32;
const PARTIALS = [0, 1, 0.46, 0.2, 0.12, 0.055, 0.03, 0.016];
const ATTACK = 0.009, RELEASE = 0.13, LOUDNESS = 0.26;

export class Sound {
  #context = null;
  #wave = null;
  #master = null;
  #dry = null;
  #room = null;
  #voices = new Set();
  #volume = 0.8;
  #muted = false;

  /** Seconds of the clock of the sound card; 0 before the first sound. */
  get now() { return this.#context?.currentTime ?? 0; }
  /** Seconds until what is played now is heard. */
  get latency() { return this.#context?.outputLatency || this.#context?.baseLatency || 0; }

  /** Make the sound card ready. Browsers allow it only after a click or a key. */
  async wake() {
    this.#context ??= this.#build();
    if (this.#context.state !== "running") await this.#context.resume();
  }

  #build() {
    const context = new AudioContext({latencyHint: "interactive"});
    this.#wave = context.createPeriodicWave(new Float32Array(PARTIALS.length), new Float32Array(PARTIALS));
    this.#master = new GainNode(context, {gain: 0});
    const limiter = new DynamicsCompressorNode(context, {threshold: -14, ratio: 5, knee: 12, attack: 0.004, release: 0.2});
    this.#room = new ConvolverNode(context, {buffer: makeRoom(context)});
    this.#room.connect(new GainNode(context, {gain: 0.3})).connect(limiter);
    limiter.connect(this.#master).connect(context.destination);
    this.#dry = limiter;
    this.#context = context;
    this.#setGain();
    return context;
  }

  set volume(value) { this.#volume = value; this.#setGain(); }
  set muted(value) { this.#muted = value; this.#setGain(); }
  #setGain() { this.#master?.gain.setTargetAtTime(this.#muted ? 0 : this.#volume ** 2 * 1.4, this.now, 0.02); }

  /** Press a key at a time of `now`; returns a voice, which `release(time)` lets go. */
  press(key, time = this.now, loudness = 1) {
    if (this.#voices.size >= VOICES) this.#voices.values().next().value.stop();
    const voice = new Voice(this.#context, this.#wave, key, Math.max(time, this.now), loudness);
    voice.output.connect(this.#dry);
    voice.output.connect(this.#room);
    this.#voices.add(voice);
    voice.ended = () => this.#voices.delete(voice);
    return voice;
  }

  /** Let a key sound for a moment. */
  async touch(key, seconds = 0.35) {
    await this.wake();
    this.press(key).release(this.now + seconds);
  }
}

class Voice {
  constructor(context, wave, key, time, loudness) {
    const pitch = 440 * 2 ** ((key - 69) / 12), height = (key - 64) / 44;
    const peak = LOUDNESS * loudness * (1 - 0.25 * height);
    const tones = [0, 4].map((detune) => new OscillatorNode(context, {frequency: pitch, detune}));
    const filter = new BiquadFilterNode(context, {type: "lowpass", Q: 0.2, frequency: Math.min(12_000, 7 * pitch + 900)});
    filter.frequency.setTargetAtTime(Math.min(9000, 2.2 * pitch + 350), time, 0.28);
    const envelope = new GainNode(context, {gain: 0});
    envelope.gain.setValueAtTime(0, time);
    envelope.gain.linearRampToValueAtTime(peak, time + ATTACK);
    envelope.gain.setTargetAtTime(0.5 * peak, time + ATTACK, 0.3);
    envelope.gain.setTargetAtTime(0.22 * peak, time + 1.2, 2.2);
    this.output = new StereoPannerNode(context, {pan: Math.max(-0.5, Math.min(0.5, 0.45 * height))});
    tones[0].connect(filter);
    tones[1].connect(new GainNode(context, {gain: 0.22})).connect(filter);  // a slight beating
    for (const tone of tones) {
      tone.setPeriodicWave(wave);
      tone.start(time);
    }
    filter.connect(envelope).connect(this.output);
    tones[0].onended = () => { this.output.disconnect(); this.ended?.(); };
    Object.assign(this, {context, tones, envelope, time});
  }

  /** Let the key go. */
  release(time, seconds = RELEASE) {
    if (this.released) return;
    this.released = true;
    const at = Math.max(time, this.time + ATTACK, this.context.currentTime);
    this.envelope.gain.cancelScheduledValues(at);
    this.envelope.gain.setTargetAtTime(0, at, seconds);
    for (const tone of this.tones) tone.stop(at + 7 * seconds);
  }

  /** Stop at once, without a click; also a key that was to be pressed later. */
  stop() {
    const at = this.context.currentTime;
    this.released = true;
    this.envelope.gain.cancelScheduledValues(at);
    this.envelope.gain.setTargetAtTime(0, at, 0.03);
    for (const tone of this.tones) tone.stop(at + 0.25);
  }
}

/* The echo of a small room: noise that dies away. */
function makeRoom(context) {
  const seconds = 1.9, buffer = new AudioBuffer({length: seconds * context.sampleRate, numberOfChannels: 2, sampleRate: context.sampleRate});
  for (let channel = 0; channel < 2; channel += 1) {
    const samples = buffer.getChannelData(channel);
    let smooth = 0;
    for (let n = 0; n < samples.length; n += 1) {
      const age = n / samples.length;
      smooth += (0.55 - 0.4 * age) * (2 * Math.random() - 1 - smooth);  // the high tones die first
      samples[n] = smooth * (1 - age) ** 3.2;
    }
  }
  return buffer;
}
