// Loaded with `node --import` by tests only. SIGUSR2 stops the event loop for STALL_MS, as a long synchronous computation
// would: no heartbeat leaves, no answer is read, no timer fires.
const stallMs = Number(process.env['STALL_MS'] ?? '30000');

process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
});
