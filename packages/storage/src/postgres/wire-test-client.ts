// A client of the wire protocol for tests: it sends what it is told, right or wrong, and keeps what
// comes back. Drivers hide what these tests are about.

import { connect, type Socket } from 'node:net';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface Answer {
  readonly letter: string;
  readonly body: Buffer;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function utf8(value: string): Buffer {
  return Buffer.from(value);
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function message(letter: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(letter), int32(body.length + 4), body]);
}

export function startup(options: Readonly<Record<string, string>>, version = 196_608): Buffer {
  const pairs = Object.entries(options).flatMap(([name, value]) => [text(name), text(value)]);
  return message('', int32(version), ...pairs, Buffer.alloc(1));
}

export const messages = {
  query: (sql: string) => message('Q', text(sql)),
  parse: (name: string, sql: string, oids: readonly number[] = []) =>
    message('P', text(name), text(sql), int16(oids.length), ...oids.map(int32)),
  bind: (
    portal: string,
    statement: string,
    values: readonly (Buffer | null)[] = [],
    formats: readonly number[] = [],
    results: readonly number[] = [],
  ) =>
    message(
      'B',
      text(portal),
      text(statement),
      int16(formats.length),
      ...formats.map(int16),
      int16(values.length),
      ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
      int16(results.length),
      ...results.map(int16),
    ),
  describe: (kind: 'S' | 'P', name: string) => message('D', Buffer.from(kind), text(name)),
  execute: (portal: string, rows = 0) => message('E', text(portal), int32(rows)),
  close: (kind: 'S' | 'P', name: string) => message('C', Buffer.from(kind), text(name)),
  sync: () => message('S'),
  flush: () => message('H'),
  end: () => message('X'),
};

export class WireClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  readonly #answers: Answer[] = [];
  #closed = false;
  #wake: () => void = () => undefined;
  /** Of BackendKeyData. */
  processId = 0;
  secret = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#split();
      this.#wake();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  static connect(port: number): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new WireClient(socket)));
    });
  }

  /** Through a connection that stands: TLS. */
  static over(socket: Socket): WireClient {
    return new WireClient(socket);
  }

  static async login(port: number, user: string, password: string): Promise<WireClient> {
    const client = await WireClient.connect(port);
    await client.authenticate(user, password);
    return client;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** CancelRequest, instead of a login. */
  cancelOf(processId: number, secret: Buffer): void {
    this.send(message('', int32(80_877_102), int32(processId), secret));
  }

  #split(): void {
    while (this.#received.length >= 5) {
      const end = 1 + this.#received.readInt32BE(1);
      if (this.#received.length < end) return;
      const letter = String.fromCharCode(this.#received[0]!);
      this.#answers.push({ letter, body: this.#received.subarray(5, end) });
      this.#received = this.#received.subarray(end);
    }
  }

  /** The next answer; undefined: the connection is closed. */
  async next(): Promise<Answer | undefined> {
    while (this.#answers.length === 0 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#answers.shift();
  }

  /** Up to one of these letters, or the end. */
  async until(letters: string): Promise<Answer[]> {
    const found: Answer[] = [];
    for (let answer = await this.next(); answer !== undefined; answer = await this.next()) {
      found.push(answer);
      if (letters.includes(answer.letter)) break;
    }
    return found;
  }

  async ask(...parts: readonly Buffer[]): Promise<Answer[]> {
    this.send(...parts);
    return this.until('Z');
  }

  /** Returns the error that came instead, or undefined. */
  async authenticate(user: string, password: string): Promise<Answer | undefined> {
    this.send(startup({ user }));
    const first = await this.next();
    if (first?.letter !== 'R') return first;
    const nonce = 'a-nonce-of-this-test';
    const bare = `n=,r=${nonce}`;
    const opening = Buffer.from(`n,,${bare}`);
    this.send(message('p', text('SCRAM-SHA-256'), int32(opening.length), opening));
    const second = await this.next();
    if (second?.letter !== 'R') return second;
    const challenge = second.body.subarray(4).toString();
    const [whole, salt, rounds] = challenge.split(',').map((part) => part.slice(2));
    const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(rounds), 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const storedKey = createHash('sha256').update(clientKey).digest();
    const final = `c=biws,r=${whole}`;
    const signature = createHmac('sha256', storedKey)
      .update(`${bare},${challenge},${final}`)
      .digest();
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!));
    this.send(message('p', Buffer.from(`${final},p=${proof.toString('base64')}`)));
    const rest = await this.until('ZE');
    const key = rest.find(({ letter }) => letter === 'K');
    if (key !== undefined) {
      this.processId = key.body.readInt32BE(0);
      this.secret = Buffer.from(key.body.subarray(4));
    }
    return rest.find(({ letter }) => letter === 'E');
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Fields of an error by letter. */
export function errorFields(answer: Answer): Record<string, string> {
  const fields = answer.body
    .toString('utf8')
    .split('\0')
    .filter((field) => field !== '');
  return Object.fromEntries(fields.map((field) => [field[0]!, field.slice(1)]));
}

/** Fields of a row; null for null. */
export function rowFields(answer: Answer): (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  let at = 2;
  for (let count = answer.body.readInt16BE(0); count > 0; count -= 1) {
    const length = answer.body.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : answer.body.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return fields;
}
