// Frames of the local and the remote protocol: a header of 16 bytes and a payload, one value.
// docs/protocol/local.md.
//
// Always: a header that is none, or a length beyond the limit, is CORRUPT, and the connection ends.

import { NdtsError } from '@ndts/protocol';
import { readValue, type Value, valueBytes, writeValue } from './values.js';

export const frameKinds = {
  hello: 1,
  welcome: 2,
  call: 3,
  result: 4,
  open: 5,
  head: 6,
  item: 7,
  end: 8,
  error: 9,
  credit: 10,
  cancel: 11,
  ping: 12,
  pong: 13,
} as const;

export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

export interface Frame {
  readonly kind: number;
  readonly request: number;
  readonly value: Value;
  readonly bytes: number;
}

export const frameHeaderBytes = 16;
export const framePayloadMax = 256 * 1024 * 1024;
/** "NDTL", little-endian. */
const mark = 0x4c54444e;
/** A longer payload gets its memory as it comes: a length alone takes none. */
const trustedBytes = 4 * 1024 * 1024;

function checkWord(length: number, kind: number, request: number): number {
  return (length ^ (kind << 24) ^ request ^ mark) >>> 0;
}

/** Throws MEMORY_LIMIT when it is too long, INVALID_ARGUMENT for what cannot be sent. */
export function encodeFrame(kind: FrameKind, request: number, value: Value): Uint8Array {
  const length = valueBytes(value);
  if (length > framePayloadMax)
    throw new NdtsError(
      'MEMORY_LIMIT',
      `${length} bytes at once are more than the ${framePayloadMax} that fit: ask for fewer rows`,
    );
  const bytes = new Uint8Array(frameHeaderBytes + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, kind);
  view.setUint32(8, request, true);
  view.setUint32(12, checkWord(length, kind, request), true);
  writeValue(value, bytes.subarray(frameHeaderBytes));
  return bytes;
}

/** Puts frames together from what a socket gives. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #header = new Uint8Array(frameHeaderBytes);
  readonly #headerView = new DataView(this.#header.buffer);
  /** A longer payload is refused. */
  payloadMax = framePayloadMax;
  #headerBytes = 0;
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #payloadBytes = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws CORRUPT; nothing may be pushed afterwards. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const left = chunk.subarray(at);
      at += this.#payload === undefined ? this.#takeHeader(left) : this.#takePayload(left);
      if (this.#payload !== undefined && this.#payloadBytes === this.#length()) this.#emit();
    }
  }

  #length(): number {
    return this.#headerView.getUint32(0, true);
  }

  #takeHeader(chunk: Uint8Array): number {
    const taken = chunk.subarray(0, frameHeaderBytes - this.#headerBytes);
    this.#header.set(taken, this.#headerBytes);
    this.#headerBytes += taken.length;
    if (this.#headerBytes < frameHeaderBytes) return taken.length;
    const view = this.#headerView;
    const length = this.#length();
    const check = checkWord(length, view.getUint8(4), view.getUint32(8, true));
    const reserved = view.getUint8(5) | view.getUint16(6, true);
    if (view.getUint32(12, true) !== check || reserved !== 0 || length > this.payloadMax)
      throw new NdtsError('CORRUPT', 'what came is no frame of this protocol');
    this.#payload = new Uint8Array(Math.min(length, trustedBytes));
    this.#payloadBytes = 0;
    return taken.length;
  }

  #takePayload(chunk: Uint8Array): number {
    const taken = chunk.subarray(0, this.#length() - this.#payloadBytes);
    const needed = this.#payloadBytes + taken.length;
    this.#room(needed).set(taken, this.#payloadBytes);
    this.#payloadBytes = needed;
    return taken.length;
  }

  #room(bytes: number): Uint8Array {
    const payload = this.#payload ?? new Uint8Array(0);
    if (bytes <= payload.length) return payload;
    const larger = new Uint8Array(Math.min(this.#length(), 2 * Math.max(payload.length, bytes)));
    larger.set(payload.subarray(0, this.#payloadBytes));
    this.#payload = larger;
    return larger;
  }

  #emit(): void {
    const payload = this.#payload;
    const length = this.#length();
    if (payload === undefined) return;
    this.#payload = undefined;
    this.#headerBytes = 0;
    this.#onFrame({
      kind: this.#headerView.getUint8(4),
      request: this.#headerView.getUint32(8, true),
      value: readValue(payload.buffer, length),
      bytes: frameHeaderBytes + length,
    });
  }
}
