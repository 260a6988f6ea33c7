// The load generator, in a process of its own: it does one run per POST and answers what it saw.
import { endWithParent } from '@billhook/testing';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { loadOrder, runLoad } from './load.js';

endWithParent(() => process.exit(0));
const server = createServer((request, response) => {
  const answer = async (): Promise<string> => {
    if (request.method !== 'POST') return '{}';
    return JSON.stringify(await runLoad(loadOrder.parse(JSON.parse(await text(request)))));
  };
  answer().then(
    (body) => void response.end(body),
    (error: unknown) => void response.writeHead(500).end(String(error)),
  );
});
// A run may take longer than Node's limit for one request.
server.requestTimeout = 0;
server.listen(Number(process.env['PORT']), '127.0.0.1');
