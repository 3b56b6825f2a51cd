// What a list of expressions in the middle of a statement says, read by the engine's own parser
// before it becomes part of another text: so what is wrong in it is told in the user's words, and
// where it stands.

import type { SqlSession } from '@ndts/native/sql';
import { SqlError } from './sql-error.js';
import { asNode, nodeIn, nodesIn, type TreeNode, textIn, toldOffset } from './tree.js';

const head = 'SELECT ';

export interface ListReader {
  /** The trees of the expressions of a list with its names, as SELECT has it. */
  read(start: number, end: number): Promise<readonly TreeNode[]>;
  /** The name that the engine gives to an expression that has none. */
  nameOf(start: number, end: number): Promise<string>;
}

export function listReader(text: string, session: SqlSession): ListReader {
  return {
    read: async (start, end) => {
      const list = head + text.slice(start, end);
      const tree = asNode(JSON.parse(await session.serialize(list)) as unknown) ?? {};
      if (tree['error'] === true) {
        const offset = Math.max(0, (toldOffset(list, tree) ?? 0) - head.length);
        throw SqlError.at(text, Math.min(end, start + offset), textIn(tree, 'error_message'));
      }
      const [statement] = nodesIn(tree, 'statements');
      const node = statement && nodeIn(statement, 'node');
      return node === undefined ? [] : nodesIn(node, 'select_list');
    },
    nameOf: async (start, end) => {
      const rendered = await session.render(head + text.slice(start, end));
      return rendered.slice(head.length);
    },
  };
}
