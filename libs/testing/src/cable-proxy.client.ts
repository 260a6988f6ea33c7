import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A cable to a server that a spec can cut, pull out, mute, freeze, and slow down. */
export interface CableProxy {
  /** The server's URL, by way of the cable. */
  url: string;
  /** Resets every connection, as the crash of a process would; new ones get through, whole. */
  cut(): void;
  /** Resets every connection and takes no new ones until `mend`. */
  pull(): void;
  /** From now on nothing that the client says (acknowledgements, publishes) arrives; what the server says still does. */
  mute(): void;
  /** A black hole: nothing passes in either direction and nobody is told. After `mend` all of it arrives, as TCP would have it. */
  freeze(): void;
  /** The server's side of every connection is gone without a word to the client; new connections get through. */
  halfOpen(): void;
  /** Each way, until `mend`. */
  slow(weather: Weather): void;
  mend(): void;
  close(): Promise<void>;
}

export interface Weather {
  latencyMs: number;
  /** Per connection and direction; unlimited where it is not given. */
  bytesPerSecond?: number;
}

interface Cable {
  state: 'whole' | 'muted' | 'frozen' | 'pulled';
  weather: Weather;
  /** Resolves when a freeze is over; renewed by each freeze. */
  thawed: PromiseWithResolvers<void>;
}

const clear: Weather = { latencyMs: 0 };

/** Passes everything on to the server of this URL, unchanged, until it is told otherwise. */
export async function startCableProxy(url: string): Promise<CableProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const farSockets = new Set<Socket>();
  const cable: Cable = { state: 'whole', weather: clear, thawed: Promise.withResolvers() };
  const abandoned = new Set<Socket>();
  const watch = (end: Socket, other: Socket): void => {
    sockets.add(end.setNoDelay());
    // A reset is what this is for; both ends notice by themselves.
    end.on('error', () => undefined);
    end.on('close', () => {
      sockets.delete(end);
      farSockets.delete(end);
      if (!abandoned.has(other)) void whenThawed(cable).then(() => other.destroy());
    });
  };
  const server = createServer((near) => {
    if (cable.state === 'pulled') return void near.resetAndDestroy();
    const join = (): void => {
      if (near.destroyed || cable.state === 'pulled') return void near.resetAndDestroy();
      const far = connect(Number(target.port), target.hostname);
      farSockets.add(far);
      watch(near, far);
      watch(far, near);
      carry(near, far, cable, () => cable.state !== 'muted');
      carry(far, near, cable, () => true);
    };
    void whenThawed(cable).then(join);
    near.on('error', () => undefined);
    sockets.add(near);
    near.on('close', () => sockets.delete(near));
  });
  const become = (next: Cable['state']): void => {
    if (cable.state === 'frozen' && next !== 'frozen') cable.thawed.resolve();
    if (cable.state !== 'frozen' && next === 'frozen') cable.thawed = Promise.withResolvers();
    cable.state = next;
  };
  const resetAll = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  return {
    url: await addressOf(server, target),
    cut() {
      become('whole');
      resetAll();
    },
    pull() {
      become('pulled');
      resetAll();
    },
    mute: () => become('muted'),
    freeze: () => become('frozen'),
    halfOpen() {
      for (const near of sockets) if (!farSockets.has(near)) abandoned.add(near);
      for (const far of farSockets) far.resetAndDestroy();
    },
    slow: (weather) => void (cable.weather = weather),
    mend() {
      cable.weather = clear;
      become('whole');
    },
    async close() {
      const closed = once(server, 'close');
      become('pulled');
      server.close();
      resetAll();
      await closed;
    },
  };
}

/** One direction of one connection: in order, each chunk no sooner than the weather allows and never through a freeze. */
function carry(from: Socket, to: Socket, cable: Cable, isHeard: () => boolean): void {
  const pass = async (): Promise<void> => {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) continue;
      const { latencyMs, bytesPerSecond } = cable.weather;
      const ms = latencyMs + (bytesPerSecond === undefined ? 0 : (chunk.length / bytesPerSecond) * 1000);
      if (ms > 0) await delay(ms, undefined, { ref: false });
      await whenThawed(cable);
      if (isHeard() && !to.destroyed && !to.write(chunk)) await drained(to);
    }
    await whenThawed(cable);
    to.end();
  };
  // A connection that breaks is what this is for.
  pass().catch(() => undefined);
}

async function drained(to: Socket): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(to, 'drain', { signal }), once(to, 'close', { signal })]).finally(() => over.abort());
}

async function whenThawed(cable: Cable): Promise<void> {
  if (cable.state === 'frozen') await cable.thawed.promise;
}

async function addressOf(server: Server, target: URL): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy got no port');
  const near = new URL(target);
  near.hostname = '127.0.0.1';
  near.port = String(address.port);
  return near.toString();
}
