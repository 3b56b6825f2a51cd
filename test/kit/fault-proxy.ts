// A TCP proxy that does to a connection what networks do: delays, stalls, throttles, cuts short,
// resets. It stands between a client and its node and is told what to do while bytes flow.
//
// Always: bytes arrive in order and unchanged, or the connection ends; nobody's bytes are read
// faster than the other side takes them, so that a stall is felt by whoever writes.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** What happens to all connections, now and later ones. */
interface Weather {
  delayMs: number;
  /** Of each direction of a connection; Infinity: as fast as it goes. */
  bytesPerSecond: number;
  stalled: boolean;
  refusing: boolean;
}

/** A pipe is told to read on when less than this waits in it. */
const heldBytesMax = 64 * 1024;
/** What is written at once while the rate is limited. */
const sliceMs = 10;
const pollMs = 2;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One direction of a connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: Weather;
  readonly #held: { readonly bytes: Buffer; readonly atMs: number }[] = [];
  #heldBytes = 0;
  #ended = false;
  #changed: (() => void) | undefined;
  /** Bytes until the connection is cut; Infinity: never. */
  left = Infinity;

  constructor(from: Socket, to: Socket, weather: Weather) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.#changed?.();
    });
    to.on('drain', () => this.#changed?.());
    to.on('close', () => this.#changed?.());
    void this.#run();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  #take(bytes: Buffer): void {
    this.#held.push({ bytes, atMs: performance.now() });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) this.#from.pause();
    this.#changed?.();
  }

  async #run(): Promise<void> {
    while (!this.#to.destroyed) {
      const first = this.#held.shift();
      if (first === undefined) {
        if (this.#ended) break;
        await this.#change();
        continue;
      }
      await this.#carry(first.bytes, first.atMs);
      this.#heldBytes -= first.bytes.length;
      if (this.#heldBytes <= heldBytesMax) this.#from.resume();
    }
    this.#to.end();
  }

  async #carry(bytes: Buffer, atMs: number): Promise<void> {
    const weather = this.#weather;
    for (let sent = 0; sent < bytes.length; ) {
      while (weather.stalled && !this.#to.destroyed) await sleep(pollMs);
      const early = atMs + weather.delayMs - performance.now();
      if (early > 0) await sleep(early);
      if (this.#to.destroyed) return;
      const { bytesPerSecond } = weather;
      const slice = Math.max(1, Math.ceil((bytesPerSecond * sliceMs) / 1000));
      const part = bytes.subarray(sent, sent + Math.min(slice, this.left));
      sent += part.length;
      this.left -= part.length;
      this.#to.write(part);
      if (this.left <= 0) {
        // A clean end in the middle of what was being said.
        this.#to.end();
        this.#from.destroy();
        return;
      }
      while (this.#to.writableNeedDrain && !this.#to.destroyed) await this.#change();
      if (bytesPerSecond !== Infinity) await sleep((1000 * part.length) / bytesPerSecond);
    }
  }
}

interface Pair {
  readonly client: Socket;
  readonly node: Socket;
  /** From the node to the client. */
  readonly answers: Pipe;
}

export class FaultProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Connections that were made through it so far. */
  accepted = 0;
  readonly #server: Server;
  readonly #target: Target;
  readonly #weather: Weather = {
    delayMs: 0,
    bytesPerSecond: Infinity,
    stalled: false,
    refusing: false,
  };
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, port: number, target: Target) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on('connection', (client: Socket) => this.#open(client));
  }

  /** @param target `host:port` */
  static async start(test: Cleanup, target: string): Promise<FaultProxy> {
    const at = target.lastIndexOf(':');
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const to = { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
    const proxy = new FaultProxy(server, port, to);
    test.after(() => proxy.close());
    return proxy;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get open(): number {
    return this.#pairs.size;
  }

  /** Each byte comes so much later, in both directions; as many are under way as want to be. */
  delay(ms: number): void {
    this.#weather.delayMs = ms;
  }

  /** Of each direction of each connection. */
  throttle(bytesPerSecond: number): void {
    this.#weather.bytesPerSecond = bytesPerSecond;
  }

  /** Nothing comes through any more, and no connection ends. */
  stall(): void {
    this.#weather.stalled = true;
  }

  /** Everything goes as if there were no proxy. */
  clear(): void {
    Object.assign(this.#weather, {
      delayMs: 0,
      bytesPerSecond: Infinity,
      stalled: false,
      refusing: false,
    });
  }

  /** Every connection that is open ends after so many more bytes of its node: in the middle of
   * what it says. */
  truncate(bytes: number): void {
    for (const { answers } of this.#pairs) answers.left = Math.max(1, bytes);
  }

  /** Every connection that is open ends with a reset on both sides. */
  reset(): void {
    for (const { client, node } of this.#pairs) {
      client.resetAndDestroy();
      node.resetAndDestroy();
    }
  }

  /** New connections are reset, too. */
  refuse(): void {
    this.#weather.refusing = true;
    this.reset();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const { client, node } of this.#pairs) {
      client.destroy();
      node.destroy();
    }
    await closed;
  }

  #open(client: Socket): void {
    client.on('error', () => undefined); // 'close' follows
    if (this.#weather.refusing) {
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const node = connect({ ...this.#target, allowHalfOpen: true });
    node.on('error', () => undefined);
    client.setNoDelay(true);
    node.setNoDelay(true);
    const answers = new Pipe(node, client, this.#weather);
    const pair: Pair = { client, node, answers };
    this.#pairs.add(pair);
    new Pipe(client, node, this.#weather);
    const end = (): void => {
      if (client.destroyed) node.destroy();
      // What a node said before it ended is still carried.
      else if (!node.readableEnded) client.destroy();
      if (client.destroyed && node.destroyed) this.#pairs.delete(pair);
    };
    client.on('close', end);
    node.on('close', end);
  }
}
