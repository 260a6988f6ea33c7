import { connect } from 'node:net';
import type { Socket } from 'node:net';

/**
 * One HTTP/1.1 connection on which one request is under way at a time, written by hand: `node:http` would cost the machine
 * as much as the server that is measured on it.
 */
export class KeepAliveConnection {
  private received: Buffer = Buffer.alloc(0);
  private waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')));
  }

  /** False once the server has closed it, as servers do with connections that were idle for long. */
  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.readyState === 'open';
  }

  static async open(port: number): Promise<KeepAliveConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new KeepAliveConnection(socket);
  }

  /** Sends these bytes; resolves once the whole answer is there. */
  send(head: string | Buffer, body: Buffer | string = ''): Promise<Answer> {
    this.waiting = Promise.withResolvers();
    this.socket.cork();
    this.socket.write(head);
    if (body.length > 0) this.socket.write(body);
    this.socket.uncork();
    return this.waiting.promise;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const answer = parseAnswer(this.received);
    if (answer === undefined) return;
    this.received = Buffer.alloc(0);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(answer);
  }
}

export interface Answer {
  status: number;
  body: string;
}

/** Undefined until the answer is complete. Every answer of the services says how long it is. */
export function parseAnswer(received: Buffer): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  const body = received.subarray(end + 4);
  if (body.length < Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), body: body.toString('utf8', 0, Number(length)) };
}
