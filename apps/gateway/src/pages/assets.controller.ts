import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { successScript } from './success-script.js';
import { icon, stylesheet } from './stylesheet.js';

const stylesheetHash = hashOf(stylesheet);
const iconHash = hashOf(icon);
const successScriptHash = hashOf(successScript);

/** Addresses that change with their content, so that browsers may keep it for a year and still never show an old look. */
export const stylesheetPath = `/assets/billhook.css?v=${stylesheetHash}`;
export const iconPath = `/assets/icon.svg?v=${iconHash}`;
export const successScriptPath = `/assets/success.js?v=${successScriptHash}`;

@Controller('assets')
export class AssetsController {
  @Get('billhook.css')
  css(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, { body: stylesheet, hash: stylesheetHash, type: 'text/css; charset=utf-8', version, known });
  }

  @Get('success.js')
  js(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    const type = 'text/javascript; charset=utf-8';
    sendAsset(reply, { body: successScript, hash: successScriptHash, type, version, known });
  }

  @Get('icon.svg')
  svg(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, { body: icon, hash: iconHash, type: 'image/svg+xml', version, known });
  }
}

interface Asset {
  body: string;
  hash: string;
  type: string;
  /** The `v` of the address. One that is not ours may come from a newer replica: not kept. */
  version: unknown;
  known: string | undefined;
}

function sendAsset(reply: FastifyReply, asset: Asset): void {
  const isExact = asset.version === asset.hash;
  void reply
    .header('etag', `"${asset.hash}"`)
    .header('cache-control', isExact ? 'public, max-age=31536000, immutable' : 'no-cache')
    .type(asset.type);
  if (asset.known === `"${asset.hash}"`) void reply.status(304).send();
  else void reply.send(asset.body);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
