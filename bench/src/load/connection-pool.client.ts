import { KeepAliveConnection } from './keep-alive.client.js';
import type { Answer } from './keep-alive.client.js';

/**
 * Kept-alive connections to one server: as many as there are requests under way, up to a limit, and what comes beyond waits for its
 * turn, as it does in every sender that is real. Without a limit, a machine that falls five seconds behind at 1,000 requests a
 * second has 5,000 connections open, more than the ingress accepts (`MAX_CONNECTIONS`): it resets the rest.
 */
export class ConnectionPool {
  private readonly idle: KeepAliveConnection[] = [];
  private readonly all: KeepAliveConnection[] = [];
  private readonly waiting: (() => void)[] = [];
  private underWay = 0;

  constructor(
    private readonly port: number,
    private readonly most = 256,
  ) {}

  async send(head: string, body?: Buffer): Promise<Answer> {
    await this.turn();
    try {
      const connection = this.takeIdle() ?? (await this.open());
      const answer = await connection.send(head, body);
      this.idle.push(connection);
      return answer;
    } finally {
      this.endTurn();
    }
  }

  close(): void {
    for (const connection of this.all) connection.close();
  }

  private async turn(): Promise<void> {
    if (this.underWay < this.most) this.underWay += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Whoever has waited longest takes the place that is left. */
  private endTurn(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.underWay -= 1;
    else next();
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
