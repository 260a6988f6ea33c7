import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { accountScript } from './account-script.js';
import { handoffScript } from './handoff-script.js';
import { inter } from './inter.file.js';
import { onwardScript } from './onward-script.js';
import { icon, stylesheetWith } from './stylesheet.js';
import { successScript } from './success-script.js';

interface Asset {
  body: string | Buffer;
  type: string;
  hash: string;
}

function asset(body: string | Buffer, type: string): Asset {
  return { body, type, hash: createHash('sha256').update(body).digest('base64url').slice(0, 16) };
}

const javascript = 'text/javascript; charset=utf-8';
const font = asset(inter, 'font/woff2');
/** An address that changes with its content, so that browsers may keep it for a year and still never show an old look. */
export const fontPath = `/assets/inter.woff2?v=${font.hash}`;

const css = asset(stylesheetWith(fontPath), 'text/css; charset=utf-8');
const svg = asset(icon, 'image/svg+xml');
const account = asset(accountScript, javascript);
const handoff = asset(handoffScript, javascript);
const onward = asset(onwardScript, javascript);
const success = asset(successScript, javascript);

export const stylesheetPath = `/assets/billhook.css?v=${css.hash}`;
export const iconPath = `/assets/icon.svg?v=${svg.hash}`;
export const accountScriptPath = `/assets/account.js?v=${account.hash}`;
export const handoffScriptPath = `/assets/handoff.js?v=${handoff.hash}`;
export const onwardScriptPath = `/assets/onward.js?v=${onward.hash}`;
export const successScriptPath = `/assets/success.js?v=${success.hash}`;

@Controller('assets')
export class AssetsController {
  @Get('billhook.css')
  css(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, css, { version, known });
  }

  @Get('inter.woff2')
  font(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, font, { version, known });
  }

  @Get('account.js')
  account(
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    sendAsset(reply, account, { version, known });
  }

  @Get('handoff.js')
  handoff(
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    sendAsset(reply, handoff, { version, known });
  }

  @Get('onward.js')
  onward(
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    sendAsset(reply, onward, { version, known });
  }

  @Get('success.js')
  success(
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    sendAsset(reply, success, { version, known });
  }

  @Get('icon.svg')
  svg(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, svg, { version, known });
  }
}

interface Asked {
  /** The `v` of the address. One that is not ours may come from a newer replica: not kept. */
  version: unknown;
  known: string | undefined;
}

function sendAsset(reply: FastifyReply, { body, hash, type }: Asset, { version, known }: Asked): void {
  void reply
    .header('etag', `"${hash}"`)
    .header('cache-control', version === hash ? 'public, max-age=31536000, immutable' : 'no-cache')
    .type(type);
  if (known === `"${hash}"`) void reply.status(304).send();
  else void reply.send(body);
}
