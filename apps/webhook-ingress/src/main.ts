import 'reflect-metadata';
import { loadConfigOrExit, runService } from '@billhook/runtime';
import { IngressConfig } from './config.js';
import { ingressService } from './ingress.module.js';

await runService(ingressService(loadConfigOrExit(IngressConfig, 'webhook-ingress')));
