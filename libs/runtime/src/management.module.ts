import { Controller, Get, Header, Inject, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';
import { collectDefaultMetrics, register } from 'prom-client';

/** Whether something this process depends on is usable now; `detail` tells an operator what is wrong, also where it can go on. */
export type ReadinessCheck = () => Promise<{ up: boolean; detail?: string }>;

const checksToken = Symbol('ReadinessChecks');

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    @Inject(checksToken) private readonly checks: Record<string, ReadinessCheck>,
  ) {}

  /** The process answers. Nothing else: a restart would not mend a broker that is down. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check(
      Object.entries(this.checks).map(
        ([name, check]) =>
          () =>
            this.run(name, check),
      ),
    );
  }

  private async run(name: string, check: ReadinessCheck): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(name);
    const { up, detail } = await check();
    if (up) return detail === undefined ? indicator.up() : indicator.up(detail);
    return indicator.down(detail);
  }
}

@Controller()
class MetricsController {
  @Get('metrics')
  @Header('content-type', register.contentType)
  metrics(): Promise<string> {
    return register.metrics();
  }
}

/** Health and metrics on a port of their own, so that no proxy can publish them by mistake. */
@Module({})
export class ManagementModule {
  static with(checks: Record<string, ReadinessCheck>): DynamicModule {
    if (register.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics();
    return {
      module: ManagementModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [{ provide: checksToken, useValue: checks }],
    };
  }
}
