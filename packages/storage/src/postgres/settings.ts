// The settings of one connection: what SET takes, SHOW tells and the client is told at the start.
//
// Always: a setting that would change what is sent takes only the value that is true here (UTF8,
// ISO, UTC); one that changes nothing is kept and told back; an unknown one is an error.

import { PostgresError } from './postgres-error.js';

interface Setting {
  readonly value: string;
  /** What SET may give it; absent: anything. */
  readonly allows?: RegExp;
  /** Told to the client when a connection begins and when it changes. */
  readonly reported?: boolean;
}

const anyBoolean = /^(on|off|true|false|yes|no|1|0)$/i;
const duration = /^\d{1,10}\s*(ms|s|min|h)?$/;

/** The wire's version: what of the catalog is asked for depends on it. */
export const postgresVersion = '15.0';
export const databaseName = 'ndts';
export const schemaName = 'public';

const fixed: Readonly<Record<string, Setting>> = {
  application_name: { value: '', reported: true },
  bytea_output: { value: 'hex', allows: /^hex$/i },
  client_encoding: { value: 'UTF8', allows: /^(utf-?8|unicode)$/i, reported: true },
  client_min_messages: { value: 'notice' },
  datestyle: { value: 'ISO, MDY', allows: /^iso\b/i, reported: true },
  default_transaction_isolation: { value: 'read committed', allows: /^read (un)?committed$/i },
  default_transaction_read_only: { value: 'on', allows: anyBoolean, reported: true },
  extra_float_digits: { value: '1', allows: /^-?\d{1,2}$/ },
  idle_in_transaction_session_timeout: { value: '0', allows: duration },
  idle_session_timeout: { value: '0', allows: duration },
  in_hot_standby: { value: 'off', allows: /^off$/, reported: true },
  integer_datetimes: { value: 'on', allows: /^on$/, reported: true },
  intervalstyle: { value: 'postgres', allows: /^postgres$/i, reported: true },
  is_superuser: { value: 'off', allows: /^off$/, reported: true },
  lock_timeout: { value: '0', allows: duration },
  max_index_keys: { value: '32', allows: /^32$/ },
  max_identifier_length: { value: '63', allows: /^63$/ },
  'ndts.archived': { value: 'refuse', allows: /^(refuse|skip)$/i },
  'ndts.timestamp_digits': { value: '6', allows: /^[0369]$/ },
  row_security: { value: 'on', allows: anyBoolean },
  search_path: { value: '"$user", public' },
  server_encoding: { value: 'UTF8', allows: /^UTF8$/, reported: true },
  server_version_num: { value: '150000', allows: /^150000$/ },
  session_replication_role: { value: 'origin', allows: /^origin$/i },
  standard_conforming_strings: { value: 'on', allows: /^(on|true|yes|1)$/i, reported: true },
  statement_timeout: { value: '0', allows: duration },
  // Instants carry their zone, +00: whatever a client would like, what it reads is right.
  timezone: { value: 'UTC', reported: true },
  transaction_isolation: { value: 'read committed', allows: /^read (un)?committed$/i },
  transaction_read_only: { value: 'on', allows: anyBoolean },
  xmloption: { value: 'content' },
};

const reportedNames: Readonly<Record<string, string>> = {
  datestyle: 'DateStyle',
  intervalstyle: 'IntervalStyle',
  timezone: 'TimeZone',
};

/** Told back as they are, whatever is asked for. */
const constant = new Set([
  'client_encoding',
  'datestyle',
  'timezone',
  'default_transaction_read_only',
]);

const nameBytesMax = 1024;

export interface SettingsOptions {
  readonly version: string;
  readonly user: string;
  /** The limit of the node; a client may only lower it. 0: none. */
  readonly statementTimeoutMs: number;
}

export class Settings {
  readonly #defaults = new Map<string, Setting>();
  readonly #values = new Map<string, string>();
  readonly #limitMs: number;

  constructor(options: SettingsOptions) {
    this.#limitMs = options.statementTimeoutMs;
    for (const [name, setting] of Object.entries(fixed)) this.#defaults.set(name, setting);
    const own = (name: string, value: string, reported: boolean): void => {
      this.#defaults.set(name, { value, allows: /^$/, reported });
    };
    own('server_version', `${postgresVersion} (NDTS ${options.version})`, true);
    own('session_authorization', options.user, true);
    this.#defaults.set('statement_timeout', {
      value: String(options.statementTimeoutMs),
      allows: duration,
    });
  }

  /** Under the names PostgreSQL uses. */
  reported(): [string, string][] {
    return [...this.#defaults]
      .filter(([, setting]) => setting.reported === true)
      .map(([name]) => [reportedNames[name] ?? name, this.get(name)]);
  }

  has(name: string): boolean {
    return this.#defaults.has(name.toLowerCase());
  }

  get(name: string): string {
    const key = name.toLowerCase();
    const setting = this.#defaults.get(key);
    if (setting === undefined) throw unknownSetting(name);
    return this.#values.get(key) ?? setting.value;
  }

  /** Returns what the client is told of: the name and value of a reported setting. */
  set(name: string, value: string): [string, string] | undefined {
    const key = name.toLowerCase();
    const setting = this.#defaults.get(key);
    if (setting === undefined) throw unknownSetting(name);
    if (setting.allows?.test(value) === false || value.length > nameBytesMax)
      throw new PostgresError('22023', `invalid value for parameter "${name}": "${value}"`);
    if (!constant.has(key)) this.#values.set(key, value);
    return setting.reported === true ? [reportedNames[key] ?? key, this.get(key)] : undefined;
  }

  reset(name: string): void {
    if (!this.has(name)) throw unknownSetting(name);
    this.#values.delete(name.toLowerCase());
  }

  resetAll(): void {
    const name = this.#values.get('application_name');
    this.#values.clear();
    if (name !== undefined) this.#values.set('application_name', name);
  }

  all(): [string, string][] {
    return [...this.#defaults.keys()].toSorted().map((name) => [name, this.get(name)]);
  }

  /** How many digits of a second are written in text. */
  get digits(): number {
    return Number(this.get('ndts.timestamp_digits'));
  }

  /** Whether days that are only in the archive are left out, not refused. */
  get skipsArchived(): boolean {
    return this.get('ndts.archived').toLowerCase() === 'skip';
  }

  /** 0: no limit. */
  get timeoutMs(): number {
    const asked = millisecondsOf(this.get('statement_timeout'));
    if (this.#limitMs === 0) return asked;
    return asked === 0 ? this.#limitMs : Math.min(asked, this.#limitMs);
  }
}

function unknownSetting(name: string): PostgresError {
  return new PostgresError('42704', `unrecognized configuration parameter "${name}"`);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

function millisecondsOf(text: string): number {
  const found = /^(\d+)\s*(ms|s|min|h)?$/.exec(text);
  return found === null ? 0 : Math.min(Number(found[1]) * units[found[2] ?? 'ms']!, 2 ** 31 - 1);
}
