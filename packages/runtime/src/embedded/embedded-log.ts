// The Log port on a KeyValueStore. Always: an entry, its stream's last sequence and its message id
// are one atomic write; what a reader sees is durable, so no sequence it saw is ever used again.

import {
  type KeyValueOperation,
  type KeyValueStore,
  type Log,
  type LogAppendOptions,
  type LogConsumer,
  type LogEntry,
  NdtsError,
} from '@ndts/protocol';
import { decodeJson, encodeJson, orderedNumber } from './json-value.js';

export interface EmbeddedLogOptions {
  readonly store: KeyValueStore;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const subjectBytesMax = 65_535;

export class EmbeddedLog implements Log {
  readonly #store: KeyValueStore;
  /** Position of the newest write, so that a reader can wait for it. */
  #position = 0;
  #closed = false;

  constructor(options: EmbeddedLogOptions) {
    this.#store = options.store;
  }

  async append(
    stream: string,
    subject: string,
    payload: Uint8Array,
    options: LogAppendOptions = {},
  ): Promise<number> {
    this.#checkOpen();
    const keys = new StreamKeys(stream);
    const known =
      options.messageId === undefined ? undefined : this.#known(keys, options.messageId);
    if (known !== undefined) {
      await this.#settled();
      return known;
    }
    const last = this.#lastSequence(keys);
    const expected = options.expectedLastSequence;
    if (expected !== undefined && expected !== last)
      throw new NdtsError(
        'COMPARE_FAILED',
        `expected the last sequence of '${stream}' to be ${expected}, found ${last}`,
      );
    const sequence = last + 1;
    const operations: KeyValueOperation[] = [
      { key: keys.entry(sequence), value: encodeEntry(subject, payload) },
      { key: keys.last, value: encodeJson(sequence) },
    ];
    if (options.messageId !== undefined)
      operations.push({ key: keys.message(options.messageId), value: encodeJson(sequence) });
    this.#position = this.#store.write(operations);
    await this.#store.durable(this.#position);
    return sequence;
  }

  async last(stream: string): Promise<LogEntry | undefined> {
    const keys = new StreamKeys(stream);
    const sequence = this.#lastSequence(keys);
    return sequence === 0 ? undefined : (await this.read(stream, sequence, 1))[0];
  }

  async read(stream: string, fromSequence: number, limit: number): Promise<LogEntry[]> {
    this.#checkOpen();
    const keys = new StreamKeys(stream);
    const from = keys.entry(Math.max(1, fromSequence));
    const entries = this.#store.scan({ prefix: keys.entries, from, limit });
    await this.#settled();
    return entries.map(({ key, value }) => decodeEntry(key, value, keys.entries.length));
  }

  consumer(stream: string, name: string): Promise<LogConsumer> {
    this.#checkOpen();
    return Promise.resolve(new EmbeddedConsumer(this, this.#store, stream, name));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** For consumers: the last sequence, durable or not. */
  lastSequence(stream: string): number {
    this.#checkOpen();
    return this.#lastSequence(new StreamKeys(stream));
  }

  #known(keys: StreamKeys, messageId: string): number | undefined {
    const key = keys.message(messageId);
    const bytes = this.#store.get(key);
    return bytes === undefined ? undefined : decodeJson<number>(bytes, key);
  }

  #lastSequence(keys: StreamKeys): number {
    const bytes = this.#store.get(keys.last);
    return bytes === undefined ? 0 : decodeJson<number>(bytes, keys.last);
  }

  async #settled(): Promise<void> {
    if (this.#store.durablePosition() < this.#position) await this.#store.durable(this.#position);
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the log is closed');
  }
}

class EmbeddedConsumer implements LogConsumer {
  readonly #log: EmbeddedLog;
  readonly #store: KeyValueStore;
  readonly #stream: string;
  readonly #key: string;
  #closed = false;

  constructor(log: EmbeddedLog, store: KeyValueStore, stream: string, name: string) {
    this.#log = log;
    this.#store = store;
    this.#stream = stream;
    this.#key = new StreamKeys(stream).consumer(name);
  }

  async fetch(limit: number): Promise<LogEntry[]> {
    this.#checkOpen();
    return await this.#log.read(this.#stream, this.acknowledged() + 1, limit);
  }

  async acknowledge(sequence: number): Promise<void> {
    this.#checkOpen();
    const last = this.#log.lastSequence(this.#stream);
    if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence > last)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a sequence of '${this.#stream}' up to ${last}, found ${sequence}`,
      );
    if (sequence > this.acknowledged())
      this.#store.write([{ key: this.#key, value: encodeJson(sequence) }]);
    await this.#store.durable();
  }

  acknowledged(): number {
    const bytes = this.#store.get(this.#key);
    return bytes === undefined ? 0 : decodeJson<number>(bytes, this.#key);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the consumer is closed');
  }
}

/** The store's keys of one stream. Names are escaped: none reaches into another's keys. */
class StreamKeys {
  readonly entries: string;
  readonly last: string;
  readonly #base: string;

  constructor(stream: string) {
    if (stream === '') throw new NdtsError('INVALID_ARGUMENT', 'expected the name of a stream');
    this.#base = `log/${encodeURIComponent(stream)}/`;
    this.entries = `${this.#base}entry/`;
    this.last = `${this.#base}last`;
  }

  entry(sequence: number): string {
    return this.entries + orderedNumber(sequence);
  }

  message(id: string): string {
    return `${this.#base}message/${id}`;
  }

  consumer(name: string): string {
    return `${this.#base}consumer/${encodeURIComponent(name)}`;
  }
}

/** Length of the subject (two bytes, little-endian), the subject, the payload. */
function encodeEntry(subject: string, payload: Uint8Array): Uint8Array {
  const subjectBytes = encoder.encode(subject);
  if (subjectBytes.length > subjectBytesMax)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a subject of at most ${subjectBytesMax} bytes`,
    );
  const bytes = new Uint8Array(2 + subjectBytes.length + payload.length);
  new DataView(bytes.buffer).setUint16(0, subjectBytes.length, true);
  bytes.set(subjectBytes, 2);
  bytes.set(payload, 2 + subjectBytes.length);
  return bytes;
}

function decodeEntry(key: string, bytes: Uint8Array, prefixLength: number): LogEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloadAt = 2 + view.getUint16(0, true);
  return {
    sequence: Number(key.slice(prefixLength)),
    subject: decoder.decode(bytes.subarray(2, payloadAt)),
    payload: bytes.slice(payloadAt),
  };
}
