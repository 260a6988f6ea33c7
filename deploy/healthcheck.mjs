// The containers' health check: asks this container's own readiness route. The slim image has no curl.
const url = process.argv[2];
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  process.exit(response.ok ? 0 : 1);
} catch {
  process.exit(1);
}
