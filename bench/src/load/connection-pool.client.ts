import { KeepAliveConnection } from './keep-alive.client.js';
import type { Answer } from './keep-alive.client.js';

/** Kept-alive connections to one server: as many as there are requests under way. */
export class ConnectionPool {
  private readonly idle: KeepAliveConnection[] = [];
  private readonly all: KeepAliveConnection[] = [];

  constructor(private readonly port: number) {}

  async send(head: string, body?: Buffer): Promise<Answer> {
    const connection = this.takeIdle() ?? (await this.open());
    const answer = await connection.send(head, body);
    this.idle.push(connection);
    return answer;
  }

  close(): void {
    for (const connection of this.all) connection.close();
  }

  private takeIdle(): KeepAliveConnection | undefined {
    for (;;) {
      const connection = this.idle.pop();
      if (connection === undefined || connection.isOpen) return connection;
    }
  }

  private async open(): Promise<KeepAliveConnection> {
    const connection = await KeepAliveConnection.open(this.port);
    this.all.push(connection);
    return connection;
  }
}
