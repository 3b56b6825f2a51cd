// The files of the dashboard: pages and style as written, compiled scripts, and the chart library
// from its package. Read once at the start, so no path of a request ever reaches the file system.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NdtsError } from '@ndts/protocol';

export interface WebAssetPaths {
  /** index.html, login.html, style.css. */
  readonly pages: string;
  /** Compiled from web/src. */
  readonly scripts: string;
  /** The chart library as one module. */
  readonly charts: string;
}

export interface WebAsset {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

const charts = 'lightweight-charts.standalone.production.mjs';
const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
} as const;

/** `webDir` absent: the folder web/ of this workspace. */
export function webAssets(webDir?: string): WebAssetPaths {
  const pages = webDir ?? fileURLToPath(new URL('../../web', import.meta.url));
  const packageFile = createRequire(import.meta.url).resolve('lightweight-charts/package.json');
  return {
    pages,
    scripts: join(pages, 'dist'),
    charts: join(dirname(packageFile), 'dist', charts),
  };
}

/** By URL path. NOT_FOUND names the file that is missing. */
export function readWebAssets(paths: WebAssetPaths): Map<string, WebAsset> {
  const assets = new Map<string, WebAsset>([
    ['/', read(join(paths.pages, 'index.html'), types.html)],
    ['/login', read(join(paths.pages, 'login.html'), types.html)],
    ['/assets/style.css', read(join(paths.pages, 'style.css'), types.css)],
    ['/assets/icon.svg', read(join(paths.pages, 'icon.svg'), types.svg)],
    ['/vendor/lightweight-charts.js', read(paths.charts, types.js)],
  ]);
  const scripts = existsSync(paths.scripts) ? readdirSync(paths.scripts) : [];
  if (!scripts.includes('main.js')) read(join(paths.scripts, 'main.js'), types.js);
  for (const name of scripts)
    if (name.endsWith('.js'))
      assets.set(`/assets/${name}`, read(join(paths.scripts, name), types.js));
  return assets;
}

function read(path: string, type: string): WebAsset {
  let body: Buffer;
  try {
    body = readFileSync(path);
  } catch (error) {
    throw new NdtsError(
      'NOT_FOUND',
      `a file of the dashboard is missing: ${path}; build with: npm run setup`,
      { cause: error },
    );
  }
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, body, etag: `"${digest}"` };
}
