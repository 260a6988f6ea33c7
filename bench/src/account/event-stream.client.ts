import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One browser at `GET /v1/account/events`, written by hand: ten thousand of `fetch` would take more memory than what is measured. */
export class EventStream {
  private text = '';
  private readonly firstFrame = Promise.withResolvers<void>();

  private constructor(
    private readonly socket: Socket,
    private readonly onAccount: (version: number) => void,
  ) {
    socket.on('data', (chunk) => this.take(chunk.toString('latin1')));
    socket.on('error', (error) => this.firstFrame.reject(error));
    socket.on('close', () => this.firstFrame.reject(new Error(`the stream was closed: ${this.text}`)));
  }

  /** Resolves once the account as it is now has come. */
  static async open(port: number, token: string, onAccount: (version: number) => void): Promise<EventStream> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const stream = new EventStream(socket, onAccount);
    socket.write(`GET /v1/account/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`);
    await stream.firstFrame.promise;
    return stream;
  }

  get isOpen(): boolean {
    return this.socket.readyState === 'open';
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\n\n'); end >= 0; end = this.text.indexOf('\n\n')) {
      const version = /\nid: (\d+)\n/.exec(this.text.slice(0, end))?.[1];
      this.text = this.text.slice(end + 2);
      if (version === undefined) continue;
      this.firstFrame.resolve();
      this.onAccount(Number(version));
    }
  }
}
