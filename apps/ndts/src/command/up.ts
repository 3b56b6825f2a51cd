// `ndts up`: starts the platform, says where it is, keeps the live line, stops on Ctrl-C. What
// prevents a start is one line and an exit code above 0.

import { relative } from 'node:path';
import { errorLine } from '@ndts/protocol';
import type { PostgresAddress } from '@ndts/storage';
import { type Platform, type PlatformInput, startPlatform } from '../compose/platform.js';
import { LiveLine, type Screen, statusLine } from '../screen/status-line.js';
import { numberText } from '../screen/table.js';
import { exposureNote } from './exposure.js';

export interface UpInput extends PlatformInput {
  readonly screen: Screen;
  readonly workingDir: string;
  /** Resolves when the process is asked to end; rejects on what it cannot go on after. */
  readonly ended: Promise<string>;
}

/** Of a terminal; elsewhere a line comes much more seldom. */
const refreshTerminalMs = 250;
const refreshFileMs = 1000;

export async function up(input: UpInput): Promise<void> {
  const platform = await startPlatform(input);
  const { screen, clock } = input;
  screen.write(bannerText(platform, input));
  const { logger, values } = platform.foundation;
  const exposure = exposureNote(values.node.host);
  if (exposure !== '') logger.warn({ host: values.node.host }, exposure);
  const live = new LiveLine(screen);
  const refreshMs = screen.isTerminal ? refreshTerminalMs : refreshFileMs;
  let timer = clock.setTimer(refreshMs, refresh);
  function refresh(): void {
    const columns = screen.isTerminal ? screen.columns - 1 : undefined;
    live.update(statusLine(platform.latestStatus(), columns), clock.nowMs());
    timer = clock.setTimer(refreshMs, refresh);
  }
  try {
    const reason = await input.ended;
    live.end();
    screen.write(`${reason}: stopping\n`);
  } catch (error) {
    live.end();
    screen.write(`stopping: ${errorLine(error)}\n`);
    throw error;
  } finally {
    timer.cancel();
    await platform.stop();
  }
  screen.write('stopped\n');
}

function postgresText({ host, port, tls, readable }: PostgresAddress): string {
  const way = tls ? ' with TLS' : readable ? ' WITHOUT TLS: data can be read on the way' : '';
  return `${host}:${port}${way} (user: name of a token, password: the token)`;
}

function bannerText(platform: Platform, input: UpInput): string {
  const { foundation, url } = platform;
  const { identity, folder, ticks, values } = foundation;
  const near = (path: string): string => {
    const short = relative(input.workingDir, path);
    return short.startsWith('..') || short === '' ? path : short;
  };
  const stats = ticks.stats();
  const lines = [`NDTS ${input.version} is up`, `  dashboard  ${url}`];
  if (platform.postgres !== undefined)
    lines.push(`  postgres   ${postgresText(platform.postgres)}`);
  if (input.screen.isTerminal) {
    // Single use, minutes long, and only for whoever sits at this terminal.
    const ticket = identity.createTicket({ name: 'admin', role: 'admin' });
    lines.push(`  login      ${url.replace(/\/$/, '')}/login?ticket=${ticket} (once, 5 minutes)`);
  }
  const made = identity.firstTokenCreated ? ' (made now)' : '';
  lines.push(`  token      ${near(identity.firstTokenPath)}${made}`);
  const recovered =
    stats.replayedEntries === 0
      ? ''
      : ` (recovered ${numberText(stats.replayedEntries)} log entries, ` +
        `${numberText(stats.stagedEntries)} of them from staging)`;
  lines.push(`  data       ${near(folder.root)}${recovered}`);
  const { broker, backup } = values.exec;
  const brokers = backup === 'none' ? broker : `${broker}, backup ${backup}`;
  lines.push(`  feed       ${values.feed.kind}, broker ${brokers}`);
  for (const [listener, address] of Object.entries(platform.line))
    if (address !== undefined) lines.push(`  line       ${listener} ${address}`);
  if (platform.remotePort !== undefined)
    lines.push(`  clients    ${values.remote.host}:${platform.remotePort}`);
  if (platform.stream !== undefined) lines.push(`  stream     ${platform.stream}`);
  const exposure = exposureNote(values.node.host);
  if (exposure !== '') lines.push(`  note       ${exposure}`);
  lines.push('  stop       Ctrl-C\n\n');
  return lines.join('\n');
}
