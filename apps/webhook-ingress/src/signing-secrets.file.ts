import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Gauge } from 'prom-client';
import { readSecrets } from './signing-secrets.js';
import type { SecretsReading } from './signing-secrets.js';

/** Twice within the second after which a change must hold. */
const lookEveryMs = 250;

const stale = new Gauge({
  name: 'billhook_ingress_signing_secrets_stale',
  help: '1 while STRIPE_WEBHOOK_SECRET_FILE cannot be used and the secrets read before are still in force.',
});
const inForce = new Gauge({ name: 'billhook_ingress_signing_secrets', help: 'Signing secrets in force.' });

export function readSecretsNow(file: string): SecretsReading {
  try {
    return readSecrets(readFileSync(file, 'utf8'));
  } catch (error) {
    return unreadable(error);
  }
}

/**
 * The signing secrets in force. Those of a file are followed while the process runs: a rotation needs no restart. The content
 * is compared, not the file's time, because Kubernetes swaps symbolic links and Docker mounts whole files.
 */
@Injectable()
export class SigningSecrets implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('signing-secrets');
  private secrets: readonly string[];
  private problem: string | undefined;
  private lastSeen = '';
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private readonly onHangUp = (): void => void this.look({ atOnce: true });

  constructor(private readonly source: { secrets: readonly string[] } | { file: string }) {
    const reading = 'file' in source ? readSecretsNow(source.file) : ({ ok: true, secrets: source.secrets } as const);
    if (!reading.ok) throw new Error(`STRIPE_WEBHOOK_SECRET_FILE ${reading.problem}`);
    this.secrets = reading.secrets;
    this.show();
  }

  current(): readonly string[] {
    return this.secrets;
  }

  /** Old secrets still verify deliveries, so a file that became unusable is told, and does not make this process unready. */
  readiness(): Promise<{ up: boolean; detail?: string }> {
    if (this.problem === undefined) return Promise.resolve({ up: true });
    return Promise.resolve({
      up: true,
      detail: `STRIPE_WEBHOOK_SECRET_FILE ${this.problem}; the old secrets are in force`,
    });
  }

  onApplicationBootstrap(): void {
    if (!('file' in this.source)) return;
    this.timer = setInterval(() => void this.look({ atOnce: false }), lookEveryMs).unref();
    process.on('SIGHUP', this.onHangUp);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    process.removeListener('SIGHUP', this.onHangUp);
  }

  /** Never rejects. One look at a time: a file system that hangs must not collect them. */
  private async look({ atOnce }: { atOnce: boolean }): Promise<void> {
    if (this.isLooking || !('file' in this.source)) return;
    this.isLooking = true;
    const reading = await readSecretsOf(this.source.file);
    this.isLooking = false;
    // Half of a file that is being written may look like a secret: it counts once it was seen twice, or on SIGHUP.
    const seen = reading.ok ? reading.secrets.join() : reading.problem;
    const isSettled = atOnce || seen === this.lastSeen;
    this.lastSeen = seen;
    if (isSettled) this.adopt(reading);
  }

  private adopt(reading: SecretsReading): void {
    if (!reading.ok) {
      if (reading.problem === this.problem) return;
      this.problem = reading.problem;
      this.log.error({
        msg: 'STRIPE_WEBHOOK_SECRET_FILE is not usable; the old secrets stay',
        problem: reading.problem,
      });
    } else if (this.problem !== undefined || reading.secrets.join() !== this.secrets.join()) {
      this.problem = undefined;
      this.secrets = reading.secrets;
      this.log.log({ msg: 'signing secrets read again', count: reading.secrets.length });
    }
    this.show();
  }

  private show(): void {
    stale.set(this.problem === undefined ? 0 : 1);
    inForce.set(this.secrets.length);
  }
}

async function readSecretsOf(file: string): Promise<SecretsReading> {
  try {
    return readSecrets(await readFile(file, 'utf8'));
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): { ok: false; problem: string } {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
  return { ok: false, problem: `cannot be read (${code})` };
}
