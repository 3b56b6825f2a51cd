// Who may import whom, and what is ambient: the layers of the repository as data.

/**
 * What each workspace may import, besides itself. A native entry is named with its path; a name
 * alone opens every entry.
 */
export const allowedImports = {
  '@ndts/protocol': [],
  '@ndts/runtime': ['@ndts/protocol'],
  '@ndts/native': ['@ndts/protocol'],
  '@ndts/storage': ['@ndts/protocol', '@ndts/runtime', '@ndts/native'],
  '@ndts/data-node': [
    '@ndts/protocol',
    '@ndts/runtime',
    '@ndts/storage',
    '@ndts/native/clean',
    '@ndts/native/factor',
  ],
  '@ndts/calc-node': [
    '@ndts/protocol',
    '@ndts/runtime',
    '@ndts/storage',
    '@ndts/native/clean',
    '@ndts/native/factor',
  ],
  '@ndts/exec-node': ['@ndts/protocol', '@ndts/runtime', '@ndts/storage'],
  '@ndts/control-node': ['@ndts/protocol', '@ndts/runtime', '@ndts/storage'],
  '@ndts/ndts': [
    '@ndts/protocol',
    '@ndts/runtime',
    '@ndts/storage',
    '@ndts/data-node',
    '@ndts/calc-node',
    '@ndts/exec-node',
    '@ndts/control-node',
  ],
  '@ndts/test': 'everything',
};

/** Browser code: what it may import by name, and what of ours as types only. */
export const webFolder = 'apps/control-node/web/';
export const webImports = ['lightweight-charts', '/vendor/lightweight-charts.js'];
export const webTypeImports = ['@ndts/protocol', '@ndts/control-node'];

/** protocol does no I/O. */
export const ioModules =
  /^node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster)(\/|$)/;

/** Modules that are ambient as a whole: time, environment, threads. */
export const ambientModules =
  /^node:(timers|timers\/promises|perf_hooks|process|worker_threads|cluster)$/;

/** What is ambient in TypeScript. Each looks at the code with strings and comments blanked. */
export const ambientTypeScript = [
  { name: 'Date.now', pattern: /\bDate\s*\.\s*now\b/g },
  { name: 'new Date()', pattern: /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))/g },
  { name: 'Date()', pattern: /(?<!new\s)(?<![\w.])Date\s*\(/g },
  { name: 'Math.random', pattern: /\bMath\s*\.\s*random\b/g },
  { name: 'performance', pattern: /(?<![\w.])performance\s*\.\s*\w+/g },
  { name: 'process.env', pattern: /\bprocess\s*\.\s*env\b/g },
  { name: 'process.hrtime', pattern: /\bprocess\s*\.\s*hrtime\b/g },
  { name: 'a copy of process', pattern: /=\s*(?:globalThis\s*\.\s*)?process\s*[;,)\n]/g },
  {
    name: 'a timer',
    pattern: /(?<![\w.])(?:globalThis\s*\.\s*)?set(?:Timeout|Interval|Immediate)\b(?!\s*\??:)/g,
  },
  { name: 'the process', pattern: /\bprocess\s*\.\s*(?!env|hrtime)\w+/g, optional: true },
  {
    name: 'ending a timer',
    pattern: /(?<![\w.])clear(?:Timeout|Interval|Immediate)\b/g,
    optional: true,
  },
  {
    name: 'crypto randomness',
    pattern: /(?<!\bclass\s)\b(?:randomBytes|randomUUID|randomInt|randomFill(?:Sync)?)\b/g,
  },
  { name: 'crypto.getRandomValues', pattern: /\bgetRandomValues\b/g },
];

/** What is ambient in C++. */
export const ambientCpp = [
  { name: 'std::thread', pattern: /\bstd\s*::\s*(?:j?thread|async)\b/g },
  { name: 'pthread_create', pattern: /\bpthread_create\b/g },
  { name: 'a std::chrono clock', pattern: /\b\w+_clock\s*::\s*now\b/g },
  { name: 'clock_gettime', pattern: /\b(?:clock_gettime|gettimeofday|timespec_get)\b/g },
  {
    name: 'time()',
    pattern: /(?<![\w.>])(?<!\b\w+::)(?:std\s*::\s*)?time\s*\(\s*(?:nullptr|NULL|0)/g,
  },
  {
    name: 'rand',
    pattern: /(?<![\w.>])(?:s?rand|srandom|[delmn]rand48)\s*\(|(?<!\w)::\s*random\s*\(/g,
  },
  { name: 'std::random_device', pattern: /\brandom_device\b/g },
  { name: 'getrandom', pattern: /\b(?:getrandom|getentropy)\s*\(/g },
  { name: 'getenv', pattern: /\b(?:secure_)?getenv\b/g },
  { name: 'sleep', pattern: /(?<![\w.>])(?:u|nano)?sleep\s*\(|\bsleep_(?:for|until)\b/g },
];

/** Headers of Node, which the engine never sees. */
export const nodeHeaders =
  /^(napi\.h|napi-inl\.h|node_api\.h|js_native_api\.h|node.*\.h|v8.*\.h|uv\.h)$/;
