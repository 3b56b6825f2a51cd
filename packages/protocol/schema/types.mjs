// The shapes of the schema's declarations. Types only; see tools/generate.mjs for what becomes of
// them.

/**
 * @typedef {{ name: string, type: string, doc: string }} Field
 * @typedef {{ name: string, size: number, doc: string, fields: Field[] }} Layout
 * @typedef {{ name: string, doc: string, slot: string, ring: string, columns: Field[] }} Batch
 * @typedef {{ name: string, doc: string, columns: Field[] }} Table
 * @typedef {{ name: string, doc: string, base?: string, values: Record<string, [number, string]> }}
 *   Constants
 * @typedef {{ code: string, number: number, doc: string, hint: string }} ErrorCode
 * @typedef {{ name: string, type: string, doc: string, since?: number, until?: number }}
 *   MessageField `since`: the first version that has it, of older ones it is empty; `until`: the
 *   last one, of which it is read and dropped
 * @typedef {{ name: string, kind: number, version: number, doc: string, fields: MessageField[] }}
 *   Message
 * @typedef {{ key: string, type: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'list',
 *   default: unknown, doc: string, values?: string[], min?: number, max?: number,
 *   secret?: boolean }} ConfigKey
 */
export {};
