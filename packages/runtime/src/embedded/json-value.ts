// JSON in and out of a KeyValueStore's bytes. What comes back was written by this process's version
// of the same adapter, so a shape that does not parse is damage and says so.

import { NdtsError } from '@ndts/protocol';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function decodeJson<Value>(bytes: Uint8Array, key: string): Value {
  try {
    return JSON.parse(decoder.decode(bytes)) as Value;
  } catch (error) {
    throw new NdtsError('CORRUPT', `expected JSON under the key '${key}'`, { cause: error });
  }
}

/** Decimal digits of equal length, so that the order of keys is the order of numbers. */
export function orderedNumber(value: number): string {
  return String(value).padStart(16, '0');
}
