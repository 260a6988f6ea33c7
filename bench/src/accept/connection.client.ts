import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One kept-alive connection with one request at a time on it. */
export interface Connection {
  /** Resolves with the status of the answer; rejects when the connection ends first. */
  send(request: Buffer): Promise<number>;
  close(): void;
}

/** On a raw socket: a client library would take the processor from the server that is measured. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return new RawConnection(socket);
}

class RawConnection implements Connection {
  private received = '';
  private waiting: PromiseWithResolvers<number> | undefined;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')));
  }

  send(request: Buffer): Promise<number> {
    this.waiting = Promise.withResolvers<number>();
    this.socket.write(request);
    return this.waiting.promise;
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.received += chunk;
    const status = statusOf(this.received);
    if (status === undefined) return;
    const { waiting } = this;
    this.received = '';
    this.waiting = undefined;
    waiting?.resolve(status);
  }
}

const statusStart = 'HTTP/1.1 '.length;

/** The status of an answer that has arrived whole. */
export function statusOf(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(received.slice(0, headEnd + 2)) ?? [];
  if (length === undefined) throw new Error('an answer without a Content-Length');
  const isWhole = received.length >= headEnd + 4 + Number(length);
  return isWhole ? Number(received.slice(statusStart, statusStart + 3)) : undefined;
}
