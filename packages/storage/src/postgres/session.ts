// What one client that is logged in asks for: simple queries, and statements that are parsed,
// bound, described and executed one message at a time.
//
// Always: one message after another, answers in order. After an error of the extended protocol
// everything up to Sync is skipped. What a client may hold here is bounded: statements, portals,
// texts. Nothing reaches the engine but through Sql.

import type { Clock } from '@ndts/protocol';
import type { Sql } from '../sql/query.js';
import { Answers } from './answers.js';
import type { CatalogSession } from './catalog.js';
import type { Command, CursorCommand } from './commands.js';
import { Holdings } from './holdings.js';
import { BodyReader, type Message } from './message-reader.js';
import { type Output, writeError } from './output.js';
import { PostgresError, toPostgresError } from './postgres-error.js';
import { closePortal, formatsFor, newPortal, type Portal, readBind } from './portal.js';
import {
  commandColumns,
  Prepared,
  type StatementPart,
  splitStatements,
  type ToldColumn,
} from './prepared.js';
import { RunningQuery, Stopper, type StopReason } from './running.js';
import type { Settings } from './settings.js';

export interface SessionOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly output: Output;
  readonly settings: Settings;
  /** As the catalog is now. */
  catalog(): CatalogSession;
  /** How a query ended. */
  onQuery(error: PostgresError | undefined): void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #output: Output;
  readonly #answers: Answers;
  readonly #holdings = new Holdings();
  #skipping = false;
  #current: Stopper | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#output = options.output;
    this.#answers = new Answers(options.output.writer);
  }

  /** Ends what the client waits for; nothing when it waits for nothing. */
  stop(reason: StopReason): void {
    this.#current?.stop(reason);
  }

  async close(): Promise<void> {
    this.stop('shutdown');
    await this.#holdings.closePortals();
    this.#holdings.removeStatements();
  }

  /** Waits for the client from now on. */
  writeReady(): void {
    this.#answers.ready(this.#holdings.transaction);
  }

  /** False: the client said goodbye. Throws a FATAL PostgresError on what is no message. */
  async handle(message: Message): Promise<boolean> {
    const letter = String.fromCharCode(message.type);
    const body = new BodyReader(message.body);
    if (letter === 'X') return false;
    if (letter === 'Q') await this.#simple(body.text());
    else if (letter === 'S') await this.#sync();
    else if (letter === 'H') await this.#output.flush();
    else if ('PBDEC'.includes(letter)) await this.#extended(letter, body);
    else if (letter === 'F')
      this.#fail(new PostgresError('0A000', 'function calls are not supported'));
    else if (!'dcf'.includes(letter))
      throw new PostgresError('08P01', `invalid frontend message type ${message.type}`, {
        severity: 'FATAL',
      });
    if (letter === 'F' && !this.#skipping) this.writeReady();
    return true;
  }

  #fail(error: PostgresError): void {
    writeError(this.#output.writer, error);
    if (this.#holdings.transaction === 'T') this.#holdings.transaction = 'E';
  }

  async #sync(): Promise<void> {
    this.#skipping = false;
    if (this.#holdings.transaction === 'I') await this.#holdings.closePortals();
    this.writeReady();
    await this.#output.flush();
  }

  async #extended(letter: string, body: BodyReader): Promise<void> {
    if (this.#skipping) return;
    try {
      if (letter === 'P') await this.#parse(body);
      else if (letter === 'B') await this.#bind(body);
      else if (letter === 'D') await this.#describe(body);
      else if (letter === 'E') await this.#execute(body);
      else await this.#close(body);
    } catch (error) {
      const told = toPostgresError(error);
      if (told.severity === 'FATAL') throw told;
      this.#fail(told);
      this.#skipping = true;
    }
  }

  async #simple(text: string): Promise<void> {
    this.#skipping = false;
    try {
      await this.#holdings.closePortal('');
      const parts = splitStatements(text);
      if (parts.length === 0) this.#answers.plain('I');
      for (const part of parts) await this.#simpleStatement(text, part);
    } catch (error) {
      const told = toPostgresError(error);
      if (told.severity === 'FATAL') throw told;
      this.#fail(told);
    }
    await this.#sync();
  }

  async #simpleStatement(source: string, part: StatementPart): Promise<void> {
    const prepared = Prepared.of(source, part);
    if (prepared.parameterCount > 0) throw new PostgresError('42P02', 'there is no parameter $1');
    const portal = newPortal(prepared);
    try {
      await this.#run(portal, 0, true);
    } finally {
      await closePortal(portal);
    }
  }

  async #parse(body: BodyReader): Promise<void> {
    const name = body.text();
    const text = body.text();
    const declared = body.list(() => body.int32() >>> 0);
    body.end();
    this.#holdings.checkRoom(name, text);
    const parts = splitStatements(text);
    if (parts.length > 1)
      throw new PostgresError('42601', 'cannot insert multiple commands into a prepared statement');
    const prepared = Prepared.of(text, parts[0] ?? { start: 0, text: '' }, declared);
    this.#holdings.checkTransaction(prepared.command);
    if (prepared.parameterTypes.includes(undefined)) await this.#describePrepared(prepared);
    this.#holdings.addStatement(name, prepared);
    this.#answers.plain('1');
  }

  async #bind(body: BodyReader): Promise<void> {
    const name = body.text();
    const prepared = this.#holdings.statement(body.text());
    const portal = readBind(body, prepared);
    this.#holdings.checkTransaction(prepared.command);
    await this.#holdings.addPortal(name, portal);
    this.#answers.plain('2');
  }

  async #describe(body: BodyReader): Promise<void> {
    const kind = String.fromCharCode(body.byte());
    const name = body.text();
    body.end();
    if (kind === 'P') {
      const portal = this.#holdings.portal(name);
      await this.#open(portal);
      this.#writeColumns(portal);
      return;
    }
    if (kind !== 'S') throw new PostgresError('08P01', `invalid DESCRIBE message subtype ${kind}`);
    const prepared = this.#holdings.statement(name);
    const { command } = prepared;
    let columns =
      command?.kind === 'fetch'
        ? this.#holdings.portal(command.name).columns
        : commandColumns(command);
    if (columns === undefined && prepared.command === undefined && !prepared.isEmpty) {
      columns = await this.#describePrepared(prepared);
      if (columns === undefined)
        throw new PostgresError('42P18', 'could not determine the types of the result', {
          hint: 'say the types of parameters: $1::BIGINT, $2::VARCHAR',
        });
      prepared.told = columns;
    }
    this.#answers.parameters(prepared.parameterTypes);
    this.#answers.columns(columns);
  }

  async #execute(body: BodyReader): Promise<void> {
    const portal = this.#holdings.portal(body.text());
    const rowsMax = body.int32();
    body.end();
    await this.#run(portal, rowsMax, false);
  }

  async #close(body: BodyReader): Promise<void> {
    const kind = String.fromCharCode(body.byte());
    const name = body.text();
    body.end();
    if (kind === 'S') this.#holdings.removeStatement(name);
    else if (kind === 'P') await this.#holdings.closePortal(name);
    else throw new PostgresError('08P01', `invalid CLOSE message subtype ${kind}`);
    this.#answers.plain('3');
  }

  /** Begins a query, when it is not begun: its columns are known then. */
  async #open(portal: Portal): Promise<void> {
    const { prepared } = portal;
    this.#holdings.checkTransaction(prepared.command);
    if (portal.running !== undefined || prepared.isEmpty) return;
    if (prepared.command !== undefined) {
      const { command } = prepared;
      portal.columns =
        command.kind === 'fetch'
          ? this.#holdings.portal(command.name).columns
          : commandColumns(command);
      return;
    }
    await this.#guarded(portal, async (stopper) => {
      const translated = prepared.translate(this.#options.catalog());
      portal.translated = translated;
      const { sql, settings } = this.#options;
      const running = await RunningQuery.start(
        sql,
        translated.text,
        portal.values,
        stopper,
        settings.skipsArchived,
      );
      portal.running = running;
      const found = prepared.columnsOf(running.columns, translated.isCatalog);
      const columns = prepared.told ?? found;
      if (columns.length !== found.length)
        throw new PostgresError('0A000', 'cached plan must not change result type');
      portal.columns = columns;
      const formats = formatsFor(portal.formats, columns.length);
      const { digits } = settings;
      running.setFields(columns.map(({ type }, at) => ({ type, format: formats[at]!, digits })));
    });
  }

  /** With the time limit and what can be cancelled; what it throws is for the client. */
  async #stoppable<T>(
    stopper: Stopper,
    tell: (error: unknown) => PostgresError,
    action: () => Promise<T>,
  ): Promise<T> {
    this.#current = stopper;
    stopper.begin(this.#options.settings.timeoutMs);
    try {
      return await action();
    } catch (error) {
      const told = tell(stopper.explain(error));
      this.#options.onQuery(told);
      throw told;
    } finally {
      stopper.pause();
      this.#current = undefined;
    }
  }

  async #guarded<T>(portal: Portal, action: (stopper: Stopper) => Promise<T>): Promise<T> {
    portal.stopper ??= new Stopper(this.#options.clock);
    const { stopper } = portal;
    const tell = (error: unknown) => portal.prepared.toError(error, portal.translated);
    return this.#stoppable(stopper, tell, () => action(stopper));
  }

  #describePrepared(prepared: Prepared): Promise<readonly ToldColumn[] | undefined> {
    const stopper = new Stopper(this.#options.clock);
    const translated = prepared.translate(this.#options.catalog());
    const tell = (error: unknown) => prepared.toError(error, translated);
    return this.#stoppable(stopper, tell, () =>
      prepared.describe(this.#options.sql, translated, stopper.signal),
    );
  }

  /** @param cursor FETCH, which tells what it got and no end */
  async #run(
    portal: Portal,
    rowsMax: number,
    withColumns: boolean,
    cursor?: CursorCommand,
  ): Promise<void> {
    const { prepared } = portal;
    if (prepared.isEmpty) {
      this.#answers.plain('I');
      return;
    }
    if (prepared.command !== undefined) {
      await this.#runCommand(portal, prepared.command, withColumns);
      return;
    }
    await this.#open(portal);
    if (withColumns) this.#writeColumns(portal);
    const running = portal.running!;
    const before = running.rows;
    if (!portal.done) await this.#sendRows(portal, running, rowsMax);
    const rows = running.rows - before;
    if (cursor !== undefined) this.#answers.tag(`${cursor.tag} ${rows}`);
    else if (!portal.done) this.#answers.plain('s');
    else this.#answers.tag(prepared.tag === 'SELECT' ? `SELECT ${rows}` : prepared.tag);
  }

  async #sendRows(portal: Portal, running: RunningQuery, rowsMax: number): Promise<void> {
    const most = rowsMax > 0 ? rowsMax : Number.POSITIVE_INFINITY;
    portal.done = await this.#guarded(portal, () => running.send(this.#output, most));
    if (!portal.done) return;
    this.#options.onQuery(undefined);
    await running.close();
  }

  #writeColumns({ columns, formats }: Portal): void {
    this.#answers.columns(columns, formatsFor(formats, columns?.length ?? 0));
  }

  /** DECLARE, FETCH and CLOSE: portals by another name. */
  async #runCursor(command: CursorCommand, source: Portal, withColumns: boolean): Promise<void> {
    if (command.kind === 'close') {
      if (command.name === undefined) await this.#holdings.closePortals();
      else {
        this.#holdings.portal(command.name);
        await this.#holdings.closePortal(command.name);
      }
      this.#answers.tag(command.tag);
      return;
    }
    if (command.kind === 'fetch') {
      const portal = this.#holdings.portal(command.name);
      await this.#run(portal, command.rows, withColumns, command);
      return;
    }
    if (this.#holdings.transaction !== 'T')
      throw new PostgresError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
    const { prepared } = source;
    const part = {
      start: prepared.start + command.start,
      text: prepared.text.slice(command.start),
    };
    const query = Prepared.of(prepared.source, part);
    if (query.command !== undefined || query.parameterCount > 0)
      throw new PostgresError('0A000', 'a cursor is for a query without parameters');
    const portal = newPortal(query);
    await this.#holdings.addPortal(command.name, portal);
    await this.#open(portal);
    this.#answers.tag(command.tag);
  }

  async #runCommand(portal: Portal, command: Command, withColumns: boolean): Promise<void> {
    this.#holdings.checkTransaction(command);
    if (command.kind === 'declare' || command.kind === 'fetch' || command.kind === 'close') {
      await this.#runCursor(command, portal, withColumns);
      return;
    }
    if (command.kind !== 'show') {
      await this.#apply(command);
      return;
    }
    portal.columns = commandColumns(command);
    const { settings } = this.#options;
    const rows =
      command.name === 'all'
        ? settings.all().map(([name, value]) => [name, value, ''])
        : [[settings.get(command.name)]];
    if (withColumns) this.#writeColumns(portal);
    if (!portal.done) for (const row of rows) this.#answers.textRow(row);
    portal.done = true;
    this.#answers.tag(command.tag);
  }

  async #apply(command: Exclude<Command, { kind: 'show' } | CursorCommand>): Promise<void> {
    let tag = command.tag;
    switch (command.kind) {
      case 'begin':
        if (this.#holdings.transaction === 'T')
          this.#warn('25001', 'there is already a transaction in progress');
        this.#holdings.transaction = 'T';
        break;
      case 'commit':
      case 'rollback':
        if (this.#holdings.transaction === 'I')
          this.#warn('25P01', 'there is no transaction in progress');
        if (this.#holdings.transaction === 'E') tag = 'ROLLBACK';
        this.#holdings.transaction = 'I';
        await this.#holdings.closePortals();
        break;
      case 'rollbackTo':
      case 'savepoint':
        if (this.#holdings.transaction === 'I')
          throw new PostgresError('25P01', `${tag} can only be used in transaction blocks`);
        this.#holdings.transaction = 'T';
        break;
      case 'set':
      case 'reset':
        this.#set(command);
        break;
      case 'deallocate':
        this.#deallocate(command.name);
        break;
      case 'discard':
        if (command.all) {
          this.#options.settings.resetAll();
          this.#holdings.removeStatements();
          await this.#holdings.closePortals();
        }
        break;
      case 'none':
        break;
    }
    this.#answers.tag(tag);
  }

  #set(command: Extract<Command, { kind: 'set' | 'reset' }>): void {
    const { settings } = this.#options;
    if (command.kind === 'reset' && command.name === 'all') {
      settings.resetAll();
      return;
    }
    if (command.kind === 'reset') {
      settings.reset(command.name);
      return;
    }
    const told = settings.set(command.name, command.value);
    if (command.name.toLowerCase() === 'timezone' && !/^'?(utc|gmt|etc\/utc)/i.test(command.value))
      this.#warn('01000', 'times are told in UTC, whatever TimeZone is');
    if (told !== undefined) this.#answers.setting(...told);
  }

  #deallocate(name: string | undefined): void {
    if (name === undefined) this.#holdings.removeStatements();
    else if (!this.#holdings.removeStatement(name))
      throw new PostgresError('26000', `prepared statement "${name}" does not exist`);
  }

  #warn(state: string, message: string): void {
    writeError(this.#output.writer, new PostgresError(state, message, { severity: 'WARNING' }));
  }
}
