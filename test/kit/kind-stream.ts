// A client of streams over WebSocket that notes rows of one table with all their columns, as JSON
// or in the binary form: written from docs/protocol/subscribe.md, with nothing of the server's.

import { WebSocket } from 'ws';
import type { SeenKindRow } from './kind-rows.js';

interface Asked {
  readonly address: string;
  readonly token: string;
  readonly kind: string;
  readonly form: 'json' | 'binary';
  /** By symbol id. */
  readonly names: ReadonlyMap<number, string>;
}

type Column = readonly [name: string, type: string, nullable: boolean];

const widths: Readonly<Record<string, number>> = { f64: 8, i64: 8, i32: 4, f32: 4, bool: 1 };

export class KindStream {
  readonly rows: SeenKindRow[] = [];
  readonly #socket: WebSocket;
  readonly #asked: Asked;
  #columns: readonly Column[] = [];

  constructor(asked: Asked) {
    this.#asked = asked;
    const headers = { authorization: `Bearer ${asked.token}`, host: 'localhost' };
    const socket = new WebSocket(`ws://${asked.address}/stream`, { headers });
    this.#socket = socket;
    const { kind, form } = asked;
    const request = { type: 'subscribe', id: 1, kind, form, from: 'oldest' };
    socket.on('open', () => socket.send(JSON.stringify(request)));
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#takeBinary(Uint8Array.from(data));
      else this.#takeText(JSON.parse(data.toString()) as Readonly<Record<string, unknown>>);
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #takeText(message: Readonly<Record<string, unknown>>): void {
    if (message['type'] === 'error') throw new Error(JSON.stringify(message));
    if (message['type'] === 'subscribed') this.#columns = message['columns'] as readonly Column[];
    if (message['type'] !== 'rows') return;
    const list = (name: string): readonly unknown[] => message[name] as readonly unknown[];
    type Values = readonly SeenKindRow['values'][string][];
    const columns = message['columns'] as Readonly<Record<string, Values>>;
    for (let row = 0; row < Number(message['count']); row += 1)
      this.rows.push({
        symbol: String(list('symbol')[row]),
        shard: Number(list('shard')[row]),
        sequence: Number(list('sequence')[row]),
        nsOfDay: Number(list('nsOfDay')[row]),
        values: Object.fromEntries(
          Object.entries(columns).map(([name, values]) => [name, values[row] ?? null]),
        ),
      });
  }

  #takeBinary(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer);
    const positions = view.getUint32(12, true);
    const count = view.getUint32(16, true);
    let at = 24 + 16 * positions;
    const part = (width: number): number => {
      const start = at;
      at += Math.ceil((count * width) / 8) * 8;
      return start;
    };
    const time = part(8);
    const sequence = part(8);
    const symbol = part(4);
    const shard = part(4);
    part(4);
    const columns = this.#columns.map(([name, type, nullable]) => {
      const values = part(type === 'text' ? 4 : (widths[type] ?? 0));
      const texts: string[] = [];
      if (type === 'text') {
        const start = at;
        for (let row = 0; row < count; row += 1) {
          const end = at + view.getUint32(values + 4 * row, true);
          texts.push(new TextDecoder().decode(bytes.subarray(at, end)));
          at = end;
        }
        at = start + Math.ceil((at - start) / 8) * 8;
      }
      return { name, type, values, texts, nulls: nullable ? part(1) : undefined };
    });
    if (at !== bytes.length) throw new Error(`expected ${at} bytes, found ${bytes.length}`);
    for (let row = 0; row < count; row += 1) {
      const valueAt = (column: (typeof columns)[number]): number | string | null => {
        const { type, values, texts, nulls } = column;
        if (nulls !== undefined && bytes[nulls + row] === 1) return null;
        if (type === 'text') return texts[row] ?? '';
        return type === 'i32'
          ? view.getInt32(values + 4 * row, true)
          : view.getFloat64(values + 8 * row, true);
      };
      const nsPerDay = 86_400_000_000_000n;
      this.rows.push({
        symbol: this.#asked.names.get(view.getUint32(symbol + 4 * row, true)) ?? '',
        shard: view.getUint32(shard + 4 * row, true),
        sequence: Number(view.getBigUint64(sequence + 8 * row, true)),
        nsOfDay: Number(view.getBigInt64(time + 8 * row, true) % nsPerDay),
        values: Object.fromEntries(columns.map((column) => [column.name, valueAt(column)])),
      });
    }
  }
}
