import 'reflect-metadata';
import { loadConfigOrExit, runService } from '@billhook/runtime';
import { auditService } from './audit.module.js';
import { AuditConfig } from './config.js';

await runService(auditService(loadConfigOrExit(AuditConfig, 'audit')));
