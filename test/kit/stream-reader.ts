// A client of streams over WebSocket as its manual asks for one: it remembers positions, or leaves
// that to the node and acknowledges them, and connects again when its connection ends or says
// nothing for long.

import { WebSocket } from 'ws';

export interface StreamRow {
  readonly shard: number;
  readonly sequence: number;
  readonly price: number;
}

/** Rows of the shard from `last` on are lost. */
export interface StreamVoid {
  readonly shard: number;
  readonly last: { readonly epoch: number; readonly sequence: number };
}

export interface StreamReaderOptions {
  /** `host:port` */
  readonly address: string;
  readonly token: string;
  /** The table, and the column that says which row it is. */
  readonly kind?: string;
  readonly column?: string;
  /** Rows are acknowledged under this name, and it goes on behind them. */
  readonly consumer?: string;
  readonly onRows: (rows: readonly StreamRow[]) => void;
  readonly onVoid: (lost: StreamVoid) => void;
  /** A connection begins there: a consumer's behind what was acknowledged last. */
  readonly onBegin?: (positions: readonly Position[]) => void;
  readonly onAck?: (positions: readonly Position[]) => void;
  /** A connection that says nothing for so long is given up; heartbeats come in between. */
  readonly silentMs: number;
}

type Position = readonly [shard: number, epoch: number, sequence: number];

interface Message {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly count: number;
  readonly shard: readonly number[];
  readonly sequence: readonly number[];
  readonly positions?: readonly Position[];
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

const retryMs = 20;
const ackEvery = 3;

export class StreamReader {
  /** Connections that were made. */
  connections = 0;
  readonly #options: StreamReaderOptions;
  readonly #positions = new Map<number, Position>();
  #socket: WebSocket | undefined;
  #silence: NodeJS.Timeout | undefined;
  #messages = 0;
  #closed = false;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#connect();
  }

  /** The connection it has is lost to it, as if its process had been killed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#closed) return;
    const { address, token } = this.#options;
    const headers = { authorization: `Bearer ${token}`, host: 'localhost' };
    const socket = new WebSocket(`ws://${address}/stream`, { headers });
    this.#socket = socket;
    this.#listen(socket);
    const heard = (): void => this.#hear(socket);
    heard();
    socket.on('message', (data: Buffer) => {
      heard();
      this.#take(socket, JSON.parse(data.toString()) as Message);
    });
    socket.on('ping', heard);
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#socket === socket) setTimeout(() => this.#connect(), retryMs);
    });
  }

  #listen(socket: WebSocket): void {
    socket.on('open', () => {
      this.connections += 1;
      const { consumer } = this.#options;
      const from = this.#positions.size === 0 ? 'oldest' : [...this.#positions.values()];
      const begin = consumer === undefined ? { from } : { consumer, from: 'oldest' };
      const { kind = 'tick', column = 'price' } = this.#options;
      const request = { type: 'subscribe', id: 1, kind, columns: [column], ...begin };
      socket.send(JSON.stringify(request));
    });
  }

  #hear(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => socket.terminate(), this.#options.silentMs);
  }

  #take(socket: WebSocket, message: Message): void {
    if (this.#closed || socket !== this.#socket) return;
    switch (message.type) {
      case 'subscribed':
        this.#begin(message.positions ?? []);
        return;
      case 'rows':
        this.#takeRows(socket, message);
        return;
      case 'void':
        this.#takeVoid(message as unknown as StreamVoid);
        return;
      case 'acked':
        this.#options.onAck?.(message.positions ?? []);
        return;
      case 'error':
        // The node is on its way out, or another connection of this reader is not gone yet.
        if (!['UNAVAILABLE', 'CLOSED', 'LEASE_LOST'].includes(message.code ?? ''))
          throw new Error(`${message.code}: ${message.message}`);
        socket.terminate();
    }
  }

  /** A consumer goes back to what is kept, and acknowledges only what it is sent from there on. */
  #begin(positions: readonly Position[]): void {
    if (this.#options.consumer !== undefined) this.#positions.clear();
    this.#options.onBegin?.(positions);
  }

  #takeVoid(lost: StreamVoid): void {
    const { shard, last } = lost;
    this.#positions.set(shard, [shard, last.epoch, last.sequence]);
    this.#options.onVoid(lost);
  }

  #takeRows(socket: WebSocket, message: Message): void {
    const { count, shard, sequence, columns, positions = [] } = message;
    const prices = columns[this.#options.column ?? 'price'];
    const rows = Array.from({ length: count }, (_, row) => ({
      shard: shard[row] ?? -1,
      sequence: sequence[row] ?? -1,
      price: prices?.[row] ?? -1,
    }));
    this.#options.onRows(rows);
    for (const one of positions) this.#positions.set(one[0], one);
    this.#messages += 1;
    if (this.#options.consumer === undefined || this.#messages % ackEvery !== 0) return;
    const done = [...this.#positions.values()];
    socket.send(JSON.stringify({ type: 'ack', id: 1, positions: done }));
  }
}
