import 'reflect-metadata';
import { loadConfigOrExit, runService } from '@billhook/runtime';
import { SubscriptionConfig } from './config.js';
import { subscriptionService } from './subscription.module.js';

await runService(subscriptionService(loadConfigOrExit(SubscriptionConfig, 'subscription')));
