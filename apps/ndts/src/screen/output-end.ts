// The end of standard output before that of the command: a reader that left, a full disk.

/** Says why what was written did not get anywhere, and makes it the command's end; a reader that
 * left, as `head` does, is none. */
export function tellUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = 1;
  process.stderr.write(`the output can't be written: ${error.message}\n`);
}

/** For all of standard output. What goes on without a reader listens itself. */
export function leaveWithReader(error: NodeJS.ErrnoException): void {
  if (process.stdout.listenerCount('error') > 1) return;
  tellUnwritten(error);
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}
