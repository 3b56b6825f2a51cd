// A WebSocket client for the API's tests, from the handshake up (RFC 6455), so that a test can also
// stop reading and send what a browser would not.

import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

export interface Upgrade {
  readonly status: number;
  /** undefined when the server refused. */
  readonly client: TestWebSocket | undefined;
}

export class TestWebSocket {
  readonly socket: Socket;
  readonly messages: Record<string, unknown>[] = [];
  closeCode: number | undefined;
  ended = false;
  #pending = Buffer.alloc(0);
  #changed: (() => void)[] = [];

  constructor(socket: Socket, head: Buffer) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
    if (head.length > 0) this.#take(head);
  }

  send(value: unknown): void {
    this.socket.write(maskedText(JSON.stringify(value)));
  }

  /** Waits for the first message that fits; rejects when the connection ends before. */
  async next(
    fits: (message: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      if (this.ended) throw new Error(`the connection ended with ${this.closeCode}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  async closed(): Promise<number | undefined> {
    while (!this.ended) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this.closeCode;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (let frame = this.#frame(); frame !== undefined; frame = this.#frame()) {
      if (frame.kind === 1) this.messages.push(JSON.parse(frame.body.toString('utf8')));
      if (frame.kind === 8) {
        this.closeCode = frame.body.length < 2 ? 1005 : frame.body.readUInt16BE(0);
        this.socket.end();
      }
    }
    this.#wake();
  }

  #frame(): { kind: number; body: Buffer } | undefined {
    const data = this.#pending;
    if (data.length < 2) return undefined;
    const short = data.readUInt8(1) & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (data.length < start) return undefined;
    const length =
      short === 126
        ? data.readUInt16BE(2)
        : short === 127
          ? Number(data.readBigUInt64BE(2))
          : short;
    if (data.length < start + length) return undefined;
    this.#pending = data.subarray(start + length);
    return { kind: data.readUInt8(0) & 0x0f, body: data.subarray(start, start + length) };
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }
}

export function openWebSocket(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = '/api/live',
): Promise<Upgrade> {
  return new Promise((resolve, reject) => {
    const upgrade = request(url + path, {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'c29tZSAxNiBieXRlIGtleQ==',
        ...headers,
      },
    });
    upgrade.on('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) =>
      resolve({
        status: response.statusCode ?? 0,
        client: new TestWebSocket(socket, head),
      }),
    );
    upgrade.on('response', (response: IncomingMessage) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, client: undefined });
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
}

/** A client masks what it sends. */
function maskedText(text: string): Buffer {
  const body = Buffer.from(text, 'utf8');
  const mask = [0x12, 0x34, 0x56, 0x78];
  const head = Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff, ...mask]);
  return Buffer.concat([head, body.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
