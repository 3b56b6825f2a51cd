// What one session holds for its client: statements, portals, and whether it is in a transaction.
// Always: bounded, and let go with the session.

import type { Command } from './commands.js';
import { closePortal, type Portal } from './portal.js';
import { PostgresError } from './postgres-error.js';
import type { Prepared } from './prepared.js';

const statementsMax = 1000;
const portalsMax = 64;
const textBytesMax = 16 * 1024 * 1024;

/** I: none, T: in one, E: in one that failed. */
export type Transaction = 'I' | 'T' | 'E';

export class Holdings {
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  transaction: Transaction = 'I';

  /** In a transaction that failed only its end is run. */
  checkTransaction(command: Command | undefined): void {
    if (this.transaction !== 'E') return;
    if (['commit', 'rollback', 'rollbackTo'].includes(command?.kind ?? '')) return;
    throw new PostgresError(
      '25P02',
      'current transaction is aborted, commands ignored until end of transaction block',
    );
  }

  statement(name: string): Prepared {
    const found = this.#statements.get(name);
    if (found !== undefined) return found;
    throw new PostgresError('26000', `prepared statement "${name}" does not exist`);
  }

  /** Before a statement is looked at: whether it may be kept. */
  checkRoom(name: string, text: string): void {
    if (name !== '' && this.#statements.has(name))
      throw new PostgresError('42P05', `prepared statement "${name}" already exists`);
    let bytes = text.length;
    for (const [other, { source }] of this.#statements) if (other !== name) bytes += source.length;
    if (this.#statements.size < statementsMax && bytes <= textBytesMax) return;
    throw new PostgresError('53400', 'too many prepared statements', {
      hint: `a connection may hold ${statementsMax} statements: close those it does not need`,
    });
  }

  addStatement(name: string, prepared: Prepared): void {
    this.#statements.set(name, prepared);
  }

  /** True when there was one. */
  removeStatement(name: string): boolean {
    return this.#statements.delete(name);
  }

  removeStatements(): void {
    this.#statements.clear();
  }

  portal(name: string): Portal {
    const found = this.#portals.get(name);
    if (found !== undefined) return found;
    throw new PostgresError('34000', `portal "${name}" does not exist`);
  }

  async addPortal(name: string, portal: Portal): Promise<void> {
    if (name !== '' && this.#portals.has(name))
      throw new PostgresError('42P03', `cursor "${name}" already exists`);
    await this.closePortal(name);
    if (this.#portals.size >= portalsMax)
      throw new PostgresError('53400', `a connection may hold ${portalsMax} portals`);
    this.#portals.set(name, portal);
  }

  async closePortal(name: string): Promise<void> {
    const portal = this.#portals.get(name);
    if (portal === undefined) return;
    this.#portals.delete(name);
    await closePortal(portal);
  }

  async closePortals(): Promise<void> {
    const portals = [...this.#portals.values()];
    this.#portals.clear();
    for (const portal of portals) await closePortal(portal);
  }
}
