import 'reflect-metadata';
import { loadConfigOrExit, runService } from '@billhook/runtime';
import { GatewayConfig } from './config.js';
import { gatewayService } from './gateway.module.js';

await runService(gatewayService(loadConfigOrExit(GatewayConfig, 'gateway')));
