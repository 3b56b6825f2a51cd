// The tables of PostgreSQL's catalog that clients look into, as common tables of a query: what
// we have with the numbers PostgreSQL would give it, and nothing in what we do not have (indexes,
// constraints, triggers).
//
// Always: a table here has the columns that clients ask for, not all there are; a column that is
// missing is an error of the query.

import type { TableInfo } from '@ndts/native/db';
import type { ColumnSchema } from '@ndts/protocol';
import { databaseName, postgresVersion, schemaName, type Settings } from './settings.js';
import { arrayOf, arrayTypes, type PostgresType, types } from './types.js';

export interface CatalogInput {
  readonly tables: readonly TableInfo[];
  /** The only role that is told: who else there is is nobody's business. */
  readonly user: string;
  readonly settings: Settings;
}

type Cell = string | number | boolean | null;

interface CatalogTable {
  /** name:type; the types are those of `letters`. */
  readonly columns: string;
  rows?(input: CatalogInput): readonly (readonly Cell[])[];
}

const letters: Readonly<Record<string, string>> = {
  o: 'UINTEGER',
  s: 'VARCHAR',
  b: 'BOOLEAN',
  i: 'INTEGER',
  h: 'SMALLINT',
  f: 'FLOAT',
  // Lists of PostgreSQL that are never there: a result cannot have lists.
  l: 'VARCHAR',
  n: 'INTEGER[]',
};

const firstTableOid = 16_384;
const databaseOid = 5;
const ownerOid = 10;
const catalogOid = 11;
const spaceOid = 1663;
const publicOid = 2200;
const informationOid = 13_000;

const columnTypes: Readonly<Record<ColumnSchema['type'], PostgresType>> = {
  i64: types.int8,
  f64: types.float8,
  i32: types.int4,
  f32: types.float4,
  bool: types.bool,
  symbol: types.text,
  text: types.text,
  bytes: types.bytea,
};

interface Column {
  readonly name: string;
  readonly type: PostgresType;
  readonly nullable: boolean;
}

/** As docs/sql.md lists them. */
function columnsOf(table: TableInfo): Column[] {
  return [
    { name: 'time', type: types.timestamptz, nullable: false },
    { name: 'symbol', type: types.text, nullable: false },
    { name: 'sequence', type: types.int8, nullable: false },
    { name: 'epoch', type: types.int8, nullable: false },
    ...table.columns.map((column) => ({
      name: column.name,
      type: columnTypes[column.type],
      nullable: column.nullable === true,
    })),
  ];
}

function settingRows({ settings }: CatalogInput): Cell[][] {
  return settings
    .all()
    .map(([name, value]) => [name, value, null, 'NDTS', '', '', 'user', 'string']);
}

function perColumn(
  { tables }: CatalogInput,
  row: (table: TableInfo, column: Column, at: number) => Cell[],
): Cell[][] {
  return tables.flatMap((table) =>
    columnsOf(table).map((column, at) => row(table, column, at + 1)),
  );
}

const typeRows = (): Cell[][] =>
  [...Object.values(types), ...arrayTypes].map((type) => [
    type.oid,
    type.name,
    catalogOid,
    ownerOid,
    type.size,
    type.size > 0 && type.size <= 8,
    'b',
    type.category,
    false,
    true,
    ',',
    0,
    type.element?.oid ?? 0,
    arrayOf(type)?.oid ?? 0,
    0,
    -1,
    0,
    0,
    false,
    type.element === undefined ? `${type.name}in` : 'array_in',
    type.element === undefined ? `${type.name}recv` : 'array_recv',
    null,
  ]);

/** With rows. */
const filled: Readonly<Record<string, CatalogTable>> = {
  pg_namespace: {
    columns: 'oid:o nspname:s nspowner:o nspacl:l',
    rows: () => [
      [catalogOid, 'pg_catalog', ownerOid, null],
      [publicOid, schemaName, ownerOid, null],
      [informationOid, 'information_schema', ownerOid, null],
    ],
  },
  pg_database: {
    columns:
      'oid:o datname:s datdba:o encoding:i datlocprovider:s datistemplate:b datallowconn:b ' +
      'datconnlimit:i dattablespace:o datcollate:s datctype:s daticulocale:s datacl:l',
    rows: () => [
      [
        databaseOid,
        databaseName,
        ownerOid,
        6,
        'c',
        false,
        true,
        -1,
        spaceOid,
        'C',
        'C',
        null,
        null,
      ],
    ],
  },
  pg_tablespace: {
    columns: 'oid:o spcname:s spcowner:o spcacl:l spcoptions:l',
    rows: () => [[spaceOid, 'pg_default', ownerOid, null, null]],
  },
  pg_class: {
    columns:
      'oid:o relname:s relnamespace:o reltype:o reloftype:o relowner:o relam:o relfilenode:o ' +
      'reltablespace:o relpages:i reltuples:f reltoastrelid:o relhasindex:b relisshared:b ' +
      'relpersistence:s relkind:s relnatts:h relchecks:h relhasrules:b relhastriggers:b ' +
      'relhassubclass:b relrowsecurity:b relforcerowsecurity:b relispopulated:b relreplident:s ' +
      'relispartition:b relacl:l reloptions:l relpartbound:s relhasoids:b',
    rows: ({ tables }) =>
      tables.map((table) => [
        firstTableOid + table.id,
        table.name,
        publicOid,
        0,
        0,
        ownerOid,
        2,
        0,
        0,
        0,
        -1,
        0,
        false,
        false,
        'p',
        'r',
        columnsOf(table).length,
        0,
        false,
        false,
        false,
        false,
        false,
        true,
        'n',
        false,
        null,
        null,
        null,
        false,
      ]),
  },
  pg_attribute: {
    columns:
      'attrelid:o attname:s atttypid:o attlen:h attnum:h attndims:i atttypmod:i attnotnull:b ' +
      'atthasdef:b attidentity:s attgenerated:s attisdropped:b attislocal:b attinhcount:i ' +
      'attcollation:o attstorage:s attcompression:s attstattarget:i attacl:l attoptions:l ' +
      'attfdwoptions:l atthasmissing:b',
    rows: (input) =>
      perColumn(input, (table, { name, type, nullable }, at) => [
        firstTableOid + table.id,
        name,
        type.oid,
        type.size,
        at,
        0,
        -1,
        !nullable,
        false,
        '',
        '',
        false,
        true,
        0,
        0,
        'p',
        '',
        -1,
        null,
        null,
        null,
        false,
      ]),
  },
  pg_type: {
    columns:
      'oid:o typname:s typnamespace:o typowner:o typlen:h typbyval:b typtype:s typcategory:s ' +
      'typispreferred:b typisdefined:b typdelim:s typrelid:o typelem:o typarray:o typbasetype:o ' +
      'typtypmod:i typndims:i typcollation:o typnotnull:b typinput:s typreceive:s typdefault:s',
    rows: typeRows,
  },
  pg_roles: {
    columns:
      'oid:o rolname:s rolsuper:b rolinherit:b rolcreaterole:b rolcreatedb:b rolcanlogin:b ' +
      'rolreplication:b rolconnlimit:i rolpassword:s rolvaliduntil:s rolbypassrls:b rolconfig:l',
    rows: ({ user }) => [
      [ownerOid, user, false, true, false, false, true, false, -1, '********', null, false, null],
    ],
  },
  pg_am: { columns: 'oid:o amname:s amhandler:s amtype:s', rows: () => [[2, 'heap', '', 't']] },
  ndts_settings: {
    columns: 'name:s setting:s unit:s category:s short_desc:s extra_desc:s context:s vartype:s',
    rows: settingRows,
  },
  pg_tables: {
    columns: 'schemaname:s tablename:s tableowner:s tablespace:s hasindexes:b hasrules:b',
    rows: ({ tables }) =>
      tables.map(({ name }) => [schemaName, name, databaseName, null, false, false]),
  },
  ndts_info_schemata: {
    columns: 'catalog_name:s schema_name:s schema_owner:s',
    rows: () =>
      [schemaName, 'pg_catalog', 'information_schema'].map((name) => [
        databaseName,
        name,
        databaseName,
      ]),
  },
  ndts_info_tables: {
    columns: 'table_catalog:s table_schema:s table_name:s table_type:s is_insertable_into:s',
    rows: ({ tables }) =>
      tables.map(({ name }) => [databaseName, schemaName, name, 'BASE TABLE', 'NO']),
  },
  ndts_info_columns: {
    columns:
      'table_catalog:s table_schema:s table_name:s column_name:s ordinal_position:i ' +
      'column_default:s is_nullable:s data_type:s udt_catalog:s udt_schema:s udt_name:s ' +
      'character_maximum_length:i numeric_precision:i numeric_scale:i datetime_precision:i ' +
      'is_identity:s is_generated:s is_updatable:s',
    rows: (input) =>
      perColumn(input, (table, { name, type, nullable }, at) => [
        databaseName,
        schemaName,
        table.name,
        name,
        at,
        null,
        nullable ? 'YES' : 'NO',
        type.sqlName,
        databaseName,
        'pg_catalog',
        type.name,
        null,
        null,
        null,
        type === types.timestamptz ? 6 : null,
        'NO',
        'NEVER',
        'NO',
      ]),
  },
  ndts_types: {
    columns: 'oid:o name:s',
    rows: () => [...Object.values(types), ...arrayTypes].map((one) => [one.oid, one.sqlName]),
  },
};

/** Without rows: there is none of it here. */
const empty: Readonly<Record<string, string>> = {
  pg_attrdef: 'oid:o adrelid:o adnum:h adbin:s adsrc:s',
  pg_auth_members: 'roleid:o member:o grantor:o admin_option:b',
  pg_collation: 'oid:o collname:s collnamespace:o collprovider:s',
  pg_constraint:
    'oid:o conname:s connamespace:o contype:s condeferrable:b condeferred:b convalidated:b ' +
    'conrelid:o contypid:o conindid:o conparentid:o confrelid:o confupdtype:s confdeltype:s ' +
    'confmatchtype:s conkey:n confkey:n conbin:s consrc:s conislocal:b',
  pg_depend: 'classid:o objid:o objsubid:i refclassid:o refobjid:o refobjsubid:i deptype:s',
  pg_description: 'objoid:o classoid:o objsubid:i description:s',
  pg_enum: 'oid:o enumtypid:o enumsortorder:f enumlabel:s',
  pg_event_trigger: 'oid:o evtname:s evtevent:s evtowner:o evtenabled:s',
  pg_extension: 'oid:o extname:s extowner:o extnamespace:o extversion:s',
  pg_foreign_data_wrapper: 'oid:o fdwname:s fdwowner:o',
  pg_foreign_server: 'oid:o srvname:s srvowner:o srvfdw:o',
  pg_foreign_table: 'ftrelid:o ftserver:o ftoptions:l',
  pg_index:
    'indexrelid:o indrelid:o indnatts:h indnkeyatts:h indisunique:b indisprimary:b ' +
    'indisexclusion:b indimmediate:b indisclustered:b indisvalid:b indisready:b indislive:b ' +
    'indisreplident:b indkey:n indoption:n indexprs:s indpred:s',
  pg_indexes: 'schemaname:s tablename:s indexname:s tablespace:s indexdef:s',
  pg_inherits: 'inhrelid:o inhparent:o inhseqno:i inhdetachpending:b',
  pg_language: 'oid:o lanname:s',
  pg_matviews: 'schemaname:s matviewname:s matviewowner:s definition:s',
  pg_operator: 'oid:o oprname:s oprnamespace:o oprleft:o oprright:o oprresult:o',
  pg_partitioned_table: 'partrelid:o partstrat:s partnatts:h',
  pg_policy: 'oid:o polname:s polrelid:o polcmd:s polpermissive:b',
  pg_proc:
    'oid:o proname:s pronamespace:o proowner:o prolang:o prokind:s prorettype:o proretset:b ' +
    'proisagg:b pronargs:h proargtypes:s provolatile:s prosrc:s',
  pg_range: 'rngtypid:o rngsubtype:o rngmultitypid:o',
  pg_rewrite: 'oid:o rulename:s ev_class:o ev_type:s is_instead:b',
  pg_sequence: 'seqrelid:o seqtypid:o seqstart:i',
  pg_shdescription: 'objoid:o classoid:o description:s',
  pg_stat_user_tables: 'relid:o schemaname:s relname:s n_live_tup:i',
  pg_trigger: 'oid:o tgrelid:o tgname:s tgfoid:o tgenabled:s tgisinternal:b tgparentid:o',
  pg_views: 'schemaname:s viewname:s viewowner:s definition:s',
  ndts_info_constraints:
    'constraint_catalog:s constraint_schema:s constraint_name:s table_schema:s table_name:s ' +
    'constraint_type:s',
  ndts_info_keys:
    'constraint_schema:s constraint_name:s table_schema:s table_name:s column_name:s ' +
    'ordinal_position:i position_in_unique_constraint:i',
  ndts_info_references:
    'constraint_schema:s constraint_name:s unique_constraint_schema:s unique_constraint_name:s ' +
    'update_rule:s delete_rule:s',
  ndts_info_views: 'table_catalog:s table_schema:s table_name:s view_definition:s',
  ndts_info_routines: 'routine_schema:s routine_name:s routine_type:s data_type:s',
};

/** Under the names of the standard's schema. */
export const informationSchema: Readonly<Record<string, string>> = {
  schemata: 'ndts_info_schemata',
  tables: 'ndts_info_tables',
  columns: 'ndts_info_columns',
  views: 'ndts_info_views',
  table_constraints: 'ndts_info_constraints',
  key_column_usage: 'ndts_info_keys',
  constraint_column_usage: 'ndts_info_keys',
  referential_constraints: 'ndts_info_references',
  routines: 'ndts_info_routines',
};

export const renamed: Readonly<Record<string, string>> = {
  pg_settings: 'ndts_settings',
  pg_authid: 'pg_roles',
  pg_user: 'pg_roles',
};

export function isCatalogTable(name: string): boolean {
  return Object.hasOwn(filled, name) || Object.hasOwn(empty, name);
}

function literal(cell: Cell): string {
  if (cell === null) return 'NULL';
  return typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : String(cell);
}

/** `name AS (SELECT ...)` for a WITH. */
export function commonTable(name: string, input: CatalogInput): string {
  const table = filled[name];
  const columns = (table?.columns ?? empty[name] ?? '').split(' ').map((one) => one.split(':'));
  const rows = table?.rows?.(input) ?? [];
  const list = columns
    .map(([column, letter]) => {
      const value = rows.length === 0 ? 'NULL' : column;
      return `${value}::${letters[letter!]} AS ${column}`;
    })
    .join(', ');
  if (rows.length === 0) return `${name} AS (SELECT ${list} WHERE false)`;
  const values = rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ');
  const names = columns.map(([column]) => column).join(', ');
  return `${name} AS (SELECT ${list} FROM (VALUES ${values}) v(${names}))`;
}

/** What version() says. */
export function versionText(version: string): string {
  return `PostgreSQL ${postgresVersion} (NDTS ${version})`;
}
