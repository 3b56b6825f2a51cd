// The messages that answer a client, besides rows and errors. Always: they are only collected here;
// who sends them says when.

import type { Format } from './encode.js';
import type { MessageWriter } from './message-writer.js';
import type { ToldColumn } from './prepared.js';
import { type PostgresType, types } from './types.js';

export class Answers {
  readonly #writer: MessageWriter;

  constructor(writer: MessageWriter) {
    this.#writer = writer;
  }

  /** One without content: ParseComplete, BindComplete, NoData and their like. */
  plain(letter: string): void {
    this.#writer.begin(letter);
    this.#writer.end();
  }

  /** CommandComplete. */
  tag(text: string): void {
    this.#writer.begin('C');
    this.#writer.text(text);
    this.#writer.end();
  }

  /** ReadyForQuery. @param transaction I: none, T: in one, E: in one that failed */
  ready(transaction: 'I' | 'T' | 'E'): void {
    this.#writer.begin('Z');
    this.#writer.byte(transaction.charCodeAt(0));
    this.#writer.end();
  }

  /** ParameterStatus. */
  setting(name: string, value: string): void {
    this.#writer.begin('S');
    this.#writer.text(name);
    this.#writer.text(value);
    this.#writer.end();
  }

  /** ParameterDescription. */
  parameters(list: readonly (PostgresType | undefined)[]): void {
    this.#writer.begin('t');
    this.#writer.int16(list.length);
    for (const type of list) this.#writer.int32((type ?? types.text).oid);
    this.#writer.end();
  }

  /** RowDescription, or NoData. */
  columns(columns: readonly ToldColumn[] | undefined, formats: readonly Format[] = []): void {
    if (columns === undefined) {
      this.plain('n');
      return;
    }
    const writer = this.#writer;
    writer.begin('T');
    writer.int16(columns.length);
    for (const [at, { name, type }] of columns.entries()) {
      writer.text(name.replaceAll('\0', ''));
      writer.int32(0); // of no table that has a number
      writer.int16(0);
      writer.int32(type.oid);
      writer.int16(type.size);
      writer.int32(-1);
      writer.int16(formats[at] === 'binary' ? 1 : 0);
    }
    writer.end();
  }

  textRow(values: readonly string[]): void {
    this.#writer.begin('D');
    this.#writer.int16(values.length);
    for (const value of values) this.#writer.value(value);
    this.#writer.end();
  }
}
