// What goes to one client: messages collected in a buffer, handed to the socket in large pieces,
// and no faster than the client takes them.
//
// Always: flush() waits while the socket is full; it ends when the client has read, when the
// connection closes, or when the statement is told to stop.

import type { Duplex } from 'node:stream';
import { MessageWriter } from './message-writer.js';
import type { PostgresError } from './postgres-error.js';

/** What is collected before it is sent. */
export const flushBytes = 64 * 1024;

export class Output {
  readonly writer = new MessageWriter();
  #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** From now on through this one: TLS. */
  replace(socket: Duplex): void {
    this.#socket = socket;
  }

  async flush(signal?: AbortSignal): Promise<void> {
    if (this.writer.bytes === 0) return;
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      this.writer.take();
      return;
    }
    if (this.#socket.write(this.writer.take())) return;
    await this.#drained(signal);
  }

  /** Whatever is collected, then the end. */
  end(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.end(this.writer.bytes > 0 ? this.writer.take() : undefined);
  }

  #drained(signal: AbortSignal | undefined): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed || signal?.aborted === true)
      return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
      signal?.addEventListener('abort', done);
    });
  }
}

/** ErrorResponse, or NoticeResponse for what is only a warning. */
export function writeError(writer: MessageWriter, error: PostgresError): void {
  const isNotice = error.severity === 'WARNING' || error.severity === 'NOTICE';
  writer.begin(isNotice ? 'N' : 'E');
  const field = (letter: string, text: string | undefined): void => {
    if (text === undefined) return;
    writer.byte(letter.charCodeAt(0));
    writer.text(text.replaceAll('\0', ''));
  };
  field('S', error.severity);
  field('V', error.severity);
  field('C', error.sqlState);
  field('M', error.message);
  field('D', error.detail);
  field('H', error.hint);
  field('P', error.position === undefined ? undefined : String(error.position));
  writer.byte(0);
  writer.end();
}
