// What a frame carries: null, undefined, booleans, numbers, whole numbers of 64 bits, texts, lists,
// records and arrays of numbers, as docs/protocol/local.md lays them out. Columns are arrays: they
// are copied once on each side and never taken apart.
//
// Always: reading stays inside the bytes, whatever they are: what is no value is CORRUPT. Arrays
// that are read are views of the payload, at multiples of 8.

import { NdtsError } from '@ndts/protocol';

export type Value =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | NumberArray
  | readonly Value[]
  | { readonly [name: string]: Value };

export type NumberArray =
  | Uint8Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | ArrayBuffer;

const tags = {
  null: 1,
  undefined: 2,
  false: 3,
  true: 4,
  number: 5,
  whole: 6,
  text: 7,
  list: 8,
  record: 9,
  array: 10,
} as const;

const align = 8;
const depthMax = 32;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

interface ArrayKind {
  readonly width: number;
  is(value: object): boolean;
  make(buffer: ArrayBuffer, offset: number, length: number): NumberArray;
}

/** By the number on the wire; 0 is none. */
const arrayKinds: readonly (ArrayKind | undefined)[] = [
  undefined,
  { width: 1, is: (v) => v instanceof Uint8Array, make: (b, at, n) => new Uint8Array(b, at, n) },
  { width: 4, is: (v) => v instanceof Int32Array, make: (b, at, n) => new Int32Array(b, at, n) },
  { width: 4, is: (v) => v instanceof Uint32Array, make: (b, at, n) => new Uint32Array(b, at, n) },
  {
    width: 4,
    is: (v) => v instanceof Float32Array,
    make: (b, at, n) => new Float32Array(b, at, n),
  },
  {
    width: 8,
    is: (v) => v instanceof Float64Array,
    make: (b, at, n) => new Float64Array(b, at, n),
  },
  {
    width: 8,
    is: (v) => v instanceof BigInt64Array,
    make: (b, at, n) => new BigInt64Array(b, at, n),
  },
  {
    width: 8,
    is: (v) => v instanceof BigUint64Array,
    make: (b, at, n) => new BigUint64Array(b, at, n),
  },
  { width: 1, is: (v) => v instanceof ArrayBuffer, make: (b, at, n) => b.slice(at, at + n) },
];

function arrayKindOf(value: object): number {
  return arrayKinds.findIndex((kind) => kind?.is(value) === true);
}

function bytesOf(array: NumberArray): Uint8Array {
  return array instanceof ArrayBuffer
    ? new Uint8Array(array)
    : new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function aligned(offset: number): number {
  return Math.ceil(offset / align) * align;
}

function refuse(value: unknown): never {
  throw new NdtsError('INVALID_ARGUMENT', `${typeof value} cannot be sent to another process`);
}

/** Names whose value is undefined are left out. */
function entriesOf(value: object): [string, Value][] {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse(value);
  return Object.entries(value as Record<string, Value>).filter(([, one]) => one !== undefined);
}

/** Where a value that begins at `offset` ends. */
function endOf(value: Value, offset: number): number {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return offset + 1;
    case 'number':
    case 'bigint':
      return offset + 9;
    case 'string':
      return offset + 5 + Buffer.byteLength(value);
    case 'object':
      return value === null ? offset + 1 : endOfObject(value, offset);
    default:
      return refuse(value);
  }
}

function endOfObject(value: object, offset: number): number {
  if (Array.isArray(value)) {
    let end = offset + 5;
    for (const one of value as readonly Value[]) end = endOf(one, end);
    return end;
  }
  if (arrayKindOf(value) > 0) return aligned(offset + 6) + (value as NumberArray).byteLength;
  let end = offset + 5;
  for (const [name, one] of entriesOf(value)) end = endOf(one, end + 4 + Buffer.byteLength(name));
  return end;
}

class Writer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = 0;
  }

  put(value: Value): void {
    if (value === null) this.#byte(tags.null);
    else if (value === undefined) this.#byte(tags.undefined);
    else if (typeof value === 'boolean') this.#byte(value ? tags.true : tags.false);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'bigint') this.#whole(value);
    else if (typeof value === 'string') this.#text(tags.text, value);
    else this.#object(value);
  }

  #byte(byte: number): void {
    this.#bytes[this.#offset] = byte;
    this.#offset += 1;
  }

  #number(value: number): void {
    this.#byte(tags.number);
    this.#view.setFloat64(this.#offset, value, true);
    this.#offset += 8;
  }

  #whole(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new NdtsError('INVALID_ARGUMENT', `${value} is beyond 64 bits`);
    this.#byte(tags.whole);
    this.#view.setBigInt64(this.#offset, value, true);
    this.#offset += 8;
  }

  #count(count: number): void {
    this.#view.setUint32(this.#offset, count, true);
    this.#offset += 4;
  }

  #text(tag: number | undefined, text: string): void {
    if (tag !== undefined) this.#byte(tag);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#offset + 4));
    this.#count(written);
    this.#offset += written;
  }

  #object(value: object): void {
    if (Array.isArray(value)) {
      this.#byte(tags.list);
      this.#count(value.length);
      for (const one of value as readonly Value[]) this.put(one);
      return;
    }
    const kind = arrayKindOf(value);
    if (kind > 0) {
      this.#array(kind, value as NumberArray);
      return;
    }
    const entries = entriesOf(value);
    this.#byte(tags.record);
    this.#count(entries.length);
    for (const [name, one] of entries) {
      this.#text(undefined, name);
      this.put(one);
    }
  }

  #array(kind: number, value: NumberArray): void {
    const bytes = bytesOf(value);
    this.#byte(tags.array);
    this.#byte(kind);
    this.#count(bytes.length / (arrayKinds[kind]?.width ?? 1));
    const start = aligned(this.#offset);
    this.#bytes.fill(0, this.#offset, start);
    this.#bytes.set(bytes, start);
    this.#offset = start + bytes.length;
  }
}

export function valueBytes(value: Value): number {
  return endOf(value, 0);
}

/** `bytes` has valueBytes(value) of them. */
export function writeValue(value: Value, bytes: Uint8Array): void {
  new Writer(bytes).put(value);
}

class Reader {
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #depth = 0;

  constructor(buffer: ArrayBuffer, length: number) {
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer, 0, length);
    this.#view = new DataView(buffer, 0, length);
  }

  all(): Value {
    const value = this.#value();
    if (this.#offset !== this.#bytes.length) this.#corrupt('bytes after the value');
    return value;
  }

  #corrupt(what: string): never {
    throw new NdtsError('CORRUPT', `a frame has ${what}, at byte ${this.#offset} of its payload`);
  }

  #take(bytes: number): number {
    const at = this.#offset;
    if (bytes > this.#bytes.length - at) this.#corrupt('a value that is cut off');
    this.#offset = at + bytes;
    return at;
  }

  #value(): Value {
    const tag = this.#bytes[this.#take(1)];
    switch (tag) {
      case tags.null:
        return null;
      case tags.undefined:
        return undefined;
      case tags.false:
        return false;
      case tags.true:
        return true;
      case tags.number:
        return this.#view.getFloat64(this.#take(8), true);
      case tags.whole:
        return this.#view.getBigInt64(this.#take(8), true);
      case tags.text:
        return this.#text();
      case tags.array:
        return this.#array();
      case tags.list:
      case tags.record:
        return this.#nested(tag);
      default:
        return this.#corrupt(`an unknown value of kind ${tag}`);
    }
  }

  #count(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #text(): string {
    const bytes = this.#count();
    const at = this.#take(bytes);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + bytes));
    } catch {
      return this.#corrupt('text that is not UTF-8');
    }
  }

  #array(): NumberArray {
    const kind = arrayKinds[this.#bytes[this.#take(1)] ?? 0];
    if (kind === undefined) return this.#corrupt('an array of an unknown kind');
    const count = this.#count();
    const start = aligned(this.#offset);
    for (let at = this.#take(start - this.#offset); at < start; at += 1)
      if (this.#bytes[at] !== 0) this.#corrupt('padding that is not zero');
    this.#take(count * kind.width);
    return kind.make(this.#buffer, start, count);
  }

  #nested(tag: number): Value {
    this.#depth += 1;
    if (this.#depth > depthMax) this.#corrupt('values within values without end');
    const count = this.#count();
    // Each takes a byte at least: a count that lies makes no room.
    if (count > this.#bytes.length - this.#offset) this.#corrupt('a value that is cut off');
    const list: Value[] = [];
    const entries: [string, Value][] = [];
    for (let at = 0; at < count; at += 1)
      if (tag === tags.list) list.push(this.#value());
      else entries.push([this.#text(), this.#value()]);
    this.#depth -= 1;
    return tag === tags.list ? list : Object.fromEntries(entries); // defines: no name is special
  }
}

/** The value that [0, length) of the buffer holds. Throws CORRUPT. */
export function readValue(buffer: ArrayBuffer, length: number): Value {
  return new Reader(buffer, length).all();
}
