// A place in a file that people wrote: what stands there, and what is wrong with it, in words that
// name the place.

import { NdtsError } from '@ndts/protocol';
import { nearestName } from './nearest-name.js';
import type { TextDocument } from './text-document.js';

export class DocumentEntry {
  readonly value: unknown;
  readonly #document: TextDocument;
  readonly #path: readonly (string | number)[];

  static root(document: TextDocument): DocumentEntry {
    return new DocumentEntry(document, document.value, []);
  }

  private constructor(document: TextDocument, value: unknown, path: readonly (string | number)[]) {
    this.#document = document;
    this.value = value;
    this.#path = path;
  }

  /** As classes.stock.priceMax or symbols[2].match. */
  get name(): string {
    return this.#path.reduce<string>(
      (name, key) =>
        typeof key === 'number' ? `${name}[${key}]` : name === '' ? key : `${name}.${key}`,
      '',
    );
  }

  at(key: string | number): DocumentEntry {
    const value = (this.value as Readonly<Record<string | number, unknown>>)[key];
    return new DocumentEntry(this.#document, value, [...this.#path, key]);
  }

  /** Its keys with what stands under them; `known`: those there may be. */
  entries(known?: readonly string[]): [string, DocumentEntry][] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.wrong('keys with values');
    return Object.keys(value).map((key) => {
      const entry = this.at(key);
      if (known !== undefined && !known.includes(key)) throw entry.#unknown(key, known);
      return [key, entry];
    });
  }

  list(what: string): DocumentEntry[] {
    if (!Array.isArray(this.value)) throw this.wrong(what);
    return this.value.map((_, index) => this.at(index));
  }

  text(what: string): string {
    // A date of TOML, which YAML has as text.
    if (this.value instanceof Date) return this.value.toISOString();
    if (typeof this.value !== 'string' || this.value === '') throw this.wrong(what);
    return this.value;
  }

  oneOf<Name extends string>(names: readonly Name[]): Name {
    const found = names.find((name) => name === this.value);
    if (found === undefined) throw this.wrong(`one of ${names.join(', ')}`);
    return found;
  }

  wrong(expected: string): NdtsError {
    const { value } = this;
    const found = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
    return this.refusal(`expected ${expected}, found ${found ?? 'nothing'}`);
  }

  refusal(why: string): NdtsError {
    const name = this.name === '' ? '' : `${this.name}: `;
    const place = this.#document.placeOf(this.#path);
    return new NdtsError('CONFIG_INVALID_VALUE', `${place}: ${name}${why}`);
  }

  #unknown(key: string, known: readonly string[]): NdtsError {
    const near = nearestName(key, known);
    const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
    const place = this.#document.placeOf(this.#path);
    return new NdtsError('CONFIG_UNKNOWN_KEY', `${place}: ${this.name} is not known; ${hint}`);
  }
}
