// One connection: its bytes, TLS, who the client is, then its session until it ends.
//
// Always: before the login little is read and little is kept, and a clock runs; a message is
// handled when the one before is done; what arrives meanwhile is bounded, then the socket is left
// unread. However it ends (goodbye, error, death, revoked token), the session is closed once and
// everything it held is let go.

import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { TableInfo } from '@ndts/native/db';
import type { Clock, Timer } from '@ndts/protocol';
import type { Identity, Logger, Principal, SecureRandom } from '@ndts/runtime';
import type { Sql } from '../sql/query.js';
import { Answers } from './answers.js';
import type { CatalogSession } from './catalog.js';
import type { LoginLimit } from '../listen/login-limit.js';
import { BodyReader, type Message, MessageReader } from './message-reader.js';
import { Output, writeError } from './output.js';
import { PostgresError, toPostgresError } from './postgres-error.js';
import { ScramExchange, scramMechanism, scramNonceBytes } from './scram-exchange.js';
import { Session } from './session.js';
import { Settings } from './settings.js';
import { type Opening, readOpening, settingsOf } from './startup.js';

export interface ConnectionOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly identity: Identity;
  readonly secureRandom: SecureRandom;
  readonly limit: LoginLimit;
  readonly version: string;
  readonly statementTimeoutMs: number;
  readonly secure: SecureContext | undefined;
  readonly tlsRequired: boolean;
  readonly processId: number;
  readonly tables: () => readonly TableInfo[];
  /** Whether there is room for one more that is logged in. */
  readonly hasRoom: () => boolean;
  readonly onCancel: (processId: number, secret: Buffer) => void;
  readonly onLogin: (outcome: 'ok' | 'failed') => void;
  readonly onQuery: (error: PostgresError | undefined) => void;
  readonly onClosed: () => void;
}

export const loginTimeoutMs = 10_000;
/** For a client to read the last words. */
const endTimeoutMs = 1000;
/** How soon a peer that vanished is asked for. */
const keepAliveMs = 60_000;
const startupBytesMax = 10_000;
const loginBytesMax = 8 * 1024;
const messageBytesMax = 16 * 1024 * 1024;
/** Of what arrives while a statement runs. */
const waitingBytesMax = 1024 * 1024;

type Stage = 'startup' | 'scramFirst' | 'scramFinal' | 'session';

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #reader = new MessageReader(startupBytesMax);
  readonly #output: Output;
  readonly #answers: Answers;
  readonly #address: string;
  readonly secret: Buffer;
  /** Resolves when all is let go. */
  readonly ended: Promise<void>;
  readonly #loginTimer: Timer;
  #resolveEnded: () => void = () => undefined;
  #socket: Duplex;
  #stage: Stage = 'startup';
  #busy = false;
  /** Said goodbye: what arrives is not read any more. */
  #ending = false;
  #endTimer: Timer | undefined;
  /** What is told when the message under way is done. */
  #lastWord: PostgresError | undefined;
  #closed = false;
  #startup: ReadonlyMap<string, string> = new Map();
  #exchange: ScramExchange | undefined;
  #principal: Principal | undefined;
  #session: Session | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#address = socket.remoteAddress ?? '';
    this.#output = new Output(socket);
    this.#answers = new Answers(this.#output.writer);
    this.secret = Buffer.from(options.secureRandom.bytes(4));
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#loginTimer = options.clock.setTimer(loginTimeoutMs, () => this.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    this.#listen(socket);
    socket.on('close', () => this.#onClosed());
  }

  /** undefined: not logged in. */
  get user(): string | undefined {
    return this.#session === undefined ? undefined : this.#principal?.name;
  }

  cancel(): void {
    this.#session?.stop('cancel');
  }

  /** Says why, where that can still be said, and ends. */
  end(error: PostgresError): void {
    this.#session?.stop('shutdown');
    this.#lastWord ??= error;
    // A client that reads nothing keeps nothing open.
    this.#endTimer ??= this.#options.clock.setTimer(endTimeoutMs, () => this.destroy());
    if (!this.#busy) this.#fail(error);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(socket: Duplex): void {
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('end', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#ending) return;
    this.#reader.push(chunk);
    if (this.#busy && this.#reader.bytes > waitingBytesMax) this.#socket.pause();
    void this.#work();
  };

  readonly #onError = (error: Error): void => {
    this.#options.logger.debug({ error, address: this.#address }, 'postgres connection broke');
    this.destroy();
  };

  readonly #onEnd = (): void => {
    // Half of a connection is of no use: nobody reads the answers.
    this.destroy();
  };

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loginTimer.cancel();
    this.#endTimer?.cancel();
    this.#session?.stop('shutdown');
    // While a message is handled the session is in use; #work() closes it then.
    if (!this.#busy) void this.#closeSession();
    this.#options.onClosed();
  }

  async #closeSession(): Promise<void> {
    await this.#session?.close();
    this.#resolveEnded();
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#closed && !this.#ending) {
        if (this.#lastWord !== undefined) throw this.#lastWord;
        const message = this.#reader.next();
        if (message === undefined) break;
        await this.#handle(message);
      }
      if (!this.#ending) await this.#output.flush();
      if (this.#lastWord !== undefined) throw this.#lastWord;
    } catch (error) {
      if (!this.#ending) this.#fail(error);
    } finally {
      this.#busy = false;
      if (this.#closed) void this.#closeSession();
      else this.#socket.resume();
    }
  }

  #fail(error: unknown): void {
    const told = toPostgresError(error);
    if (told.sqlState === 'XX000') this.#options.logger.error({ error }, 'postgres session failed');
    const fatal =
      told.severity === 'FATAL'
        ? told
        : new PostgresError(told.sqlState, told.message, { severity: 'FATAL' });
    writeError(this.#output.writer, fatal);
    this.#goodbye();
  }

  /** Sends what is collected, and no more. */
  #goodbye(): void {
    this.#ending = true;
    this.#output.end();
    this.#endTimer ??= this.#options.clock.setTimer(endTimeoutMs, () => this.destroy());
  }

  async #handle(message: Message): Promise<void> {
    switch (this.#stage) {
      case 'startup':
        this.#open(readOpening(message.body));
        return;
      case 'scramFirst':
        this.#scramFirst(message);
        return;
      case 'scramFinal':
        this.#scramFinal(message);
        return;
      case 'session':
        if (!(await this.#session!.handle(message))) this.#goodbye();
    }
  }

  #open(opening: Opening): void {
    switch (opening.kind) {
      case 'ssl':
        this.#startTls();
        return;
      case 'gss':
        this.#output.writer.byte('N'.charCodeAt(0));
        return;
      case 'cancel':
        this.#options.onCancel(opening.processId, opening.secret);
        this.#goodbye();
        return;
      case 'startup':
        this.#begin(opening.minor, opening.options);
    }
  }

  #startTls(): void {
    const { secure } = this.#options;
    const raw = this.#socket;
    if (secure === undefined || raw instanceof TLSSocket) {
      this.#output.writer.byte('N'.charCodeAt(0));
      return;
    }
    // What came with the request came unencrypted, from whoever sits between.
    if (this.#reader.bytes > 0)
      throw new PostgresError('08P01', 'received unencrypted data after SSL request', {
        severity: 'FATAL',
      });
    raw.off('data', this.#onData);
    raw.off('end', this.#onEnd);
    raw.write('S');
    const socket = new TLSSocket(raw as Socket, { isServer: true, secureContext: secure });
    this.#socket = socket;
    this.#output.replace(socket);
    this.#listen(socket);
  }

  #begin(minor: number, options: ReadonlyMap<string, string>): void {
    this.#startup = options;
    const fatal = (state: string, message: string): PostgresError =>
      new PostgresError(state, message, { severity: 'FATAL' });
    if (this.#options.tlsRequired && !(this.#socket instanceof TLSSocket))
      throw fatal('28000', 'this server takes encrypted connections only (sslmode=require)');
    if (['on', 'true', 'yes', '1', 'database'].includes(options.get('replication') ?? ''))
      throw fatal('0A000', 'replication connections are not supported');
    const user = options.get('user') ?? '';
    if (user === '') throw fatal('28000', 'no PostgreSQL user name specified in startup packet');
    if (!this.#options.hasRoom()) throw fatal('53300', 'sorry, too many clients already');
    if (!this.#options.limit.allows(this.#address))
      throw fatal('28000', 'too many failed logins from this address: wait a minute');
    const extensions = [...options.keys()].filter((name) => name.startsWith('_pq_.'));
    if (minor > 0 || extensions.length > 0) this.#negotiate(extensions);
    const { identity, secureRandom } = this.#options;
    const { verifier, principal } = identity.scramIdentity(user);
    this.#principal = principal;
    const nonce = Buffer.from(secureRandom.bytes(scramNonceBytes)).toString('base64');
    this.#exchange = new ScramExchange(verifier, nonce);
    this.#authentication(10, Buffer.from(`${scramMechanism}\0\0`));
    this.#reader.endStartup();
    this.#reader.allow(loginBytesMax);
    this.#stage = 'scramFirst';
  }

  /** NegotiateProtocolVersion: 3.0, and none of the extensions. */
  #negotiate(extensions: readonly string[]): void {
    const { writer } = this.#output;
    writer.begin('v');
    writer.int32(0);
    writer.int32(extensions.length);
    for (const name of extensions) writer.text(name);
    writer.end();
  }

  #authentication(code: number, content: Uint8Array): void {
    const { writer } = this.#output;
    writer.begin('R');
    writer.int32(code);
    writer.raw(content);
    writer.end();
  }

  #saslBody(message: Message): BodyReader {
    if (message.type === 'p'.charCodeAt(0)) return new BodyReader(message.body);
    throw new PostgresError('08P01', `expected SASL response, got message type ${message.type}`, {
      severity: 'FATAL',
    });
  }

  #scramFirst(message: Message): void {
    const body = this.#saslBody(message);
    const mechanism = body.text();
    if (mechanism !== scramMechanism)
      throw new PostgresError('28000', `client selected an invalid SASL mechanism`, {
        severity: 'FATAL',
      });
    const length = body.int32();
    const answer = this.#exchange!.first(body.bytes(length).toString('utf8'));
    this.#authentication(11, Buffer.from(answer));
    this.#stage = 'scramFinal';
  }

  #scramFinal(message: Message): void {
    const body = this.#saslBody(message);
    const answer = this.#exchange!.final(body.bytes(body.remaining).toString('utf8'));
    this.#exchange = undefined;
    const user = this.#startup.get('user')!;
    const { identity, limit, logger, onLogin } = this.#options;
    const isKnown = identity.list().some(({ name }) => name === this.#principal?.name);
    if (answer === undefined || !isKnown) {
      limit.fail(this.#address);
      onLogin('failed');
      const without = identity.lacksScram(user)
        ? { hint: 'its token is older than SCRAM here' }
        : {};
      logger.warn({ user, address: this.#address, ...without }, 'postgres login failed');
      throw new PostgresError('28P01', `password authentication failed for user "${user}"`, {
        severity: 'FATAL',
        hint:
          'user is the name of a token and password the token itself; a token that was made ' +
          'before this version knew SCRAM does not work here: create a new one',
      });
    }
    limit.succeed(this.#address);
    this.#authentication(12, Buffer.from(answer));
    this.#authentication(0, Buffer.alloc(0));
    this.#startSession(user);
  }

  #startSession(user: string): void {
    const { clock, sql, version, statementTimeoutMs, onLogin, onQuery } = this.#options;
    if (!this.#options.hasRoom())
      throw new PostgresError('53300', 'sorry, too many clients already', { severity: 'FATAL' });
    const settings = new Settings({ version, user, statementTimeoutMs });
    // What a client asks for in passing and is not known here does not keep it away.
    for (const [name, value] of settingsOf(this.#startup))
      try {
        settings.set(name, value);
      } catch (error) {
        this.#options.logger.debug({ name, error }, 'postgres startup setting is not taken');
      }
    this.#session = new Session({
      sql,
      clock,
      output: this.#output,
      settings,
      catalog: () => this.#catalog(settings, user),
      onQuery,
    });
    this.#loginTimer.cancel();
    this.#reader.allow(messageBytesMax);
    this.#stage = 'session';
    onLogin('ok');
    for (const [name, value] of settings.reported()) this.#answers.setting(name, value);
    const { writer } = this.#output;
    writer.begin('K');
    writer.int32(this.#options.processId);
    writer.raw(this.secret);
    writer.end();
    this.#session.writeReady();
  }

  #catalog(settings: Settings, user: string): CatalogSession {
    const { tables, version, processId } = this.#options;
    return { tables: tables(), settings, user, version, processId };
  }
}
