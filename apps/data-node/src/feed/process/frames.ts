// What a node and the process of a feed say to each other over their pipe: frames, each a length, a
// kind and a body. Always: a frame is taken whole or not at all, and one that says it is longer
// than any may be ends the pipe.

import { NdtsError } from '@ndts/protocol';

/** The node's: `open`, `subscribe`, `unsubscribe`, `resync`, `ping`. The process's: the others. */
export const frameKinds = {
  open: 1,
  subscribe: 2,
  unsubscribe: 3,
  resync: 4,
  ping: 5,
  /** When it came (f64, monotonic ns), then the message as it is. */
  message: 16,
  /** It and `pong`: what the process has in memory. */
  opened: 17,
  failed: 18,
  closed: 19,
  pong: 20,
  /** What the process wants to be told at its next start. */
  memory: 21,
} as const;

const frameHeadBytes = 5;
export const messageHeadBytes = 8;
/** Of a body. A venue's longest messages, snapshots of books, are far below. */
const frameBytesMax = 64 * 1024 * 1024;

export type TakeFrame = (kind: number, body: Buffer) => void;

function emptyFrame(kind: number, bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadBytes + bytes);
  frame.writeUInt32LE(bytes, 0);
  frame.writeUInt8(kind, 4);
  return frame;
}

export function jsonFrame(kind: number, value: unknown): Buffer {
  const text = JSON.stringify(value);
  const frame = emptyFrame(kind, Buffer.byteLength(text));
  frame.write(text, frameHeadBytes);
  return frame;
}

export function messageFrame(bytes: Uint8Array, monotonicNs: number): Buffer {
  const frame = emptyFrame(frameKinds.message, messageHeadBytes + bytes.length);
  frame.writeDoubleLE(monotonicNs, frameHeadBytes);
  frame.set(bytes, frameHeadBytes + messageHeadBytes);
  return frame;
}

/** Undefined: it is none. */
export function jsonOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

export class FrameReader {
  /** The beginning of a frame whose rest has not come; its parts in order. */
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = frameHeadBytes;

  /** Bodies are views of what was pushed. Throws CORRUPT; then nothing more can be read. */
  push(chunk: Buffer, take: TakeFrame): void {
    let rest = chunk;
    if (this.#bytes > 0) {
      this.#parts.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes < this.#wanted) return;
      rest = Buffer.concat(this.#parts, this.#bytes);
      this.#parts = [];
      this.#bytes = 0;
    }
    this.#keep(readFrames(rest, take));
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#parts = [rest];
    this.#bytes = rest.length;
    const isHeadWhole = rest.length >= frameHeadBytes;
    this.#wanted = frameHeadBytes + (isHeadWhole ? rest.readUInt32LE(0) : 0);
  }
}

/** @returns what is behind the last whole frame */
function readFrames(bytes: Buffer, take: TakeFrame): Buffer {
  let at = 0;
  while (bytes.length - at >= frameHeadBytes) {
    const length = bytes.readUInt32LE(at);
    if (length > frameBytesMax)
      throw new NdtsError('CORRUPT', `a frame of ${length} bytes, at most ${frameBytesMax}`);
    const from = at + frameHeadBytes;
    if (bytes.length - from < length) break;
    at = from + length;
    take(bytes.readUInt8(from - 1), bytes.subarray(from, at));
  }
  return bytes.subarray(at);
}
