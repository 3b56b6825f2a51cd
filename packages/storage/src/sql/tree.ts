// The tree of a statement as DuckDB writes it (json_serialize_sql), read without trusting its form:
// what is not there is undefined, and whoever looks takes that for "not known".

export type TreeNode = Readonly<Record<string, unknown>>;

export function asNode(value: unknown): TreeNode | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as TreeNode)
    : undefined;
}

export function nodeIn(node: TreeNode, key: string): TreeNode | undefined {
  return asNode(node[key]);
}

export function textIn(node: TreeNode, key: string): string {
  const value = node[key];
  return typeof value === 'string' ? value : '';
}

export function nodesIn(node: TreeNode, key: string): TreeNode[] {
  const value = node[key];
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => asNode(one)).filter((one) => one !== undefined);
}

/** Every node, from the outside in. */
export function* walk(value: unknown): Generator<TreeNode> {
  if (Array.isArray(value)) {
    for (const one of value) yield* walk(one);
    return;
  }
  const node = asNode(value);
  if (node === undefined) return;
  yield node;
  for (const child of Object.values(node))
    if (typeof child === 'object' && child !== null) yield* walk(child);
}

/** Where the node stands, in bytes of UTF-8; undefined when it is not told. */
export function byteOffsetOf(node: TreeNode): number | undefined {
  const location = node['query_location'];
  return typeof location === 'number' && Number.isSafeInteger(location) ? location : undefined;
}

/** From bytes of UTF-8 to units of the string. */
export function indexOfByte(text: string, byte: number): number {
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder().decode(bytes.subarray(0, byte)).length;
}

/** Where an error stands that the engine told of this text, in units of the string: its parser
 * counts characters, all else bytes. undefined: it does not say. */
export function toldOffset(text: string, told: TreeNode): number | undefined {
  const position = told['position'] === undefined ? Number.NaN : Number(told['position']);
  if (!Number.isSafeInteger(position)) return undefined;
  if (textIn(told, 'error_subtype') !== 'SYNTAX_ERROR') return indexOfByte(text, position);
  return Array.from(text).slice(0, position).join('').length;
}
