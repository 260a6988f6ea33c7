const lookEveryMs = 500;

/**
 * Calls `end` when the process that started us is gone: killed with SIGKILL, `make` could not tell us. (Our standard input
 * does not tell either: it is the terminal, or nothing at all.) Does not hold the event loop.
 */
export function endWithParent(end: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, lookEveryMs);
  timer.unref();
}
