import { addressOf, answerFor, asset, javascript, lookIn } from '@billhook/pages';
import type { Asset } from '@billhook/pages';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { OpenToAll, Refused } from '@billhook/runtime';
import type { FastifyReply } from 'fastify';
import { consoleRules } from './console-rules.js';
import { tailScript } from './tail-script.js';

/** The look, as every page of the console links it. */
export const look = lookIn('/console/assets', consoleRules);
const tail = asset(tailScript, javascript);
export const tailScriptPath = addressOf('/console/assets/tail.js', tail);

const files: ReadonlyMap<string, Asset> = new Map([
  ['billhook.css', look.css],
  ['inter.woff2', look.font],
  ['icon.svg', look.icon],
  ['tail.js', tail],
]);

/** Open to everybody: whoever is refused reads that on a page, too, and none of these says anything. */
@Controller('console/assets')
@OpenToAll()
export class ConsoleAssetsController {
  @Get(':name')
  file(
    @Param('name') name: string,
    @Query('v') version: unknown,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    const found = files.get(name);
    if (found === undefined) throw new Refused('not_found');
    const { headers, isKnown } = answerFor(found, { version, known });
    void reply.headers(headers);
    if (isKnown) void reply.status(304).send();
    else void reply.send(found.body);
  }
}
