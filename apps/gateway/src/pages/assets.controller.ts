import { addressOf, answerFor, asset, javascript, lookIn } from '@billhook/pages';
import type { Asked, Asset } from '@billhook/pages';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { accountScript } from './account-script.js';
import { handoffScript } from './handoff-script.js';
import { onwardScript } from './onward-script.js';
import { successScript } from './success-script.js';

/** The look, as every page of the gateway links it. */
export const look = lookIn('/assets');

const account = asset(accountScript, javascript);
const handoff = asset(handoffScript, javascript);
const onward = asset(onwardScript, javascript);
const success = asset(successScript, javascript);

export const accountScriptPath = addressOf('/assets/account.js', account);
export const handoffScriptPath = addressOf('/assets/handoff.js', handoff);
export const onwardScriptPath = addressOf('/assets/onward.js', onward);
export const successScriptPath = addressOf('/assets/success.js', success);

@Controller('assets')
export class AssetsController {
  @Get('billhook.css')
  css(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, look.css, { version, known });
  }

  @Get('inter.woff2')
  font(@Query('v') version: unknown, @Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply) {
    sendAsset(reply, look.font, { version, known });
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
    sendAsset(reply, look.icon, { version, known });
  }
}

function sendAsset(reply: FastifyReply, file: Asset, asked: Asked): void {
  const { headers, isKnown } = answerFor(file, asked);
  void reply.headers(headers);
  if (isKnown) void reply.status(304).send();
  else void reply.send(file.body);
}
